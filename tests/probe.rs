//! `curl probe` on a small run.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{curl, fail, folder, succeed, text, train};
use crate::tensorboard::{run, tensorboard_python};

fn probe(folder: &Path, args: &[&str]) -> String {
    text(&succeed(curl(folder, &[&["probe", "run", "--frames", "120"], args].concat())).stdout)
}

#[test]
fn a_run_is_probed() {
    let folder = folder();
    let folder = folder.path();
    succeed(train(folder, "run", &[]));

    let printed = probe(folder, &["--seed", "3", "--json", "--out", "new/probed"]);
    let report: Value = serde_json::from_str(&printed).expect("it is one JSON object");
    check_report(&report);
    check_files(&folder.join("new/probed"));

    let again = probe(folder, &["--seed", "3", "--json"]);
    assert_eq!(again, printed, "the same seed is the same probe");
    let other = probe(folder, &["--seed", "4", "--json"]);
    assert_ne!(other, printed);

    let table = probe(folder, &["--env", "cartpole_balance"]);
    assert!(table.starts_with("dmc:cartpole-balance after 12000 env steps: 120 frames"), "{table}");
    for line in ["representation ", "latent ", "random features ", "pixels ", "velocity[1] "] {
        assert!(table.contains(&format!("\n{line}")), "{line} is missing in\n{table}");
    }
    refused(folder);
}

#[test]
fn views_that_never_differ_are_not_compared() {
    let folder = folder();
    let method = ["--method", "sac-pixel", "--set", "train.env_steps=800"];
    let sizes = ["--set", "env.render_size=40", "--set", "agent.image_size=36"];
    succeed(train(folder.path(), "run", &[&method[..], &sizes].concat()));
    let report = probe(folder.path(), &["--json"]);
    let report: Value = serde_json::from_str(&report).expect("it is one JSON object");
    for scores in report["representations"].as_array().expect("a list") {
        assert!(scores["retrieval"].is_null() && scores["alignment"].is_null(), "{scores}");
        assert!(scores["uniformity"].is_number(), "{scores}");
    }
}

fn check_report(report: &Value) {
    assert_eq!(report["env"], "dmc:cartpole-swingup");
    assert_eq!((&report["env_step"], &report["seed"]), (&json!(12000), &json!(3)));
    // Of the 26 observations of an episode one in three is kept: thirteen times nine, and three. Two of
    // the episodes are for testing, one of each kind of actions.
    assert_eq!((&report["frames"], &report["episodes"]), (&json!(120), &json!(14)));
    assert_eq!(report["test_episodes"], 2);
    let test_frames = report["test_frames"].as_u64().expect("a number");
    assert!([12, 18].contains(&test_frames), "{test_frames}");
    assert_eq!(report["keys"], 120);
    let retrieval = report["contrast_retrieval"].as_f64().expect("the contrast was trained");
    assert!((0.0..=1.0).contains(&retrieval), "{report}");
    let coordinates = report["coordinates"].as_array().expect("a list");
    assert_eq!(coordinates.len(), 5, "{report}");
    assert_eq!(report["left_out"], json!([]));

    let scores = report["representations"].as_array().expect("a list");
    let names: Vec<&Value> = scores.iter().map(|scores| &scores["name"]).collect();
    let expected = ["latent", "features", "random latent", "random features", "pixels"];
    assert_eq!(names, expected);
    // 4 filters of 15 x 15 numbers are projected.
    let numbers: Vec<&Value> = scores.iter().map(|scores| &scores["numbers"]).collect();
    assert_eq!(numbers, [8, 512, 8, 512, 3 * 21 * 21]);
    for scores in scores {
        let number = |key: &str| scores[key].as_f64().expect("a number");
        let most = number("numbers").min(119.0);
        assert!((1.0..=most).contains(&number("effective_rank")), "{scores}");
        assert!((0.0..=4.0).contains(&number("alignment")), "{scores}");
        assert!((-8.0..=0.0).contains(&number("uniformity")), "{scores}");
        assert!((0.0..=1.0).contains(&number("retrieval")), "{scores}");
        for readout in ["linear", "mlp"] {
            let readout = &scores["readouts"][readout];
            let r2 = readout["r2"].as_array().expect("a list");
            let r2: Vec<f64> = r2.iter().map(|r2| r2.as_f64().expect("a number")).collect();
            assert!(r2.len() == 5 && r2.iter().all(|&r2| r2 <= 1.0), "{readout}");
            let mean = readout["mean_r2"].as_f64().expect("a number");
            assert!((mean - r2.iter().sum::<f64>() / 5.0).abs() < 1e-9, "{readout}");
        }
    }
}

