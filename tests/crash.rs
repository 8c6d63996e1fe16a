//! A run that ends at any of its system calls goes on to the same bits.
//!
//! The runs are real but small: the counting environment, a ring that wraps around, checkpoints and
//! evaluations at different intervals.

use std::fs;
use std::path::Path;
use std::process::Command;

use curl_envs::Env;
use curl_rl::checkpoint::{Checkpoint, CheckpointError, Checkpoints};
use curl_rl::config::Config;
use curl_rl::replay::Codec;
use curl_rl::run_folder::RunFolder;
use tempfile::TempDir;

use crate::altered::Altered;
use crate::faults::{Fault, with_fault};
use crate::remains::{Remains, names, without};
use crate::small_run::{config, play, play_with};

/// Goes on after a death, as the program does.
fn go_on(run_dir: &Path, config: &Config, codec: Codec) {
    if Checkpoints::last(run_dir).unwrap().is_none() {
        fs::write(run_dir.join("config.toml"), config.to_toml()).expect("it can be written");
        let folder = RunFolder::open(run_dir).expect("nobody else has it");
        folder.clear().expect("it can be cleared");
    }
    play(run_dir, config, codec).expect("the disk is whole again");
}

/// Deaths at calls that are so far apart.
fn die_and_go_on(codec: Codec, stride: usize) {
    let config = config();
    let folder = |name: &str| tempfile::Builder::new().prefix(name).tempdir().expect("a folder");
    let whole = folder("whole");
    let (result, calls) = with_fault(Fault::Once, u64::MAX, || play(whole.path(), &config, codec));
    result.expect("nothing fails");
    assert!(calls > 300, "{calls} calls were seen");
    let expected = Remains::of(whole.path());
    for at in (0..calls).step_by(stride) {
        let run = folder("dies");
        let (result, _) = with_fault(Fault::Death, at, || play(run.path(), &config, codec));
        result.expect_err("the disk has died");
        // The next process dies, too, a little later.
        let second = at / 2 + 11;
        let (result, _) = with_fault(Fault::Death, second, || {
            if Checkpoints::last(run.path()).unwrap().is_none() {
                return Ok(());
            }
            play(run.path(), &config, codec)
        });
        drop(result);
        go_on(run.path(), &config, codec);
        expected.check_same(run.path(), &format!("{codec:?}, call {at} of {calls}"));
    }
}

#[test]
fn a_run_that_dies_at_any_call_ends_with_the_same_bits() {
    die_and_go_on(Codec::Delta, 37);
    die_and_go_on(Codec::Raw, 71);
}

/// The same files in another folder, links included.
fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("there is a temporary folder");
    let everything = folder.join(".");
    let status = Command::new("cp").arg("-a").args([&everything, copy.path()]).status();
    assert!(status.expect("cp runs").success());
    copy
}

#[test]
fn a_checkpoint_whose_saving_fails_at_any_call_is_the_old_one_or_the_new() {
    let template = tempfile::tempdir().expect("there is a temporary folder");
    play(template.path(), &config(), Codec::Delta).expect("nothing fails");
    let load = |folder: &Path| Checkpoint::load(&folder.join("checkpoints/last"));
    let old = load(template.path()).expect("the run has ended").steps;
    for fault in [Fault::Once, Fault::Death] {
        let mut failures = 0;
        for at in 0.. {
            let folder = copy_of(template.path());
            let mut new = load(folder.path()).expect("it is a copy");
            let mut checkpoints =
                Checkpoints::resume(folder.path(), 1, &new).expect("nothing fails yet");
            new.steps.env_step += 9;
            new.evaluation = Some(1e9);
            let (saved, calls) = with_fault(fault, at, || checkpoints.save(&new));
            let found = load(folder.path()).expect("a whole checkpoint is there");
            if calls <= at {
                saved.expect("no call failed");
                assert_eq!(found.steps, new.steps);
                break;
            }
            if let Err(error) = saved {
                failures += 1;
                assert!(matches!(error, CheckpointError::Write { .. }), "{error}");
            }
            assert!([old, new.steps].contains(&found.steps), "call {at}: {:?}", found.steps);

            let mut checkpoints =
                Checkpoints::resume(folder.path(), 1, &found).expect("the disk is whole again");
            new.steps.env_step += 9;
            checkpoints.save(&new).expect("the disk is whole again");
            let left = names(&folder.path().join("checkpoints"));
            let name = format!("env_step-{:09}", new.steps.env_step);
            assert!(left.contains(&name) && left.len() <= 4, "call {at}: {left:?}");
            assert!(left.iter().all(|name| !name.starts_with('.')), "call {at}: {left:?}");
        }
        assert!(failures > 20, "{failures} failures were seen");
    }
}

