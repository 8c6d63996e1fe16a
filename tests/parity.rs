//! The update reproduces the authors' code, number by number.
//!
//! `tests/parity/*.json` were made by the authors' CURL code (MishaLaskin/curl at 8416d6e) with PyTorch on a
//! CPU. They hold no weights: parameters, batches and noise come from [`formula`], a stream a name. More cases of the
//! same form are tried where `CURL_PARITY_DIR` names a folder that has them.

mod agent;
mod env;
mod formula;

use std::path::{Path, PathBuf};

/// The project's own cases.
fn own_cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity")
}

/// The folder of further cases, where one is named.
fn further_cases() -> Option<PathBuf> {
    std::env::var_os("CURL_PARITY_DIR").map(PathBuf::from)
}

/// The JSON files of a folder, in order of their names. An unreadable or empty folder fails the test.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("cannot read the parity cases in {}: {error}", folder.display())
    });
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    assert!(!files.is_empty(), "there are no parity cases (*.json) in {}", folder.display());
    files.sort();
    files
}
