use std::collections::HashMap;
use std::fs;

use super::*;
use crate::event_log::{EventLog, Scalar};

const STEPS: Steps = Steps { env_step: 1000, agent_step: 125, update: 25, episode: 1 };

/// Writes one record of every kind and gives back the event file.
fn write_everything(run_dir: &Path) -> PathBuf {
    let mut metrics = Metrics::create(run_dir, 10_000).unwrap();
    metrics.progress(&STEPS);
    metrics.losses(&STEPS, &[("critic", 0.25), ("contrast", f64::NAN)]).unwrap();
    let episode =
        Episode { episode_return: 12.5, length: 1000, replay_size: 125, replay_bytes: 5000 };
    metrics.episode(&STEPS, &episode).unwrap();
    let evaluation =
        Evaluation { returns: &[1.0, 3.0], mean_length: 1000.0, elapsed: Duration::ZERO };
    metrics.evaluation(&STEPS, &evaluation).unwrap();
    metrics.histogram(&STEPS, "weights/w", &[0.5, f32::NAN, -1.0]).unwrap();
    let image = Image { height: 2, width: 3, rgb: &[7; 18] };
    metrics.image(&STEPS, "crops", &image).unwrap();
    let state = metrics.state();
    metrics.finish(&STEPS).unwrap();
    let length = |name: &str| fs::metadata(run_dir.join(name)).unwrap().len();
    assert_eq!(length("train.csv"), state.train_csv.bytes);
    assert_eq!(length("eval.csv"), state.eval_csv_bytes);
    let [EventFileState { name, bytes }] = &state.event_files[..] else { panic!("{state:?}") };
    assert_eq!(length(name), *bytes);
    run_dir.join(name)
}

#[test]
fn every_record_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::new(write_everything(folder.path()));
    let news = log.read().unwrap();
    assert!(news.damage.is_empty());
    // The version, losses, train, replay, time, eval, histogram and image.
    assert_eq!(log.records(), 8);
    let values: HashMap<_, _> = news.scalars.iter().map(|s| (s.tag.as_str(), s.value)).collect();
    for (tag, value) in [
        ("loss/critic", 0.25),
        ("train/episode_reward", 12.5),
        ("train/episode_length", 1000.0),
        ("train/buffer_size", 125.0),
        ("replay/bytes", 5000.0),
        ("time/agent_step", 125.0),
        ("time/update", 25.0),
        ("time/episode", 1.0),
        ("eval/episode_reward", 2.0),
        ("eval/episode_reward_std", 1.0),
        ("eval/episode_length", 1000.0),
        ("weights/w/non_finite", 1.0),
    ] {
        assert_eq!(values.get(tag), Some(&value), "{tag}");
    }
    assert!(values["loss/contrast"].is_nan());
    assert!(values["time/env_steps_per_second"] > 0.0);
    assert!(values["time/resident_mib"] > 1.0);
    let now = unix_seconds();
    let recent = |s: &Scalar| s.step == 1000 && (now - s.wall_time).abs() < 600.0;
    assert!(news.scalars.iter().all(recent));
}

#[test]
fn the_csv_files_have_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    write_everything(folder.path());
    let train = fs::read_to_string(folder.path().join("train.csv")).unwrap();
    let row = train.lines().nth(1).unwrap();
    assert!(row.starts_with("1000,125,1,12.5,1000,125,"), "{row}");
    assert!(row.ends_with(",,0.25,,,,,NaN,,25"), "{row}");
    let eval = fs::read_to_string(folder.path().join("eval.csv")).unwrap();
    assert!(eval.lines().nth(1).unwrap().starts_with("1000,125,1,2,1000,"));
}

#[test]
fn the_event_file_is_found_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_everything(folder.path());
    let name = path.file_name().unwrap().to_str().unwrap();
    let rest = name.strip_prefix("events.out.tfevents.").unwrap();
    let (seconds, host) = rest.split_once('.').unwrap();
    assert!((seconds.parse::<f64>().unwrap() - unix_seconds()).abs() < 600.0);
    assert!(host.len() > 3);
    // Length and checksum, wall time (field 1), then the version as field 3.
    assert_eq!(fs::read(&path).unwrap()[21..][..15], *b"\x1a\x0dbrain.Event:2");
}