/// The pictures, and that TensorBoard's own projector serves the rest.
fn check_files(out: &Path) {
    let mut names: Vec<String> = fs::read_dir(out)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let projection = names.iter().position(|name| name.starts_with("projection-"));
    let projection = names.remove(projection.expect("there is a scatter plot"));
    assert!(projection.ends_with("-percent.png"), "{projection}");
    let expected = [
        "metadata.tsv",
        "neighbours.png",
        "projector_config.pbtxt",
        "saliency.png",
        "sprite.png",
        "tensors.tsv",
    ];
    assert_eq!(names, expected);
    assert_eq!(size(&out.join("neighbours.png")), (6 * 42, 8 * 42));
    assert_eq!(size(&out.join("saliency.png")), (8 * 38, 2 * 38));
    assert_eq!(size(&out.join(projection)), (640, 640));

    let rows = fs::read_to_string(out.join("tensors.tsv")).expect("it is text");
    assert_eq!(rows.lines().count(), 120);
    assert!(rows.lines().all(|row| row.split('\t').count() == 8));

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tensorboard/read_projector.py");
    let served = run(Command::new(tensorboard_python()).arg(script).arg(out));
    let served: Value = serde_json::from_slice(&served).expect("it is JSON");
    assert_eq!((&served["shape"], &served["thumbnail"]), (&json!([120, 8]), &json!([40, 40])));
    assert_eq!(served["tensor_bytes"], 120 * 8 * 4);
    // As many rows as columns: 11 x 11 pictures.
    assert_eq!(served["sprite"], json!(["PNG", "RGB", 440, 440]));
    let metadata = served["metadata"].as_array().expect("a list");
    assert_eq!(metadata.len(), 1 + 120);
    assert_eq!(metadata[0][2], "actions");
    assert_eq!(metadata[0][7], "velocity[1]");
    assert!(metadata.iter().all(|row| row.as_array().is_some_and(|row| row.len() == 8)));
    assert_eq!((&metadata[1][2], &metadata[120][2]), (&json!("uniform"), &json!("policy")));
}

/// Width and height of a picture.
fn size(path: &Path) -> (u32, u32) {
    let file = std::io::BufReader::new(fs::File::open(path).expect("the picture is there"));
    let reader = png::Decoder::new(file).read_info().expect("it is a PNG");
    (reader.info().width, reader.info().height)
}

fn refused(folder: &Path) {
    let wrong = |args: &[&str], code| fail(curl(folder, &[&["probe"], args].concat()), code);
    let few = wrong(&["run", "--frames", "99"], 2);
    assert!(few.contains("99 frames are too few to be split by episode"), "{few}");
    let taken = wrong(&["run", "--out", "run"], 2);
    assert!(taken.contains("run is there already"), "{taken}");
    let unknown = wrong(&["run", "--env", "cartpole_swingdown"], 2);
    assert!(unknown.contains("dmc:cartpole-swingup"), "{unknown}");
    let other = wrong(&["run", "--env", "walker-walk"], 2);
    assert!(other.contains("6 continuous numbers, but the agent acts with 1"), "{other}");
    let states = [
        "env.observation=state",
        "agent.augmentations=[]",
        "agent.contrast.objective=off",
        "replay.codec=auto",
        "train.env_steps=2000",
    ];
    let sets: Vec<&str> = states.into_iter().flat_map(|set| ["--set", set]).collect();
    succeed(train(folder, "states", &sets));
    let blind = wrong(&["states"], 2);
    assert!(blind.contains("its agent observes states"), "{blind}");
    let none = wrong(&["nowhere"], 2);
    assert!(none.contains("is not a checkpoint"), "{none}");
}
