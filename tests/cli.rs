//! The program as a user runs it: real runs of the real binary, and every way to ask for the wrong
//! thing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::fixtures::SMALL_IMAGES;
use crate::program::{self, folder};

/// A run that takes seconds.
const DEBUG: [&str; 10] = [
    "train",
    "--env",
    "cartpole_swingup",
    "--preset",
    "debug",
    "--set",
    SMALL_IMAGES[0],
    "--set",
    SMALL_IMAGES[1],
    "--run-dir",
];

fn curl(folder: &Path, args: &[&str]) -> Output {
    program::curl(folder, args).output().expect("the binary runs")
}

/// Standard output of a command that must succeed.
fn succeed(folder: &Path, args: &[&str]) -> String {
    let output = curl(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "curl {args:?}: {}\n{errors}", output.status);
    String::from_utf8(output.stdout).expect("the output is text")
}

/// Standard error of a command that must end with this exit code.
fn fail(folder: &Path, args: &[&str], code: i32) -> String {
    let output = curl(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "curl {args:?}: {errors}");
    assert!(!errors.contains("panicked"), "curl {args:?}: {errors}");
    errors
}

fn train(folder: &Path, run: &str, more: &[&str]) {
    succeed(folder, &[&DEBUG, &[run][..], more].concat());
}

#[test]
fn a_run_leaves_everything_that_is_promised() {
    let folder = folder();
    train(folder.path(), "run", &[]);
    let run = folder.path().join("run");
    for name in ["config.toml", "checkpoints/last/agent.safetensors", "checkpoints/best"] {
        assert!(run.join(name).exists(), "{name}");
    }
    let table = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(run.join(name)).expect("the table is there");
        text.lines().map(|line| line.split(',').map(String::from).collect()).collect()
    };
    let eval = table("eval.csv");
    assert_eq!(eval[0][..4], ["frame", "step", "episode", "episode_reward"]);
    let frames: Vec<&str> = eval[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(frames, ["1000", "2000"]);
    // 2000 env steps at 40 a step are 50 agent steps, of which 16 are the warm-up.
    assert_eq!(eval[2][1], "50");
    assert_eq!(eval[2][6], "34");
    let train = table("train.csv");
    assert_eq!(train.len(), 3, "a header and two episodes of 1000 env steps");
    assert_eq!(train[2][..3], ["2000", "50", "2"]);

    let json = succeed(folder.path(), &["inspect", "run", "--json"]);
    let inspected: Value = serde_json::from_str(&json).expect("it is JSON");
    for tag in ["eval/episode_reward", "loss/critic", "loss/actor", "loss/contrast"] {
        assert!(inspected.to_string().contains(tag), "{tag} is missing in {inspected}");
    }
}

#[test]
fn a_checkpoint_plays_back_anywhere() {
    let folder = folder();
    train(folder.path(), "run", &[]);
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("the folder can be made");
    let last = fs::canonicalize(folder.path().join("run/checkpoints/last")).expect("it is there");
    fs::rename(last, elsewhere.join("mine")).expect("it can be moved");
    fs::remove_dir_all(folder.path().join("run")).expect("the run can be removed");

    let eval = ["eval", "mine", "--episodes", "2", "--seed", "5", "--json", "--video", "film.mp4"];
    let report: Value =
        serde_json::from_str(&succeed(&elsewhere, &eval)).expect("it is one JSON object");
    assert_eq!(report["env"], "dmc:cartpole-swingup");
    assert_eq!(report["env_step"], 2000);
    assert_eq!(report["episodes"], 2);
    let returns: Vec<f64> = serde_json::from_value(report["returns"].clone()).expect("numbers");
    assert_eq!(returns.len(), 2);
    let mean = (returns[0] + returns[1]) / 2.0;
    assert!((report["mean_return"].as_f64().expect("a number") - mean).abs() < 1e-9);
    let film = fs::read(elsewhere.join("film.mp4")).expect("the film is there");
    assert_eq!(&film[4..8], b"ftyp");

    let again: Value = serde_json::from_str(&succeed(&elsewhere, &eval)).expect("it is JSON");
    assert_eq!(again, report, "the same seed plays the same episodes");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let folder = folder();
    let weights = |run: &str, seed: &str| {
        train(folder.path(), run, &["--seed", seed]);
        fs::read(folder.path().join(run).join("checkpoints/last/agent.safetensors"))
            .expect("the checkpoint is there")
    };
    let first = weights("a", "3");
    assert!(first == weights("b", "3"), "two runs with one seed differ");
    assert!(first != weights("c", "4"), "two seeds give one run");
}

