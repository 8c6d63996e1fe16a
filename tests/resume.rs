//! The real program, stopped in every way and started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use curl_rl::random::{Purpose, Streams};
use rand::RngExt;
use tempfile::TempDir;

use crate::remains::{Remains, names};

/// A run of 300 agent steps that takes seconds, on one thread: the tests run beside one another.
const RUN: [&str; 19] = [
    "--env",
    "cartpole_swingup",
    "--preset",
    "debug",
    "--env-steps",
    "12000",
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

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is a temporary folder")
}

fn curl(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_curl"));
    command.args(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `curl train` for a run of [`RUN`], with more arguments.
fn train(folder: &Path, run: &str, more: &[&str]) -> Command {
    curl(folder, &[&["train"], &RUN[..], &[run], more].concat())
}

fn finish(mut command: Command) -> Output {
    command.output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeed(command: Command) -> Output {
    let output = finish(command);
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    output
}

/// Standard error of a command that must end with this exit code.
fn fail(command: Command, code: i32) -> String {
    let output = finish(command);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    errors
}

/// At what sight a process is stopped.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// A checkpoint is being written.
    InCheckpoint,
    /// An episode has ended, after which this run always evaluates.
    InEvaluation,
    /// A frame has just been written.
    AfterFrame,
    /// A checkpoint was written, and then some time has passed.
    Later,
}

impl Moment {
    /// What is to be seen of it: it has come when this changes.
    fn sign(self, run: &Path) -> Option<String> {
        let checkpoints = run.join("checkpoints");
        match self {
            Self::InCheckpoint => {
                let files = fs::read_dir(checkpoints).ok()?.flatten();
                let mut partial =
                    files.filter(|file| file.file_name().as_encoded_bytes().starts_with(b".env"));
                partial.next().map(|file| file.file_name().to_string_lossy().into_owned())
            }
            Self::InEvaluation => size(&run.join("train.csv")),
            Self::AfterFrame => size(&newest_segment(run)?),
            Self::Later => {
                Some(fs::read_link(checkpoints.join("last")).ok()?.display().to_string())
            }
        }
    }
}

fn size(path: &Path) -> Option<String> {
    Some(fs::metadata(path).ok()?.len().to_string())
}

fn newest_segment(run: &Path) -> Option<PathBuf> {
    fs::read_dir(run.join("replay")).ok()?.flatten().map(|entry| entry.path()).max()
}

/// Waits for a moment of a process. It may end before.
fn wait_for(moment: Moment, run: &Path, child: &mut Child) {
    let before = moment.sign(run);
    while child.try_wait().expect("it can be asked").is_none() {
        let now = moment.sign(run);
        if now.is_some() && now != before {
            return;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Asks a process to stop, as a scheduler does, and sees to it that it does.
fn stop_politely(mut child: Child) {
    let asked = Instant::now();
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
}

#[test]
fn a_run_that_is_killed_over_and_over_ends_with_the_same_bits() {
    const STOPS: usize = 28;
    let folder = folder();
    succeed(train(folder.path(), "whole", &[]));
    let expected = Remains::of(&folder.path().join("whole"));

    let run = folder.path().join("killed");
    let mut rng = Streams::new(11).stream(Purpose::Batch, 0);
    let moments = [Moment::InCheckpoint, Moment::Later, Moment::InEvaluation, Moment::AfterFrame];
    for stop in 0..STOPS {
        // The same command again, or --resume: both go on.
        let mut command = if stop % 2 == 0 || !run.join("config.toml").exists() {
            train(folder.path(), "killed", &[])
        } else {
            curl(folder.path(), &["train", "--resume", "killed"])
        };
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        let moment = moments[stop % moments.len()];
        wait_for(moment, &run, &mut child);
        assert!(
            child.try_wait().expect("it can be asked").is_none(),
            "it ended before stop {stop}"
        );
        let pause = match moment {
            Moment::InCheckpoint | Moment::AfterFrame => 0,
            Moment::InEvaluation => rng.random_range(5..40),
            Moment::Later => rng.random_range(0..200),
        };
        std::thread::sleep(Duration::from_millis(pause));
        if stop % 7 == 6 {
            stop_politely(child);
        } else {
            child.kill().expect("it can be killed");
            child.wait().expect("it has ended");
        }
    }
    succeed(curl(folder.path(), &["train", "--resume", "killed"]));
    expected.check_same(&run, "after all kills");
    let checkpoints = names(&run.join("checkpoints"));
    assert!(checkpoints.iter().all(|name| !name.starts_with('.')), "{checkpoints:?}");

    let before = Remains::of(&run);
    let again = succeed(train(folder.path(), "killed", &[]));
    assert!(text(&again.stdout).contains("has finished after 12000 env steps"));
    before.check_same(&run, "after it had finished");
}
