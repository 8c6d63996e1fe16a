//! Checkpoints come back bit for bit, or are refused with the reason.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use curl_envs::EnvState;
use curl_rl::action::ActionSpace;
use curl_rl::agent::Agent;
use curl_rl::checkpoint::{
    Arithmetic, Checkpoint, CheckpointError, Checkpoints, EnvironmentState, EpisodeState,
    LastEvaluation, RunState,
};
use curl_rl::evaluate::EvalReport;
use curl_rl::metrics::MetricsState;
use curl_rl::replay::segments::SegmentsPosition;
use curl_rl::replay::{Codec, ReplayPosition};
use curl_rl::steps::Steps;
use tch::{Device, Kind};
use tempfile::TempDir;

use crate::fixtures::{IMAGE, debug_config};

const FILES: [&str; 5] =
    ["checkpoint.toml", "config.toml", "agent.safetensors", "run.toml", "SHA256SUMS"];

fn checkpoint(env_step: u64, evaluation: Option<f64>) -> Checkpoint {
    let config = debug_config(&[]);
    let agent = Agent::new(IMAGE, ActionSpace::Continuous(1), &config.agent, 3, Device::Cpu);
    let steps = Steps { env_step, agent_step: 5, update: 4, episode: 1 };
    Checkpoint { agent: agent.state(), config, steps, evaluation, run: run_state() }
}

fn run_state() -> RunState {
    let env = EnvState::from([("qpos".to_owned(), vec![0.1, -0.0, f64::MIN_POSITIVE, 1e300])]);
    let report = EvalReport { returns: vec![1.0 / 3.0], lengths: vec![1000] };
    let replay = ReplayPosition { written: 70, oldest: 3, first_segment: 0, first_slot: 0 };
    let replay = SegmentsPosition { replay, last_segment: 1, last_bytes: 900 };
    RunState {
        evaluations: 1,
        envs: vec![EnvironmentState {
            episode: EpisodeState { episode_return: 0.1 + 0.2, length: 8, env: Some(env) },
            replay,
        }],
        last_evaluation: Some(LastEvaluation { env_step: 40, report }),
        eval_envs: None,
        actor_losses: [("actor".to_owned(), f64::NAN)].into(),
        arithmetic: Arithmetic { threads: 2, passes: "float32".to_owned() },
        codec: Codec::Delta,
        metrics: MetricsState::default(),
    }
}

pub fn saved() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let path = folder.path().join("checkpoint");
    checkpoint(40, Some(1.5)).save(&path).expect("the folder can be written");
    (folder, path)
}

