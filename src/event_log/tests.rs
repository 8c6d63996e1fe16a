use std::fs;

use tensorboard_rs::record_writer::RecordWriter;

use super::*;

/// A file whose record number `n` is an event at step `n` with the scalar `n / 2` of tag `a`.
fn file_bytes(n: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for step in 0..n {
        let simple = (f32::from(step) / 2.0).to_le_bytes();
        let value = [&[0x0a, 1, b'a', 0x15][..], &simple].concat();
        let summary = [&[0x0a, value.len() as u8][..], &value].concat();
        let event = [&[0x10, step, 0x2a, summary.len() as u8][..], &summary].concat();
        RecordWriter::new(&mut bytes).write(&event).unwrap();
    }
    bytes
}

fn scalar(step: u8) -> Scalar {
    let value = f64::from(step) / 2.0;
    Scalar { tag: "a".to_owned(), step: i64::from(step), wall_time: 0.0, value }
}

fn scalars(steps: std::ops::Range<u8>) -> Vec<Scalar> {
    steps.map(scalar).collect()
}

#[test]
fn a_cut_anywhere_leaves_the_scalars_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    let bytes = file_bytes(4);
    let record = bytes.len() / 4;
    for cut in 0..=bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        let mut log = EventLog::new(path.clone());
        let news = log.read().unwrap();
        let whole = cut / record;
        assert_eq!(news.scalars, scalars(0..whole as u8));
        assert_eq!(log.records(), whole as u64);
        assert_eq!(news.damage.len(), usize::from(cut % record > 0));
    }
}

#[test]
fn a_flipped_byte_anywhere_leaves_the_intact_scalars() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    let bytes = file_bytes(4);
    let record = bytes.len() / 4;
    for (at, mask) in (0..bytes.len()).flat_map(|at| [1, 0xff].map(|mask| (at, mask))) {
        let mut bytes = bytes.clone();
        bytes[at] ^= mask;
        fs::write(&path, bytes).unwrap();
        let news = EventLog::new(path.clone()).read().unwrap();
        let hit = (at / record) as u8;
        let after = if at % record < 12 { 4 } else { hit + 1 };
        assert_eq!(news.scalars, [scalars(0..hit), scalars(after..4)].concat());
        assert_eq!(news.damage.len(), 1);
        assert_eq!(news.damage[0].offset, u64::from(hit) * record as u64);
    }
}

#[test]
fn a_growing_file_is_read_on_from_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    let bytes = file_bytes(3);
    let record = bytes.len() / 3;
    let mut log = EventLog::new(path.clone());
    let mut seen = Vec::new();
    for end in 0..=bytes.len() {
        fs::write(&path, &bytes[..end]).unwrap();
        let news = log.read().unwrap();
        assert!(!news.restarted);
        let unfinished = news.damage.iter().all(|d| matches!(d.reason, Reason::Truncated { .. }));
        assert!(unfinished && news.damage.len() == usize::from(end % record > 0));
        seen.extend(news.scalars);
        assert_eq!(seen, scalars(0..(end / record) as u8));
    }
    assert!(log.read().unwrap().scalars.is_empty());
}

#[test]
fn a_file_that_became_shorter_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    fs::write(&path, file_bytes(3)).unwrap();
    let mut log = EventLog::new(path.clone());
    log.read().unwrap();
    fs::write(&path, file_bytes(2)).unwrap();
    let news = log.read().unwrap();
    assert!(news.restarted);
    assert_eq!(news.scalars, scalars(0..2));
    assert_eq!(log.records(), 2);
}

#[test]
fn damage_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    fs::write(&path, "this is a text and no row of records").unwrap();
    let mut log = EventLog::new(path.clone());
    let damage = log.read().unwrap().damage;
    assert_eq!(damage, [Damage { offset: 0, reason: Reason::LengthChecksum }]);
    assert!(log.read().unwrap().damage.is_empty());
    assert_eq!(log.records(), 0);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = EventLog::new(folder.path().join("none")).read().unwrap_err();
    assert!(error.to_string().contains("none; check"));
    assert!(EventLog::new(folder.path().to_owned()).read().is_err());
}
