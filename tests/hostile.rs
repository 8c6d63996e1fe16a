//! What a stranger's files say is refused with the reason, and never believed at a cost: nothing
//! panics, hangs, or takes memory that the files do not fill.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use curl_rl::action::ActionSpace;
use curl_rl::augment::Sizes;
use curl_rl::checkpoint::{Checkpoint, CheckpointError};
use curl_rl::command::build::Player;
use curl_rl::observation::Observation;
use curl_rl::replay::segments::{Segments, SegmentsPosition};
use curl_rl::replay::{Codec, Replay, ReplayShape};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::checkpoint::saved;

/// Alters a text file of a checkpoint, with the right checksum.
fn alter(path: &Path, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(path.join(name)).expect("the file is there");
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path.join(name), text.replacen(from, to, 1)).expect("the file can be written");
    let sums: String = ["checkpoint.toml", "config.toml", "run.toml", "agent.safetensors"]
        .iter()
        .map(|name| {
            let sum = Sha256::digest(fs::read(path.join(name)).expect("the file is there"));
            let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{sum}  {name}\n")
        })
        .collect();
    fs::write(path.join("SHA256SUMS"), sums).expect("the file can be written");
}

#[test]
fn counters_beyond_those_of_any_run_are_refused() {
    for (name, from, key) in [
        ("checkpoint.toml", "env_step = 40", "steps.env_step"),
        ("checkpoint.toml", "update = 4", "steps.update"),
        ("checkpoint.toml", "temperature = 0", "temperature"),
        ("run.toml", "evaluations = 1", "evaluations"),
        ("run.toml", "length = 8", "envs.episode.length"),
        ("run.toml", "env_step = 40", "last_evaluation.env_step"),
    ] {
        for number in [(1_u64 << 43) + 1, i64::MAX as u64] {
            let (_folder, path) = saved();
            let (variable, _) = from.split_once(" = ").expect("it is a key with a value");
            alter(&path, name, from, &format!("{variable} = {number}"));
            let error = Checkpoint::load(&path).expect_err("no run has it").to_string();
            let problem = format!("{name}: {key} = {number} is more than any run counts");
            assert!(error.contains(&problem), "{error}");
        }
    }
}

#[test]
fn a_link_to_what_has_no_end_is_not_followed_to_it() {
    for name in ["run.toml", "agent.safetensors"] {
        let (_folder, path) = saved();
        fs::remove_file(path.join(name)).expect("the file is there");
        symlink("/dev/zero", path.join(name)).expect("the link can be made");
        let error = Checkpoint::load(&path).expect_err("a device is no file");
        assert!(matches!(error, CheckpointError::Read { .. }), "{error}");
        assert!(error.to_string().contains("it is no regular file"), "{error}");
    }
}

#[test]
fn networks_that_the_checkpoint_does_not_hold_are_not_built() {
    let (_folder, path) = saved();
    // 5 GB of networks, described in the place of a few kilobytes.
    alter(&path, "config.toml", "hidden_dim = 16", "hidden_dim = 10000");
    let checkpoint = Checkpoint::load(&path).expect("the configuration is one");
    let env = curl_envs::make(&checkpoint.config.env.id).expect("the models are there");
    let player = |checkpoint| Player::new(checkpoint, env.spec());
    let error = player(&checkpoint).expect_err("the tensors are not there").to_string();
    assert!(error.contains("it describes networks of") || error.contains("available"), "{error}");
    assert!(player(&Checkpoint::load(&saved().1).expect("it is whole")).is_ok());
}

fn shape(codec: Codec) -> ReplayShape {
    ReplayShape {
        capacity: 9,
        episode_len: Some(5),
        stack: 3,
        action: ActionSpace::Continuous(1),
        observation: Observation::cropped(Sizes { frame: 4, image: 3, channels: 3 })
            .expect("there is room"),
        codec,
    }
}

/// The replay's files of a run of one episode, and how far they went.
fn recorded(codec: Codec) -> (TempDir, SegmentsPosition) {
    let run = tempfile::tempdir().expect("there is a temporary folder");
    let mut replay = Replay::new(shape(codec));
    let mut segments = Segments::create(run.path(), 0).expect("the folder is new");
    replay.start_episode(&[1; 48]);
    segments.append(&replay).expect("there is room");
    for step in 0..4 {
        replay.push(&[0.5], 1.0, None, &[step; 48]);
        segments.append(&replay).expect("there is room");
    }
    let position = segments.sync(&replay).expect("there is room");
    (run, position)
}

fn refusal(run: &TempDir, codec: Codec, position: &SegmentsPosition) -> String {
    let error = Segments::resume(run.path(), 0, shape(codec), position).expect_err("it is altered");
    error.to_string()
}

fn frames(run: &TempDir) -> PathBuf {
    run.path().join("replay/00000000.frames")
}

#[test]
fn a_position_within_a_record_is_refused_and_cuts_nothing() {
    for codec in [Codec::Raw, Codec::Delta] {
        let (run, position) = recorded(codec);
        let bytes = fs::read(frames(&run)).expect("it was written");
        for last_bytes in [0, 23, position.last_bytes - 1] {
            let error = refusal(&run, codec, &SegmentsPosition { last_bytes, ..position });
            assert!(error.contains("within a record"), "{error}");
        }
        for last_bytes in [position.last_bytes + 1, u64::MAX] {
            let error = refusal(&run, codec, &SegmentsPosition { last_bytes, ..position });
            assert!(error.contains("shorter than at the checkpoint"), "{error}");
        }
        assert_eq!(fs::read(frames(&run)).expect("it is still there"), bytes);
    }
}

#[test]
fn the_last_position_of_an_episode_has_no_next() {
    let (run, position) = recorded(Codec::Raw);
    let mut bytes = fs::read(frames(&run)).expect("it was written");
    // The first record follows the header: length, checksum, flags, position, frame.
    let (start, len) = (24 + 8, 1 + 4 + 48);
    bytes[start + 1..start + 5].copy_from_slice(&u32::MAX.to_le_bytes());
    let sum = crc32fast::hash(&bytes[start..start + len]);
    bytes[start - 4..start].copy_from_slice(&sum.to_le_bytes());
    fs::write(frames(&run), bytes).expect("it can be written");
    let error = refusal(&run, Codec::Raw, &position);
    assert!(error.contains("frame 4294967295 of an episode is beyond the last"), "{error}");
}
