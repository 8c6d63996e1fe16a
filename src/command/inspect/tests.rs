use std::path::Path;

use super::*;
use crate::command::is_broken_pipe;
use crate::metrics::{Evaluation, Metrics};
use crate::steps::Steps;

/// A run with ten evaluations and losses at each.
fn write_run(folder: &Path) -> Metrics {
    std::fs::create_dir_all(folder).unwrap();
    let mut metrics = Metrics::create(folder, 100).unwrap();
    for n in 0..10_u32 {
        let steps = Steps { env_step: u64::from(n) * 1000, ..Steps::default() };
        let returns = [100.0 - f64::from(7 - n.min(7)) * 10.0 - f64::from(n)];
        let evaluation =
            Evaluation { returns: &returns, mean_length: 5.0, elapsed: Duration::ZERO };
        metrics.evaluation(&steps, &evaluation).unwrap();
        metrics.losses(&steps, &[("critic", 1.0 / f64::from(n + 1))]).unwrap();
    }
    metrics
}

fn args(runs: &[&Path]) -> InspectArgs {
    let runs = runs.iter().map(|path| path.to_path_buf()).collect();
    InspectArgs { runs, tag: None, json: false, csv: false, follow: false }
}

fn shown(args: &InspectArgs) -> String {
    let mut output = Vec::new();
    show(args, &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

#[test]
fn the_table_has_count_first_last_best_and_a_curve() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path());
    let args =
        InspectArgs { tag: Some("eval/episode_reward".to_owned()), ..args(&[folder.path()]) };
    let text = shown(&args);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "eval/episode_reward");
    let header: Vec<_> = lines[1].split_whitespace().collect();
    assert_eq!(header.join(" "), "count first last best = max at step min at step run");
    let row: Vec<_> = lines[2].split_whitespace().take(7).collect();
    assert_eq!(row, ["10", "30", "91", "93", "7000", "30", "0"]);
    assert_eq!(lines.len(), 3 + 10);
    assert!(lines[3].starts_with("93 │") && lines[12].ends_with("9000"));
}

#[test]
fn runs_share_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    write_run(&one);
    write_run(&two);
    let text = shown(&args(&[&one, &two]));
    let picture = text.split("\n\n").find(|part| part.starts_with("loss/critic\n")).unwrap();
    assert_eq!(picture.lines().count(), 1 + 1 + 2 + 10);
    assert!(picture.contains("one\n") && picture.contains("two\n"));
    assert_eq!(text.split("\n\n").count(), 4);
}

#[test]
fn json_is_one_object_of_the_documented_shape() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path());
    let args = InspectArgs { json: true, ..args(&[folder.path()]) };
    let json: serde_json::Value = serde_json::from_str(&shown(&args)).unwrap();
    assert_eq!(json["best"], "max");
    let run = &json["runs"][0];
    assert_eq!(run["run"], folder.path().to_str().unwrap());
    assert_eq!(
        (run["files"].as_array().unwrap().len(), &run["damage"]),
        (1, &serde_json::json!([]))
    );
    assert_eq!(run["scalars"].as_object().unwrap().len(), 4);
    let reward = &run["scalars"]["eval/episode_reward"];
    assert_eq!((&reward["count"], &reward["non_finite"]), (&10.into(), &0.into()));
    for (key, step, value) in [
        ("first", 0, 30.0),
        ("last", 9000, 91.0),
        ("best", 7000, 93.0),
        ("min", 0, 30.0),
        ("max", 7000, 93.0),
    ] {
        assert_eq!((&reward[key]["step"], &reward[key]["value"]), (&step.into(), &value.into()));
        assert!(reward[key]["wall_time"].as_f64().unwrap() > 1.7e9);
    }
}

#[test]
fn csv_has_every_point() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("with, comma");
    write_run(&run);
    let args = InspectArgs { csv: true, tag: Some("loss/*".to_owned()), ..args(&[&run]) };
    let text = shown(&args);
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(csv.headers().unwrap(), vec!["run", "tag", "step", "wall_time", "value"]);
    let rows: Vec<_> = csv.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 10);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!((&row[0], &row[1]), (run.to_str().unwrap(), "loss/critic"));
        assert_eq!(row[2], (n * 1000).to_string());
        assert_eq!(row[4].parse(), Ok(f64::from(1.0 / (n + 1) as f32)));
    }
}

#[test]
fn damage_costs_what_it_hit_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let events = write_run(folder.path()).state().event_files.remove(0);
    let (path, length) = (folder.path().join(events.name), events.bytes);
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 1).unwrap();
    let args = InspectArgs { json: true, ..args(&[folder.path()]) };
    let json: serde_json::Value = serde_json::from_str(&shown(&args)).unwrap();
    let run = &json["runs"][0];
    assert_eq!(run["scalars"]["loss/critic"]["count"], 9);
    assert_eq!(run["scalars"]["eval/episode_reward"]["count"], 10);
    assert!(run["damage"][0]["offset"].as_u64().unwrap() > length - 60);
    assert!(run["damage"][0]["reason"].as_str().unwrap().contains("cut off"));
}

#[test]
fn what_cannot_be_shown_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write_run(&folder.path().join("run"));
    let mut bad = args(&[folder.path()]);
    for pattern in ["[", "none/*"] {
        bad.tag = Some(pattern.to_owned());
        assert!(show(&bad, &mut Vec::new()).is_err());
    }
    let error = show(&args(&[&folder.path().join("none")]), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().starts_with("there is no "));
}

/// Takes `pages` writes and is closed then; calls `between` after each.
struct Reader<F> {
    pages: Vec<String>,
    limit: usize,
    between: F,
}

impl<F: FnMut(usize)> Write for Reader<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.pages.len() == self.limit {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.pages.push(String::from_utf8(bytes.to_vec()).unwrap());
        (self.between)(self.pages.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path());
    for (json, csv) in [(false, false), (true, false), (false, true)] {
        let args = InspectArgs { json, csv, ..args(&[folder.path()]) };
        let mut closed = Reader { pages: Vec::new(), limit: 0, between: |_| () };
        assert!(is_broken_pipe(&show(&args, &mut closed).unwrap_err()));
    }
    assert!(!is_broken_pipe(&anyhow::anyhow!("another")));
}

#[test]
fn a_followed_folder_is_shown_again_when_it_has_grown() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut metrics = None;
    let between = |pages| match pages {
        1 => metrics = Some(write_run(&run)),
        2 => {
            let steps = Steps { env_step: 50_000, ..Steps::default() };
            metrics.as_mut().unwrap().losses(&steps, &[("critic", 5.0)]).unwrap();
        }
        _ => metrics.as_mut().unwrap().losses(&Steps::default(), &[("critic", 1.0)]).unwrap(),
    };
    let mut reader = Reader { pages: Vec::new(), limit: 3, between };
    let mut inspection = Inspection::new(&[folder.path().to_owned()]).unwrap();
    let critic = TagPattern::new("loss/critic").unwrap();
    let error = follow(&mut inspection, &critic, &mut reader, Duration::ZERO).unwrap_err();
    assert!(is_broken_pipe(&error));
    let pages = reader.pages;
    assert_eq!(pages[0], "no scalars yet\n\n");
    assert!(pages[1].contains("  10  ") && !pages[1].contains("50000"));
    assert!(pages[2].contains("  11  ") && pages[2].contains("50000"));
}
