//! The update and the environments reproduce what others computed, number by number.
//!
//! `tests/parity/*.json` were made by the authors' CURL code (MishaLaskin/curl at 8416d6e) with
//! PyTorch on a CPU, `tests/parity/env` by dm_control 1.0.50 on MuJoCo 3.17.0. No weights are
//! stored: parameters, batches and noise come from [`formula`], a stream a name. More cases of the
//! same form, agents in the folder itself and environments in its `env`, are tried where
//! `CURL_PARITY_DIR` names a folder.

mod agent;
mod differences;
mod env;
mod formula;
mod pictures;

use std::path::{Path, PathBuf};

/// Cases of one kind.
#[derive(Clone, Copy, PartialEq)]
enum Cases {
    Agent,
    Environment,
}

impl Cases {
    fn folder(self, root: &Path) -> PathBuf {
        match self {
            Self::Agent => root.to_path_buf(),
            Self::Environment => root.join("env"),
        }
    }
}

/// The project's own cases.
fn own_cases(kind: Cases) -> Vec<PathBuf> {
    let files =
        json_files(&kind.folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity")));
    assert!(!files.is_empty(), "the project's own cases are there");
    files
}

/// The cases of the folder that `CURL_PARITY_DIR` names, where it is set. A folder that cannot be
/// read or holds no case of either kind fails the test.
fn further_cases(kind: Cases) -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("CURL_PARITY_DIR").map(PathBuf::from) else {
        return Vec::new();
    };
    let environments = Cases::Environment.folder(&root);
    let both = [
        (Cases::Agent, json_files(&root)),
        (
            Cases::Environment,
            if environments.exists() { json_files(&environments) } else { Vec::new() },
        ),
    ];
    let empty = both.iter().all(|(_, files)| files.is_empty());
    assert!(!empty, "there are no parity cases (*.json) in {} or its env", root.display());
    both.into_iter().find(|(of, _)| *of == kind).map(|(_, files)| files).unwrap_or_default()
}

/// The JSON files of a folder, in order of their names.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("cannot read the parity cases in {}: {error}", folder.display())
    });
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

/// Checks every case, and tells of all that fail.
fn check_all(cases: &[PathBuf], check: impl Fn(&Path) -> Result<(), String>) {
    let failures: Vec<String> = cases.iter().filter_map(|path| check(path).err()).collect();
    assert!(failures.is_empty(), "{} cases fail:\n{}", failures.len(), failures.join("\n"));
}
