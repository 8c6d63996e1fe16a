//! Checkpoints that are played in other environments than their own.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{curl, fail, folder, succeed, text};

/// Trains for a second or two in an environment, with the small networks of the preset `debug`.
fn train(folder: &Path, env: &str, run: &str) {
    train_by(folder, env, run, &[]);
}

/// The same by a method.
fn train_by(folder: &Path, env: &str, run: &str, method: &[&str]) {
    let preset = ["train", "--preset", "debug", "--set", "train.threads=1"];
    let budget = ["--env-steps", "1000", "--set", "eval.episodes=1"];
    succeed(curl(
        folder,
        &[&preset[..], &budget, method, &["--env", env, "--run-dir", run]].concat(),
    ));
}

fn eval(folder: &Path, run: &str, more: &[&str]) -> Value {
    let args = [&["eval", run, "--json", "--episodes", "2", "--seed", "3"], more].concat();
    let output = succeed(curl(folder, &args));
    serde_json::from_slice(&output.stdout).expect("it is one JSON object")
}

#[test]
fn an_agent_plays_where_its_actions_fit() {
    let folder = folder();
    let folder = folder.path();
    train(folder, "dmc:cartpole-swingup", "run");
    let own = eval(folder, "run", &[]);
    assert_eq!(own["env"], "dmc:cartpole-swingup");

    // Named or not, the own environment is the same, and one that looks the same all but is.
    assert_eq!(eval(folder, "run", &["--env", "cartpole_swingup"]), own);
    let plain = eval(folder, "run", &["--env", "cartpole-swingup?color=0"]);
    assert_eq!(plain["returns"], own["returns"]);

    let distracted = ["--env", "cartpole_swingup?color=0.5", "--eval-envs", "2"];
    let distracted = eval(folder, "run", &distracted);
    assert_eq!(distracted["env"], "dmc:cartpole-swingup?color=0.5");
    assert_eq!(distracted["trained_in"], "dmc:cartpole-swingup");
    assert_ne!(distracted["returns"], own["returns"], "the agent sees the colours");
    // Actions of one number, too, but another domain.
    let other = ["eval", "run", "--episodes", "1", "--env", "pendulum-swingup"];
    let told = text(&succeed(curl(folder, &other)).stdout);
    let line = "dmc:pendulum-swingup after 1000 env steps of training in dmc:cartpole-swingup";
    assert!(told.starts_with(line), "{told}");
}

#[test]
fn an_agent_is_not_played_where_its_actions_do_not_fit() {
    let folder = folder();
    let folder = folder.path();
    train(folder, "dmc:cartpole-swingup", "continuous");
    train(folder, "gym:CartPole-v1", "discrete");
    let refused = |run: &str, env: &str| fail(curl(folder, &["eval", run, "--env", env]), 2);
    for (run, env, told) in [
        ("continuous", "walker-walk", ["6 continuous numbers", "1 continuous number;"]),
        ("continuous", "gym:CartPole-v1", ["takes one of 2 choices", "1 continuous number;"]),
        ("discrete", "cartpole-swingup", ["1 continuous number,", "one of 2 choices;"]),
        ("discrete", "MountainCar-v0", ["takes one of 3 choices", "one of 2 choices;"]),
    ] {
        let message = refused(run, env);
        assert!(message.contains("--env"), "{message}");
        assert!(told.iter().all(|part| message.contains(part)), "{message}");
    }
    let states = ["--method", "sac-state"];
    train_by(folder, "dmc:cartpole-swingup", "states", &states);
    eval(folder, "states", &["--env", "cartpole-balance"]);
    let message = refused("states", "pendulum-swingup");
    assert!(message.contains("states of 3 numbers") && message.contains("of 5"), "{message}");
    let unknown = refused("continuous", "cartpole-swngup");
    assert!(unknown.contains("dmc:cartpole-swingup"), "{unknown}");
    refused("continuous", "cartpole-swingup?color=2");
    let left = fs::read_dir(folder).expect("it is there").count();
    assert_eq!(left, 3, "nothing was written");
}
