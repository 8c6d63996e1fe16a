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
    let files = metrics.files().map(|(path, length)| (path.to_owned(), length));
    metrics.finish(&STEPS).unwrap();
    for (path, length) in &files {
        assert_eq!(fs::metadata(path).unwrap().len(), *length);
    }
    files.into_iter().next().unwrap().0
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

fn unix_seconds() -> f64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64()
}