#[test]
fn every_variant_trains() {
    let folder = folder();
    let variants = [
        "agent.contrast.positive=gaussian",
        "agent.contrast.objective=off",
        "agent.contrast.similarity=cosine",
        "agent.contrast.key_encoder=shared",
        "agent.encoder.critic_gradient=detached",
        "agent.precision=float64",
    ];
    for (index, variant) in variants.into_iter().enumerate() {
        let more = ["--set", variant, "--env-steps", "1000"];
        train(folder.path(), &format!("run{index}"), &more);
    }
    let whole_frames = ["agent.augmentations=[]", "env.render_size=36"]
        .into_iter()
        .chain(["agent.contrast.positive=gaussian"])
        .flat_map(|set| ["--set", set]);
    train(folder.path(), "whole", &whole_frames.collect::<Vec<_>>());
}

#[test]
fn an_interrupt_stops_with_a_checkpoint() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_curl"))
        .args(DEBUG)
        .args(["run", "--env-steps", "1000000"])
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut errors = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    // The first evaluation shows that the run is under way.
    errors
        .by_ref()
        .map(|line| line.expect("it is text"))
        .find(|line| line.contains("eval"))
        .expect("an evaluation is reported");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    errors.for_each(drop);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    assert!(String::from_utf8_lossy(&output.stdout).contains("stopped at"));
    succeed(folder.path(), &["eval", "run", "--episodes", "1"]);
}

#[test]
fn the_printed_configuration_is_a_configuration() {
    let folder = folder();
    let text = succeed(folder.path(), &["config", "--env", "cheetah-run", "--seed", "9"]);
    assert!(text.contains("learning_rate = 0.0002"), "{text}");
    fs::write(folder.path().join("mine.toml"), &text).expect("the file can be written");
    let again =
        succeed(folder.path(), &["config", "--env", "cheetah_run", "--config", "mine.toml"]);
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  #").next().unwrap_or("").trim().to_string()).collect()
    };
    assert_eq!(values(&again), values(&text));
}

