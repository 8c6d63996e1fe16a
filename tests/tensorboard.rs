//! Event files between programs: ours read by TensorBoard itself, and others' read by us.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use curl_rl::event_log::EventLog;
use curl_rl::metrics::{Episode, Evaluation, Image, Metrics};
use curl_rl::steps::Steps;
use serde_json::Value;

/// The reader that ours is held to.
const TENSORBOARD: &str = "tensorboard==2.21.0";

#[test]
fn tensorboard_reads_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let weights: Vec<f32> = (0..1000).map(|n| (n as f32 - 300.0) / 100.0).collect();
    let rgb: Vec<u8> = (0..4 * 6 * 3).collect();
    write_run(folder.path(), &weights, &rgb);
    let read = read_with_tensorboard(folder.path());

    let scalars = read["scalars"].as_object().unwrap();
    for (tag, expected) in expected_scalars() {
        let points = scalars.get(tag).unwrap_or_else(|| panic!("no {tag} in {scalars:?}"));
        assert_eq!(*points, expected, "{tag}");
    }
    for tag in ["env_steps_per_second", "updates_per_second", "total_seconds"] {
        let points = scalars[&format!("time/{tag}")].as_array().unwrap();
        assert!(points.len() == 3 && points.iter().all(|point| point[1].as_f64().unwrap() > 0.0));
    }
    assert_eq!(scalars.len(), expected_scalars().len() + 3 + 1);

    let histogram = &read["histograms"]["weights/w"][0];
    let number = |key: &str| histogram[key].as_f64().unwrap();
    let values = || weights.iter().map(|value| f64::from(*value));
    assert_eq!((&histogram["step"], number("num"), number("in_buckets")), (&3000.into(), 1e3, 1e3));
    assert_eq!((number("min"), number("max")), (-3.0, f64::from(6.99_f32)));
    assert_eq!(number("sum"), values().sum::<f64>());
    assert_eq!(number("sum_squares"), values().map(|value| value * value).sum::<f64>());

    let image = &read["images"]["crops"][0];
    assert_eq!(
        (&image["height"], &image["width"], &image["step"]),
        (&4.into(), &6.into(), &3000.into())
    );
    assert_eq!(image["pixels"], serde_json::json!(rgb));
}

/// Three episodes with losses and evaluations, a histogram and a picture.
fn write_run(run_dir: &Path, weights: &[f32], rgb: &[u8]) {
    let mut metrics = Metrics::create(run_dir, 3000).unwrap();
    for episode in 1..=3_u32 {
        let number = f64::from(episode);
        let env_step = u64::from(episode) * 1000;
        let steps = Steps {
            env_step,
            agent_step: env_step / 8,
            update: env_step / 8 - 100,
            episode: u64::from(episode),
        };
        metrics.losses(&steps, &[("critic", 0.1 * number), ("actor", f64::NAN)]).unwrap();
        let ended = Episode {
            episode_return: 1.7 * number,
            length: 1000,
            replay_size: env_step / 8,
            replay_bytes: env_step * 30,
        };
        metrics.episode(&steps, &ended).unwrap();
        let returns = [number, number + 2.0];
        let evaluation =
            Evaluation { returns: &returns, mean_length: 1000.0, elapsed: Duration::ZERO };
        metrics.evaluation(&steps, &evaluation).unwrap();
    }
    let end = Steps { env_step: 3000, agent_step: 375, update: 275, episode: 3 };
    metrics.histogram(&end, "weights/w", weights).unwrap();
    metrics.image(&end, "crops", &Image { height: 4, width: 6, rgb }).unwrap();
    metrics.finish(&end).unwrap();
}

/// The points (step, value) of every scalar whose value does not depend on the clock; a value that
/// is not finite is null.
fn expected_scalars() -> BTreeMap<&'static str, Value> {
    let points = |value: fn(f64) -> f64| {
        let point = |n: u32| serde_json::json!([n * 1000, value(f64::from(n)) as f32]);
        Value::Array((1..=3).map(point).collect())
    };
    BTreeMap::from([
        ("loss/critic", points(|n| 0.1 * n)),
        ("loss/actor", points(|_| f64::NAN)),
        ("train/episode_reward", points(|n| 1.7 * n)),
        ("train/episode_length", points(|_| 1000.0)),
        ("train/buffer_size", points(|n| 125.0 * n)),
        ("replay/bytes", points(|n| 30_000.0 * n)),
        ("time/agent_step", points(|n| 125.0 * n)),
        ("time/update", points(|n| 125.0 * n - 100.0)),
        ("time/episode", points(|n| n)),
        ("eval/episode_reward", points(|n| n + 1.0)),
        ("eval/episode_reward_std", points(|_| 1.0)),
        ("eval/episode_length", points(|_| 1000.0)),
    ])
}

#[test]
fn files_of_other_writers_are_read() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tensorboard");
    let expected = fs::read_to_string(golden.join("expected.json")).unwrap();
    type Curves = BTreeMap<String, Vec<(i64, f64, f64)>>;
    let expected: BTreeMap<String, Curves> = serde_json::from_str(&expected).unwrap();
    assert_eq!(expected.len(), 2);
    for (name, expected) in expected {
        let mut log = EventLog::new(golden.join(name));
        let news = log.read().unwrap();
        assert!(news.damage.is_empty());
        let mut curves = Curves::new();
        for scalar in news.scalars {
            let point = (scalar.step, scalar.wall_time, scalar.value);
            curves.entry(scalar.tag).or_default().push(point);
        }
        assert_eq!(curves, expected);
    }
}

/// What the `tensorboard` package finds in a folder: see tests/tensorboard/read_events.py.
fn read_with_tensorboard(folder: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tensorboard/read_events.py");
    let output = run(Command::new(tensorboard_python()).arg(script).arg(folder));
    serde_json::from_slice(&output).unwrap()
}

/// The Python of a virtual environment with TensorBoard in it, which is made by the first test that
/// asks and kept beside what cargo builds.
pub fn tensorboard_python() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    fs::create_dir_all(&target).unwrap();
    let lock = File::create(target.join("venv-tensorboard.lock")).unwrap();
    lock.lock().unwrap();
    let venv = target.join("venv-tensorboard");
    let python = venv.join("bin/python");
    let installed = venv.join(format!("installed-{TENSORBOARD}"));
    if !installed.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", TENSORBOARD];
        run(Command::new(&python).args(pip));
        File::create(installed).unwrap();
    }
    python
}

/// Runs a step of Python and gives back what it printed.
pub fn run(command: &mut Command) -> Vec<u8> {
    let needs = "this test needs Python 3.9 or newer with its venv module, and once the network to \
                 install TensorBoard";
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; {needs}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed; {needs}\n{errors}");
    output.stdout
}
