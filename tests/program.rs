//! The real program, as a process of its own.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::fixtures::SMALL_IMAGES;

/// A run of 300 agent steps that takes seconds, on one thread: the tests run beside one another.
pub const RUN: [&str; 23] = [
    "--env",
    "cartpole_swingup",
    "--preset",
    "debug",
    "--set",
    SMALL_IMAGES[0],
    "--set",
    SMALL_IMAGES[1],
    "--set",
    "train.env_steps=12000",
    "--set",
    "train.threads=1",
    "--set",
    "replay.capacity=100",
    "--set",
    "replay.codec=delta",
    "--set",
    "checkpoint.every_env_steps=400",
    "--set",
    "eval.every_env_steps=1000",
    "--set",
    "checkpoint.keep=2",
    "--run-dir",
];

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("there is a temporary folder")
}

pub fn curl(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_curl"));
    command.args(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `curl train` for a run of [`RUN`], with more arguments.
pub fn train(folder: &Path, run: &str, more: &[&str]) -> Command {
    curl(folder, &[&["train"], &RUN[..], &[run], more].concat())
}

fn finish(mut command: Command) -> Output {
    command.output().expect("the binary runs")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn succeed(command: Command) -> Output {
    let output = finish(command);
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    output
}

/// Standard error of a command that must end with this exit code.
pub fn fail(command: Command, code: i32) -> String {
    let output = finish(command);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    errors
}
