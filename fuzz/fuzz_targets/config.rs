//! Bytes as a configuration: the file of `curl train --config`, and what a run has stored.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use curl_rl::config::{Config, Selection, resolve};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FILE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("there is room");
    let path = folder.path().join("my.toml");
    (folder, path)
});

fuzz_target!(|bytes: &[u8]| {
    let (_, path) = &*FILE;
    fs::write(path, bytes).expect("there is room");
    let selection = Selection { file: Some(path), ..Selection::of("dmc:cartpole-swingup", 8) };
    let resolved = resolve(&selection).map_err(|error| error.to_string());
    if let Ok(resolved) = &resolved {
        // What was accepted can be written down and read again.
        let text = resolved.config.to_toml();
        let again =
            Config::from_toml(&text, Path::new("config.toml")).expect("it was written by us");
        assert_eq!(again, resolved.config);
        let annotated = resolved.to_toml();
        assert!(Config::from_toml(&annotated, Path::new("config.toml")).is_ok());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ =
            Config::from_toml(text, Path::new("config.toml")).map_err(|error| error.to_string());
    }
});