#[test]
fn the_bench_measures_every_phase() {
    let folder = folder();
    let args = [
        "bench",
        "--env",
        "cartpole-swingup",
        "--preset",
        "debug",
        "--repeats",
        "2",
        "--batch-size",
        "9",
    ];
    let json = succeed(folder.path(), &[&args[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&json).expect("it is one JSON object");
    let phases = report["phases"].as_array().expect("a list");
    let names: Vec<&str> =
        phases.iter().map(|phase| phase["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["environment", "render", "act", "sample and crop", "update"]);
    assert_eq!(report["batch_size"], 9);
    let parts = report["update_phases"].as_array().expect("a list");
    for name in ["convolutions, recorded", "convolutions, way back", "Adam", "moving averages"] {
        assert!(parts.iter().any(|part| part["name"] == name), "{name} is missing in {parts:?}");
    }
    assert!(report["encoder"]["peak_gflops"].as_f64().expect("a number") > 0.0);
    let milliseconds = |phase: &Value| phase["milliseconds"].as_f64().expect("a number");
    assert!(phases.iter().all(|phase| milliseconds(phase) > 0.0));
}

#[test]
fn wrong_settings_are_refused_with_a_remedy() {
    let folder = folder();
    let path = folder.path();
    let with = |set: &str| fail(path, &[&DEBUG, &["run", "--set", set][..]].concat(), 2);
    assert!(with("agent.discout=0.9").contains("did you mean agent.discount"));
    assert!(with("agent.discount=99").contains("(0, 1]"));
    assert!(with("agent.discount=nan").contains("(0, 1]"));
    assert!(with("agent.contrast.positive=gausian").contains("gaussian"));
    assert!(with("train.batch_size=5000").contains("replay.capacity"));
    assert!(with("env.render_size=20").contains("image_size"));
    assert!(with("train.seed").contains("train.seed"));
    let unknown = fail(path, &["train", "--env", "cartpole_swingdown"], 2);
    assert!(unknown.contains("dmc:cartpole-swingup"), "{unknown}");
    let method = fail(path, &["train", "--env", "cartpole_swingup", "--method", "him2"], 2);
    assert!(method.contains("him"), "{method}");
    fail(path, &[&DEBUG, &["run", "--env-steps", "0"][..]].concat(), 2);
    fail(path, &["train"], 2);
    fail(path, &["trian"], 2);
    fail(path, &["train", "--env", "cartpole_swingup", "--config", "missing.toml"], 2);
    assert_eq!(fs::read_dir(path).expect("it is there").count(), 0, "nothing was written");
}

/// Settings that no machine can hold end in a message, before anything is allocated or written.
#[test]
fn absurd_sizes_are_refused_before_they_are_allocated() {
    let folder = folder();
    for set in [
        "replay.capacity=9000000000000000000",
        "agent.hidden_dim=9000000000000000000",
        "agent.encoder.filters=4000000000000",
        "agent.encoder.feature_dim=9000000000000000000",
        "env.frame_stack=9000000000000000000",
        "env.render_size=9000000000000000000",
        "train.threads=9000000000000000000",
        "env.action_repeat=9000000000000000000",
        "eval.episodes=0",
    ] {
        let output = curl(folder.path(), &[&DEBUG, &["run", "--set", set][..]].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{set}: {}\n{errors}", output.status);
        assert!(errors.contains("error: ") && !errors.contains("panicked"), "{set}: {errors}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

#[test]
fn earlier_files_are_never_written_over() {
    let folder = folder();
    let run = folder.path().join("run");
    fs::create_dir(&run).expect("it can be made");
    fs::write(run.join("mine"), "precious").expect("it can be written");
    let message = fail(folder.path(), &[&DEBUG, &["run"][..]].concat(), 2);
    assert!(message.contains("exists already"), "{message}");
    assert_eq!(fs::read_to_string(run.join("mine")).expect("it is there"), "precious");
    assert_eq!(fs::read_dir(&run).expect("it is there").count(), 1);
    let message = fail(folder.path(), &[&DEBUG, &["run/mine/deeper"][..]].concat(), 2);
    assert!(message.contains("cannot make"), "{message}");
}

#[test]
fn what_is_no_checkpoint_is_not_evaluated() {
    let folder = folder();
    let message = fail(folder.path(), &["eval", "nowhere"], 2);
    assert!(message.contains("is not a checkpoint"), "{message}");
    fail(folder.path(), &["eval", "nowhere", "--episodes", "0"], 2);
    train(folder.path(), "run", &[]);
    let message = fail(folder.path(), &["eval", "run", "--video", "film.avi"], 2);
    assert!(message.contains(".mp4"), "{message}");
}

#[test]
fn checkpoints_are_verified_shown_and_pruned() {
    let folder = folder();
    train(folder.path(), "run", &["--set", "checkpoint.every_env_steps=400"]);
    let verified = succeed(folder.path(), &["checkpoint", "verify", "run"]);
    assert_eq!(verified.matches("whole").count(), 4, "{verified}");
    assert!(verified.contains("run/replay: whole, 50 transitions"), "{verified}");

    let shown = succeed(folder.path(), &["checkpoint", "show", "run"]);
    assert!(shown.contains("env_step 2000, agent_step 50, update 34, episode 2"), "{shown}");
    let shown: Value =
        serde_json::from_str(&succeed(folder.path(), &["checkpoint", "show", "run", "--json"]))
            .expect("it is one JSON object");
    assert_eq!(shown["about"]["steps"]["env_step"], 2000);
    assert_eq!(shown["tensors"]["actor.fc.weight"], serde_json::json!([8, 900]));

    let pruned = succeed(folder.path(), &["checkpoint", "prune", "run"]);
    assert!(pruned.contains("removed run/checkpoints/env_step-000001600"), "{pruned}");
    let left = succeed(folder.path(), &["checkpoint", "verify", "run"]);
    assert!(!left.contains("001600") && left.contains("002000"), "{left}");
    succeed(folder.path(), &["checkpoint", "prune", "run", "--replay"]);
    let without = succeed(folder.path(), &["checkpoint", "verify", "run"]);
    assert!(without.contains("run/replay: none"), "{without}");
    let message = fail(folder.path(), &["train", "--resume", "run", "--env-steps", "3000"], 1);
    assert!(message.contains("can only be evaluated"), "{message}");
    succeed(folder.path(), &["eval", "run", "--episodes", "1"]);

    let tensors = folder.path().join("run/checkpoints/last/agent.safetensors");
    let mut bytes = fs::read(&tensors).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&tensors, bytes).expect("it can be written");
    let output = curl(folder.path(), &["checkpoint", "verify", "run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("the checksum of agent.safetensors"));
    fail(folder.path(), &["checkpoint", "prune", "nowhere"], 2);
}
