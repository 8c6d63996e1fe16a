//! What ARCHITECTURE.md says stays true, checked against the source text.

use std::fs;
use std::path::{Path, PathBuf};

const MAX_FILE_LINES: usize = 350;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files of a folder, or one file, with their text up to the unit tests.
fn sources(place: &str) -> Vec<(PathBuf, String)> {
    let place = root().join(place);
    let mut files = Vec::new();
    let mut open = vec![place];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("the folder can be read");
            open.extend(entries.map(|entry| entry.expect("it can be listed").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("sources are text");
            let code =
                text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_string();
            files.push((path, code));
        }
    }
    assert!(!files.is_empty());
    files
}

/// No line of these places mentions any of these words.
fn absent(places: &[&str], words: &[&str]) {
    for (path, code) in places.iter().flat_map(|place| sources(place)) {
        for (number, line) in code.lines().enumerate() {
            let found = words
                .iter()
                .find(|word| !line.trim_start().starts_with("//") && line.contains(*word));
            assert!(found.is_none(), "{}:{}: {found:?}", path.display(), number + 1);
        }
    }
}

#[test]
fn environments_know_no_tensors() {
    absent(&["envs/src"], &["use tch", "curl_rl"]);
    let manifest = fs::read_to_string(root().join("envs/Cargo.toml")).expect("it is there");
    assert!(!manifest.contains("tch"));
}

#[test]
fn the_agent_knows_no_environment_replay_or_file() {
    absent(
        &["src/agent.rs", "src/agent", "src/nn", "src/nn.rs", "src/objective"],
        &[
            "curl_envs",
            "crate::replay",
            "crate::metrics",
            "crate::checkpoint",
            "std::fs",
            "std::io",
        ],
    );
}

#[test]
fn objectives_and_layers_know_no_optimiser() {
    let places = ["src/objective", "src/nn/layers.rs", "src/nn/encoder.rs", "src/nn/policy.rs"];
    absent(&places, &["Adam", "run_backward"]);
}

#[test]
fn nothing_draws_from_libtorch() {
    absent(&["src"], &["manual_seed", "Tensor::rand", "rand_like", "normal_(", "uniform_("]);
}

#[test]
fn below_the_commands_nobody_reads_arguments_or_variables() {
    let library = fs::read_dir(root().join("src")).expect("it is there");
    let names = library.map(|entry| entry.expect("it can be listed").file_name());
    let names = names.map(|name| format!("src/{}", name.to_string_lossy()));
    let below: Vec<String> = names
        .filter(|name| !name.starts_with("src/command") && !name.ends_with("main.rs"))
        .collect();
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    absent(&below, &["env::var", "env::args", "process::exit", "println!"]);
}

#[test]
fn files_can_be_read_in_one_sitting() {
    for place in ["src", "envs/src", "tests"] {
        for (path, _) in sources(place) {
            let lines = fs::read_to_string(&path).expect("sources are text").lines().count();
            assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines", path.display());
        }
    }
}
