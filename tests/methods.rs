//! Every method trains, as its preset says, from the environment to the checkpoint.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::fixtures::SMALL_IMAGES;
use crate::program::{curl, fail, folder, succeed};

/// Trains for 200 updates with tiny networks.
fn train(folder: &Path, method: &str) {
    // Pictures of the method's own relation between frames and images.
    let (frame, image) = match method {
        "drq" => (36, 36),
        "sac-pixel" | "curl-contrast-only" => (40, 36),
        _ => (36, 40),
    };
    let sets = [
        format!("env.render_size={frame}"),
        format!("agent.image_size={image}"),
        "env.action_repeat=1".to_owned(),
        "train.env_steps=216".to_owned(),
        "train.batch_size=16".to_owned(),
        "train.threads=1".to_owned(),
        "eval.every_env_steps=216".to_owned(),
        "log.media_every_updates=100".to_owned(),
    ];
    let start = ["train", "--env", "gym:CartPole-v1", "--method", method, "--preset", "debug"];
    let sets = sets.iter().flat_map(|set| ["--set", set.as_str()]);
    let args: Vec<&str> = start.into_iter().chain(["--run-dir", method]).chain(sets).collect();
    succeed(curl(folder, &args));
}

/// What a command prints as JSON.
fn json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_slice(&succeed(curl(folder, args)).stdout).expect("it is JSON")
}

/// The numbers of a column that has a name.
fn column(path: &Path, name: &str) -> Vec<f64> {
    let mut rows = csv::Reader::from_path(path).expect("it is CSV");
    let columns = rows.headers().expect("there are columns").clone();
    let column = columns.iter().position(|column| column == name).expect("it is a column");
    rows.records().filter_map(|row| row.expect("it is a row")[column].parse().ok()).collect()
}

#[test]
fn every_method_trains_for_200_updates() {
    let folder = folder();
    let listed = json(folder.path(), &["methods", "--json"]);
    let methods = listed["methods"].as_array().expect("it is a list");
    assert!(methods.len() >= 16);
    for method in methods {
        let name = method["name"].as_str().expect("it is text");
        train(folder.path(), name);
        let run_dir = folder.path().join(name);
        let evaluations = column(&run_dir.join("eval.csv"), "update");
        assert_eq!(evaluations.last(), Some(&200.0), "{name}");
        let losses = |loss| column(&run_dir.join("train.csv"), loss);
        for loss in ["critic_loss", "contrast_loss"] {
            assert!(losses(loss).iter().all(|loss| loss.is_finite()), "{name}: {loss}");
        }
        assert!(!losses("critic_loss").is_empty(), "{name}");
        let contrasts = !["rad", "drq", "sac-pixel", "sac-state"].contains(&name);
        assert_eq!(!losses("contrast_loss").is_empty(), contrasts, "{name}");
        check_steps_ahead(folder.path(), name);
    }
}

/// That a contrast in time is logged for each step ahead that its method looks, and no other contrast is.
fn check_steps_ahead(folder: &Path, name: &str) {
    let steps = match name {
        "cpc" => 4,
        "tcl" => 7,
        "atc" => 1,
        _ => 0,
    };
    let inspected = json(folder, &["inspect", name, "--json"]);
    let scalars = inspected["runs"][0]["scalars"].as_object().expect("there are scalars");
    let logged: BTreeSet<&str> =
        scalars.keys().map(String::as_str).filter(|tag| tag.contains("_ahead/")).collect();
    let expected: Vec<String> = (1..=steps)
        .flat_map(|k| {
            ["accuracy", "information", "loss"]
                .map(|what| format!("loss/contrast_{k}_ahead/{what}"))
        })
        .collect();
    assert_eq!(logged, expected.iter().map(String::as_str).collect(), "{name}");
    for tag in logged {
        let scalar = &scalars[tag];
        assert!(
            scalar["count"].as_u64() > Some(0) && scalar["non_finite"] == 0,
            "{name}: {scalar}"
        );
    }
}

#[test]
fn a_run_on_states_is_evaluated_from_its_checkpoint() {
    let folder = folder();
    train(folder.path(), "him-state");
    let report = || json(folder.path(), &["eval", "him-state", "--episodes", "2", "--json"]);
    let first = report();
    assert_eq!(first["returns"].as_array().expect("a list").len(), 2, "{first}");
    assert_eq!(first, report());
}

/// How long an episode is, only the environment tells: here 1000 env steps, which are 25 agent steps.
#[test]
fn a_method_that_predicts_beyond_every_episode_is_refused() {
    let folder = folder();
    let train = |stride: &str| {
        let stride = format!("agent.contrast.temporal.stride={stride}");
        let start = ["train", "--env", "cartpole_swingup", "--method", "atc", "--preset", "debug"];
        let sets = SMALL_IMAGES.iter().copied().chain(["train.threads=1", stride.as_str()]);
        let sets = sets.flat_map(|set| ["--set", set]);
        let args: Vec<&str> = start.into_iter().chain(["--run-dir", "run"]).chain(sets).collect();
        curl(folder.path(), &args)
    };
    let expected = "error: agent.contrast.temporal.steps = 1 by agent.contrast.temporal.stride = 26 is 26 \
                    agent steps ahead, but an episode of dmc:cartpole-swingup has 25 at \
                    env.action_repeat = 40: lower steps or stride to a product of at most 25, or \
                    lower env.action_repeat";
    let message = fail(train("26"), 2);
    assert!(message.contains(expected), "{message}");
    // The last observation of an episode is 25 agent steps after the first.
    succeed(train("25"));
}
