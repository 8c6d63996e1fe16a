//! The real program, stopped in every way and started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use curl_rl::random::{Purpose, Streams};
use rand::RngExt;

use crate::program::{curl, fail, folder, succeed, text, train};
use crate::remains::{Remains, names};

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
        if stop % 9 == 8 {
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

#[test]
fn two_processes_never_share_a_folder() {
    let folder = folder();
    let run = folder.path().join("run");
    let mut first = train(folder.path(), "run", &["--set", "train.env_steps=1000000"])
        .spawn()
        .expect("it runs");
    wait_for(Moment::Later, &run, &mut first);
    for second in [
        train(folder.path(), "run", &["--set", "train.env_steps=1000000"]),
        curl(folder.path(), &["train", "--resume", "run"]),
    ] {
        let message = fail(second, 2);
        let holder = format!("is in use by another process (process {} on ", first.id());
        assert!(message.contains(&holder), "{message}");
    }
    // The lock of a process that was killed is no hindrance.
    first.kill().expect("it can be killed");
    first.wait().expect("it has ended");
    succeed(curl(folder.path(), &["train", "--resume", "run", "--set", "train.env_steps=1200"]));
}

#[test]
fn a_run_goes_on_with_its_own_configuration() {
    let folder = folder();
    let short = ["--set", "train.env_steps=800"];
    succeed(train(folder.path(), "run", &short));
    let config = fs::read(folder.path().join("run/config.toml")).expect("it is there");

    let changed = ["--set", "train.env_steps=800", "--seed", "7", "--set", "agent.discount=0.9"];
    for command in [
        train(folder.path(), "run", &changed),
        curl(folder.path(), &[&["train", "--resume", "run"], &changed[..]].concat()),
    ] {
        let message = fail(command, 2);
        for part in ["agent.discount from 0.99 to 0.9", "train.seed from 1 to 7", "train.env_steps"]
        {
            assert!(message.contains(part), "{message}");
        }
    }
    assert_eq!(fs::read(folder.path().join("run/config.toml")).expect("it is there"), config);

    let longer =
        ["train", "--resume", "run", "--set", "train.env_steps=1200", "--set", "eval.episodes=2"];
    let output = succeed(curl(folder.path(), &longer));
    let told = text(&output.stderr);
    for part in [
        "changes eval.episodes from 1 to 2",
        "changes train.env_steps from 800 to 1200",
        "goes on from env step 800",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let eval = fs::read_to_string(folder.path().join("run/eval.csv")).expect("it is there");
    let frames: Vec<&str> = eval.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(frames, ["frame", "800", "1000", "1200"]);
}

#[test]
fn what_cannot_go_on_says_why() {
    let folder = folder();
    let message = fail(curl(folder.path(), &["train", "--resume", "nowhere"]), 2);
    assert!(message.contains("is no run folder"), "{message}");
    fail(curl(folder.path(), &["train"]), 2);
    fail(curl(folder.path(), &["train", "--resume", "a", "--run-dir", "b"]), 2);

    succeed(train(folder.path(), "run", &["--set", "train.env_steps=800"]));
    let on = || curl(folder.path(), &["train", "--resume", "run", "--set", "train.env_steps=1200"]);
    let segment = newest_segment(&folder.path().join("run")).expect("there is one");
    let whole = fs::read(&segment).expect("it is there");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    for (bytes, problem) in
        [(&flipped[..], "is damaged at byte"), (&whole[..999], "is damaged at byte")]
    {
        fs::write(&segment, bytes).expect("it can be written");
        let message = fail(on(), 1);
        assert!(message.contains(problem), "{message}");
    }
    fs::remove_file(&segment).expect("it can be removed");
    let message = fail(on(), 1);
    assert!(message.contains("can only be evaluated"), "{message}");
    succeed(curl(folder.path(), &["eval", "run", "--episodes", "1"]));

    fs::write(&segment, &whole).expect("it can be written");
    let table = folder.path().join("run/train.csv");
    let rows = fs::read(&table).expect("it is there");
    fs::write(&table, &rows[..rows.len() - 1]).expect("it can be written");
    let message = fail(on(), 1);
    assert!(message.contains("train.csv has"), "{message}");
    fs::write(&table, &rows).expect("it can be written");
    succeed(on());
}

#[test]
fn a_run_without_a_checkpoint_begins_anew() {
    let folder = folder();
    let short = ["--set", "train.env_steps=800"];
    succeed(train(folder.path(), "whole", &short));
    let run = folder.path().join("run");
    let mut child = train(folder.path(), "run", &short).spawn().expect("it runs");
    wait_for(Moment::AfterFrame, &run, &mut child);
    child.kill().expect("it can be killed");
    child.wait().expect("it has ended");
    // However early it was, there is no checkpoint now.
    let _ = fs::remove_dir_all(run.join("checkpoints"));
    let output = succeed(train(folder.path(), "run", &short));
    assert!(text(&output.stderr).contains("has no checkpoint yet"), "{}", text(&output.stderr));
    Remains::of(&folder.path().join("whole")).check_same(&run, "begun anew");
}

/// The normalisation of states is a part of the checkpoint.
#[test]
fn a_run_on_states_goes_on_with_the_same_bits() {
    let folder = folder();
    let states = ["--method", "him-state", "--set", "replay.codec=raw"];
    let states = [&states[..], &["--set", "eval.every_env_steps=800"]].concat();
    succeed(train(
        folder.path(),
        "whole",
        &[&states[..], &["--set", "train.env_steps=1600"]].concat(),
    ));
    succeed(train(
        folder.path(),
        "run",
        &[&states[..], &["--set", "train.env_steps=800"]].concat(),
    ));
    let on = ["train", "--resume", "run", "--env-steps", "1600"];
    let told = text(&succeed(curl(folder.path(), &on)).stderr);
    assert!(told.contains("goes on from env step 800"), "{told}");
    let run = folder.path().join("run");
    Remains::of(&folder.path().join("whole")).check_same(&run, "gone on with");
}

#[test]
fn a_checkpoint_is_no_run_and_stays_as_it_is() {
    let folder = folder();
    succeed(train(folder.path(), "run", &["--set", "train.env_steps=800"]));
    let last = "run/checkpoints/last";
    let before = names(&folder.path().join(last));
    for args in
        [&["train", "--resume", last, "--env-steps", "1200"][..], &["checkpoint", "prune", last]]
    {
        let message = fail(curl(folder.path(), args), 2);
        assert!(message.contains("is a checkpoint: name the run"), "{message}");
    }
    fail(train(folder.path(), last, &[]), 2);
    assert_eq!(names(&folder.path().join(last)), before);
    let verified = succeed(curl(folder.path(), &["checkpoint", "verify", last]));
    assert!(text(&verified.stdout).contains("whole"), "{}", text(&verified.stdout));
}

#[test]
fn a_copy_without_its_links_goes_on_from_the_newest_checkpoint() {
    let folder = folder();
    succeed(train(folder.path(), "run", &["--set", "train.env_steps=800"]));
    let last = folder.path().join("run/checkpoints/last");
    let newest = fs::read_link(&last).expect("it is a link");
    fs::remove_file(&last).expect("it can be removed");
    succeed(curl(folder.path(), &["eval", "run", "--episodes", "1"]));
    let on = || curl(folder.path(), &["train", "--resume", "run", "--set", "train.env_steps=1200"]);

    fs::create_dir(&last).expect("it can be made");
    let message = fail(on(), 1);
    assert!(message.contains("is a folder and no link"), "{message}");
    fs::remove_dir(&last).expect("it can be removed");
    let output = succeed(on());
    assert!(text(&output.stderr).contains("goes on from env step 800"), "{}", text(&output.stderr));
    assert!(fs::read_link(&last).expect("it is a link again") > newest);
}

#[test]
fn a_start_that_failed_can_be_corrected() {
    let folder = folder();
    let short = ["--set", "train.env_steps=800"];
    let huge = [&short[..], &["--set", "replay.capacity=1000000000", "--set", "replay.codec=raw"]];
    let message = fail(train(folder.path(), "run", &huge.concat()), 2);
    assert!(message.contains("lower replay.capacity"), "{message}");
    succeed(train(folder.path(), "run", &short));
}

#[test]
fn a_run_outlives_standard_error() {
    let folder = folder();
    let mut command = train(folder.path(), "run", &["--set", "train.env_steps=800"]);
    let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    assert!(command.stderr(full).output().expect("the binary runs").status.success());
}