fn refusal(path: &Path) -> String {
    match Checkpoint::load(path) {
        Ok(_) => panic!("an altered checkpoint was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_checkpoint_comes_back_as_it_was() {
    let (_folder, path) = saved();
    let loaded = Checkpoint::load(&path).expect("it was just written");
    let expected = checkpoint(40, Some(1.5));
    assert_eq!(loaded.config, expected.config);
    assert_eq!(loaded.steps, expected.steps);
    assert_eq!(loaded.evaluation, expected.evaluation);
    // NaN is not equal to itself, but its text is.
    assert_eq!(format!("{:?}", loaded.run), format!("{:?}", expected.run));
    assert_eq!(loaded.agent.optimiser_steps, expected.agent.optimiser_steps);
    assert!(loaded.agent.tensors.keys().eq(expected.agent.tensors.keys()));
    for (name, tensor) in &loaded.agent.tensors {
        assert!(tensor.equal(&expected.agent.tensors[name]), "{name}");
    }
}

#[test]
fn a_restored_agent_is_the_stored_one() {
    let (_folder, path) = saved();
    let loaded = Checkpoint::load(&path).expect("it was just written");
    let mut other =
        Agent::new(IMAGE, ActionSpace::Continuous(1), &loaded.config.agent, 99, Device::Cpu);
    other.restore(&loaded.agent).expect("it has the same shape");
    for (name, tensor) in other.state().tensors {
        assert!(tensor.equal(&loaded.agent.tensors[&name]), "{name}");
    }
}

#[test]
fn a_state_of_another_agent_is_refused() {
    let (_folder, path) = saved();
    let loaded = Checkpoint::load(&path).expect("it was just written");
    let wider = debug_config(&["agent.hidden_dim=17"]).agent;
    let error = Agent::new(IMAGE, ActionSpace::Continuous(1), &wider, 1, Device::Cpu)
        .restore(&loaded.agent)
        .unwrap_err();
    assert!(error.to_string().contains("has shape"), "{error}");
    let mut missing = loaded.agent;
    missing.tensors.remove("contrast.w");
    let mut agent =
        Agent::new(IMAGE, ActionSpace::Continuous(1), &loaded.config.agent, 1, Device::Cpu);
    let error = agent.restore(&missing).unwrap_err();
    assert_eq!(error.to_string(), "the tensor contrast.w is missing");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in FILES {
        let (_folder, path) = saved();
        let bytes = fs::read(path.join(name)).expect("the file is there");
        let step = (bytes.len() / 300).max(10);
        for len in (0..bytes.len()).step_by(step) {
            fs::write(path.join(name), &bytes[..len]).expect("the file can be written");
            let message = refusal(&path);
            assert!(message.contains("is damaged"), "{name} cut to {len}: {message}");
        }
    }
}

#[test]
fn a_flipped_bit_is_noticed_wherever_it_is() {
    for name in FILES {
        let (_folder, path) = saved();
        let bytes = fs::read(path.join(name)).expect("the file is there");
        let step = (bytes.len() / 300).max(3);
        for at in (0..bytes.len()).step_by(step) {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << (at % 8);
            fs::write(path.join(name), altered).expect("the file can be written");
            refusal(&path);
        }
    }
}

#[test]
fn another_version_is_called_that() {
    let (_folder, path) = saved();
    let about = path.join("checkpoint.toml");
    let text = fs::read_to_string(&about).expect("the file is there");
    fs::write(&about, text.replace("format_version = 6", "format_version = 7\nnew_key = true"))
        .expect("the file can be written");
    assert!(refusal(&path).contains("has format version 7, this program reads version 6"));
}

#[test]
fn what_is_no_checkpoint_is_called_that() {
    let (folder, path) = saved();
    assert!(refusal(folder.path()).contains("is not a checkpoint"));
    assert!(refusal(&folder.path().join("nowhere")).contains("is not a checkpoint"));
    fs::remove_file(path.join("agent.safetensors")).expect("the file is there");
    assert!(refusal(&path).contains("it has no file agent.safetensors"));
}

#[test]
fn the_newest_and_the_best_are_kept() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let mut checkpoints = Checkpoints::create(folder.path(), 2).expect("the folder can be made");
    let scores = [Some(1.0), Some(9.0), None, Some(3.0), Some(4.0)];
    for (index, score) in scores.into_iter().enumerate() {
        checkpoints.save(&checkpoint(100 * (index as u64 + 1), score)).expect("it can be saved");
    }
    let mut names: Vec<String> = fs::read_dir(folder.path().join("checkpoints"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").file_name().into_string().expect("ASCII"))
        .collect();
    names.sort();
    let step = |step| format!("env_step-{step:09}");
    assert_eq!(names, ["best".to_string(), step(200), step(400), step(500), "last".to_string()]);
    let best = Checkpoint::load(&folder.path().join("checkpoints/best")).expect("the link works");
    assert_eq!(best.steps.env_step, 200);
    let last = Checkpoint::load(&Checkpoints::locate(folder.path())).expect("the link works");
    assert_eq!(last.steps.env_step, 500);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_leaves_the_rest() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let mut checkpoints = Checkpoints::create(folder.path(), 2).expect("the folder can be made");
    let first = checkpoints.save(&checkpoint(100, None)).expect("it can be saved");
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").expect("the file can be written");
    let error = checkpoint(200, None).save(&blocked.join("checkpoint")).unwrap_err();
    assert!(matches!(error, CheckpointError::Write { .. }), "{error}");
    Checkpoint::load(&first).expect("the first one is whole");
}

/// The first block of Python in the description of the run folder.
fn documented_python() -> String {
    let text = include_str!("../docs/run-folder.md");
    let (_, rest) = text.split_once("```python\n").expect("there is a block of Python");
    rest.split_once("```").expect("it ends").0.to_owned()
}

#[test]
fn the_documented_python_reads_the_weights_of_the_actor() {
    let (folder, path) = saved();
    let script = folder.path().join("weights.py");
    fs::write(&script, documented_python()).expect("it can be written");
    let output = Command::new("python3").arg(&script).arg(&path).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("it is text");

    let tensors = Checkpoint::load(&path).expect("it was just written").agent.tensors;
    let actor: Vec<_> = tensors.iter().filter(|(name, _)| name.starts_with("actor.")).collect();
    assert_eq!(printed.lines().count(), actor.len());
    for (line, (name, tensor)) in printed.lines().zip(actor) {
        let (left, sum) = line.rsplit_once(' ').expect("name, shape and sum");
        assert_eq!(left, format!("{name} {:?}", tensor.size()));
        let expected = tensor.sum(Kind::Double).double_value(&[]);
        assert!(
            (sum.parse::<f64>().expect("a number") - expected).abs() < 1e-4,
            "{line} {expected}"
        );
    }
}
