//! Every method trains, as its preset says, from the environment to the checkpoint.

use std::path::Path;
use std::process::{Command, Output};

fn curl(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_curl")).args(args).output().expect("the program starts")
}

/// The arguments of a run of 200 updates with tiny networks.
fn run_of(method: &str, run_dir: &Path) -> Vec<String> {
    // Pictures of the method's own relation between frames and images.
    let (frame, image) = match method {
        "drq" => (36, 36),
        _ => (40, 36),
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
    let run_dir = ["--run-dir", run_dir.to_str().expect("the path is text")];
    let sets = sets.into_iter().flat_map(|set| ["--set".to_owned(), set]);
    start.iter().chain(&run_dir).map(|&arg| arg.to_owned()).chain(sets).collect()
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
    let listed = curl(&["methods", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("it is JSON");
    let methods = listed["methods"].as_array().expect("it is a list");
    assert!(methods.len() >= 16);
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    for method in methods {
        let name = method["name"].as_str().expect("it is text");
        let run_dir = folder.path().join(name);
        let args = run_of(name, &run_dir);
        let output = curl(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {told}");

        let evaluations = column(&run_dir.join("eval.csv"), "update");
        assert_eq!(evaluations.last(), Some(&200.0), "{name}");
        let losses = |loss| column(&run_dir.join("train.csv"), loss);
        assert!(losses("critic_loss").iter().all(|loss| loss.is_finite()), "{name}");
        let contrasts = !["rad", "drq", "sac-pixel", "sac-state"].contains(&name);
        assert_eq!(!losses("contrast_loss").is_empty(), contrasts, "{name}");
    }
}

#[test]
fn a_run_on_states_is_evaluated_from_its_checkpoint() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let run_dir = folder.path().join("run");
    let args = run_of("him-state", &run_dir);
    assert!(curl(&args.iter().map(String::as_str).collect::<Vec<_>>()).status.success());
    let run_dir = run_dir.to_str().expect("the path is text");
    let report = || curl(&["eval", run_dir, "--episodes", "2", "--json"]).stdout;
    let first: serde_json::Value = serde_json::from_slice(&report()).expect("it is JSON");
    assert_eq!(first["returns"].as_array().expect("a list").len(), 2, "{first}");
    assert_eq!(first, serde_json::from_slice::<serde_json::Value>(&report()).expect("JSON"));
}