#[test]
fn an_environment_that_cannot_tell_its_state_begins_another_episode() {
    let config = config();
    let silent = || -> Box<dyn Env> { Box::new(Altered::silent()) };
    let run = tempfile::tempdir().expect("there is a temporary folder");
    // Within the third checkpoint; the first two are at agent steps 9 and 18.
    let (result, _) =
        with_fault(Fault::Death, 190, || play_with(silent, run.path(), &config, Codec::Delta));
    result.expect_err("the disk has died");
    let load = || Checkpoint::load(&run.path().join("checkpoints/last")).expect("it is whole");
    assert_eq!(load().steps.env_step, 18);
    play_with(silent, run.path(), &config, Codec::Delta).expect("the disk is whole again");

    let table = without(run.path(), "train.csv", &[4, 6, 7]);
    let frames: Vec<&str> = table.lines().skip(1).filter_map(|row| row.split(',').next()).collect();
    // The episode that began at 14 ends at 18 without a row of its own.
    assert_eq!(frames, ["7", "14", "25", "32", "39", "46"], "{table}");
    let last = load();
    assert_eq!((last.steps.env_step, last.steps.update, last.steps.episode), (50, 42, 7));
    assert_eq!(
        last.run.envs[0].replay.replay.written,
        50 + 8,
        "a frame an agent step and one an episode"
    );
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_with_the_last_good_state() {
    let config = config();
    // Its square is beyond float32 from env step 30 on; some update samples it soon.
    let make = || -> Box<dyn Env> {
        Box::new(Altered::with_rewards(|env_step| if env_step < 30 { 1.0 } else { 1e30 }))
    };
    let run = tempfile::tempdir().expect("there is a temporary folder");
    let fail = || {
        let result = play_with(make, run.path(), &config, Codec::Delta);
        result.expect_err("the loss cannot be finite").to_string()
    };
    let message = fail();
    let last = Checkpoint::load(&run.path().join("checkpoints/last")).expect("it was saved");
    let (env_step, update) = (last.steps.env_step, last.steps.update);
    assert!(env_step >= 30 && !env_step.is_multiple_of(9), "of the update itself: {env_step}");
    for part in [
        format!("at update {update} (env step {env_step}): the critic's loss is inf"),
        format!("{:>10}: batch_reward", update - 1),
        format!("env_step-{env_step:09} at env step {env_step}"),
    ] {
        assert!(message.contains(&part), "{part:?} is missing in {message}");
    }
    // Everything in it is finite, and leads to the same end.
    assert_eq!(fail().lines().next(), message.lines().next());
}

#[test]
fn a_reward_that_is_not_finite_is_never_stored() {
    let config = config();
    // The second is finite, but no float32.
    let rewards: [fn(u64) -> f64; 2] = [
        |env_step| if env_step < 30 { 1.0 } else { f64::NAN },
        |env_step| if env_step < 30 { 1.0 } else { 1e39 },
    ];
    for (rewards, told) in rewards.into_iter().zip(["NaN", "1e39"]) {
        let make = || -> Box<dyn Env> { Box::new(Altered::with_rewards(rewards)) };
        let run = tempfile::tempdir().expect("there is a temporary folder");
        let error = play_with(make, run.path(), &config, Codec::Delta).expect_err("it is refused");
        let message = error.to_string();
        let problem = format!("(env step 29): the environment's reward is {told}");
        assert!(message.contains(&problem), "{message}");
        assert!(message.contains("env_step-000000027 at env step 27"), "{message}");
        let last = Checkpoint::load(&run.path().join("checkpoints/last")).expect("it is whole");
        assert_eq!(last.steps.env_step, 27);
    }
}
