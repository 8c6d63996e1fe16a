//! Bytes as an event file, as they are and with their checksums made right, looked at as
//! `curl inspect` does.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use curl_rl::inspect::export::{Export, write_csv};
use curl_rl::inspect::plot::Ink;
use curl_rl::inspect::report::{Page, report};
use curl_rl::inspect::{Inspection, TagPattern};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use tensorboard_rs::masked_crc32c::masked_crc32c;

static FILE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("there is room");
    let path = folder.path().join("events.out.tfevents.1");
    (folder, path)
});

fuzz_target!(|bytes: &[u8]| {
    look(bytes);
    look(&with_checksums(bytes.to_vec()));
});

fn look(bytes: &[u8]) {
    let (_, path) = &*FILE;
    // The file is read while it grows: first a half of it.
    fs::write(path, &bytes[..bytes.len() / 2]).expect("there is room");
    let mut inspection = Inspection::new(&[path.clone()]).expect("the file is there");
    inspection.look().expect("it can be read");
    fs::write(path, bytes).expect("there is room");
    inspection.look().expect("it can be read");
    show(&inspection);
    let whole = points(&inspection);

    let mut afresh = Inspection::new(&[path.clone()]).expect("the file is there");
    afresh.look().expect("it can be read");
    assert_eq!(points(&afresh), whole, "a file that grows is read as one that has grown");
}

fn show(inspection: &Inspection) {
    let every = TagPattern::any();
    let _ = inspection.expect_something(&every);
    for ink in [Ink::Letters, Ink::Colour] {
        report(inspection, &every, Page { width: 80, ink });
    }
    Export::new(inspection, &every);
}

/// All curves as text, in which a NaN is like itself.
fn points(inspection: &Inspection) -> Vec<u8> {
    let mut csv = Vec::new();
    write_csv(inspection, &TagPattern::any(), &mut csv).expect("a Vec takes all that is written");
    csv
}

/// Makes the checksums of all records right, so that what is behind them is reached.
fn with_checksums(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut rest = bytes.as_mut_slice();
    while let Some((header, after)) = rest.split_at_mut_checked(12) {
        let len = u64::from_le_bytes(header[..8].try_into().expect("eight bytes"));
        let sum = masked_crc32c(&header[..8]);
        header[8..].copy_from_slice(&sum.to_le_bytes());
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let Some((payload, after)) = after.split_at_mut_checked(len) else { break };
        let Some((footer, after)) = after.split_at_mut_checked(4) else { break };
        footer.copy_from_slice(&masked_crc32c(payload).to_le_bytes());
        rest = after;
    }
    bytes
}