#[test]
fn a_folder_that_holds_a_run_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    write_everything(folder.path());
    let before = fs::read(folder.path().join("train.csv")).unwrap();
    let error = Metrics::create(folder.path(), 1).unwrap_err();
    assert!(matches!(error, MetricsError::Create { .. }));
    assert_eq!(fs::read(folder.path().join("train.csv")).unwrap(), before);
    assert!(Metrics::create(&folder.path().join("none"), 1).is_err());
}

/// All scalars of a run folder's event files with their steps, in the order of their names.
fn curve(run_dir: &Path, tag: &str) -> Vec<i64> {
    let mut paths: Vec<PathBuf> = fs::read_dir(run_dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("tfevents"))
        .collect();
    paths.sort();
    let scalars = paths.into_iter().flat_map(|path| EventLog::new(path).read().unwrap().scalars);
    scalars.filter(|scalar| scalar.tag == tag).map(|scalar| scalar.step).collect()
}

#[test]
fn records_go_on_where_a_checkpoint_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let at = |env_step| Steps { env_step, ..STEPS };
    let losses = [("critic", 3.0)];
    let episode = Episode { episode_return: 1.0, length: 9, replay_size: 9, replay_bytes: 9 };
    let evaluation = |metrics: &mut Metrics, env_step| {
        let returns = [1.0];
        let played = Evaluation { returns: &returns, mean_length: 9.0, elapsed: Duration::ZERO };
        metrics.evaluation(&at(env_step), &played).unwrap();
    };
    let mut whole = Metrics::create(folder.path(), 1000).unwrap();
    whole.losses(&at(10), &[("critic", 1.0)]).unwrap();
    whole.episode(&at(10), &episode).unwrap();
    whole.losses(&at(20), &losses).unwrap();
    let state = MetricsState { total_seconds: 1000.0, ..whole.state() };
    // Twice a process goes on, writes something, and is killed before the next checkpoint.
    for _ in 0..2 {
        let mut lost = Metrics::resume(folder.path(), 1000, &at(20), &state).unwrap();
        lost.losses(&at(30), &losses).unwrap();
        lost.episode(&at(30), &episode).unwrap();
        evaluation(&mut lost, 30);
    }
    let mut metrics = Metrics::resume(folder.path(), 1000, &at(20), &state).unwrap();
    metrics.losses(&at(30), &[("critic", 5.0)]).unwrap();
    metrics.episode(&at(30), &episode).unwrap();
    evaluation(&mut metrics, 40);

    let train = fs::read_to_string(folder.path().join("train.csv")).unwrap();
    let rows: Vec<Vec<&str>> = train.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 3, "{train}");
    assert_eq!(rows[2][9], "4", "the mean of what came before and after the checkpoint: {train}");
    assert!(rows[2][7].parse::<f64>().unwrap() >= 1000.0, "time goes on: {train}");
    assert_eq!(fs::read_to_string(folder.path().join("eval.csv")).unwrap().lines().count(), 2);
    assert_eq!(curve(folder.path(), "loss/critic"), [10, 20, 30]);
    assert_eq!(curve(folder.path(), "eval/episode_reward"), [40]);
}

#[test]
fn records_that_are_not_the_checkpoint_s_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = Metrics::create(folder.path(), 1000).unwrap();
    let state = metrics.state();
    let resume = |state: &MetricsState| Metrics::resume(folder.path(), 1000, &STEPS, state);
    let longer = MetricsState { eval_csv_bytes: state.eval_csv_bytes + 1, ..state.clone() };
    assert!(matches!(resume(&longer), Err(MetricsError::Short { .. })));
    for name in
        ["../events.out.tfevents.1", "/etc/passwd", "events.out.tfevents.1/../x", "train.csv"]
    {
        let file = EventFileState { name: name.to_owned(), bytes: 0 };
        let elsewhere = MetricsState { event_files: vec![file], ..state.clone() };
        assert!(matches!(resume(&elsewhere), Err(MetricsError::Name { .. })), "{name}");
    }
    resume(&state).unwrap();
}

fn unix_seconds() -> f64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64()
}
