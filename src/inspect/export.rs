//! What inspection shows to programs.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{Inspection, Point, Run, Summary, TagPattern};

/// All matching curves, summed up. As JSON:
///
/// ```json
/// {
///   "best": "max",
///   "runs": [{
///     "run": "runs/dmc-cartpole-swingup/2024-10-01-s1",
///     "files": ["runs/dmc-cartpole-swingup/2024-10-01-s1/events.out.tfevents.1727780000.host.1.0"],
///     "damage": [{"file": "...", "offset": 1234, "reason": "..."}],
///     "scalars": {
///       "eval/episode_reward": {
///         "count": 3,
///         "non_finite": 0,
///         "first": {"step": 0, "wall_time": 1727780001.5, "value": 12.5},
///         "last": {"step": 20000, "wall_time": 1727780900.25, "value": 300.0},
///         "best": {"step": 10000, "wall_time": 1727780400.0, "value": 310.0},
///         "min": {"step": 0, "wall_time": 1727780001.5, "value": 12.5},
///         "max": {"step": 10000, "wall_time": 1727780400.0, "value": 310.0}
///       }
///     }
///   }]
/// }
/// ```
///
/// `best` is `max`. A value that is not finite is `null`; `best`, `min` and `max` are `null` where
/// no value is finite.
#[derive(Debug, Serialize)]
pub struct Export {
    best: &'static str,
    runs: Vec<RunExport>,
}

#[derive(Debug, Serialize)]
struct RunExport {
    run: String,
    files: Vec<String>,
    damage: Vec<DamageExport>,
    scalars: BTreeMap<String, SummaryExport>,
}

#[derive(Debug, Serialize)]
struct DamageExport {
    file: String,
    offset: u64,
    reason: String,
}

#[derive(Debug, Serialize)]
struct SummaryExport {
    count: usize,
    non_finite: usize,
    first: Point,
    last: Point,
    best: Option<Point>,
    min: Option<Point>,
    max: Option<Point>,
}

impl Export {
    pub fn new(inspection: &Inspection, pattern: &TagPattern) -> Self {
        let runs = inspection.runs().iter().map(|run| run_export(run, pattern)).collect();
        Self { best: "max", runs }
    }
}

fn run_export(run: &Run, pattern: &TagPattern) -> RunExport {
    let damage = run.files().iter().flat_map(|file| {
        file.damage().iter().map(|damage| DamageExport {
            file: file.path().display().to_string(),
            offset: damage.offset,
            reason: damage.to_string(),
        })
    });
    let summary = |tag: String| {
        let Summary { count, non_finite, first, last, min, max } = Summary::of(&run.curve(&tag))?;
        Some((tag, SummaryExport { count, non_finite, first, last, best: max, min, max }))
    };
    RunExport {
        run: run.name().to_owned(),
        files: run.files().iter().map(|file| file.path().display().to_string()).collect(),
        damage: damage.collect(),
        scalars: run.tags(pattern).into_iter().filter_map(summary).collect(),
    }
}

/// Writes all points of all matching curves as CSV: `run,tag,step,wall_time,value`.
///
/// # Errors
/// If `output` cannot be written.
pub fn write_csv(
    inspection: &Inspection,
    pattern: &TagPattern,
    output: impl io::Write,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(output);
    csv.write_record(["run", "tag", "step", "wall_time", "value"]).map_err(cause)?;
    for run in inspection.runs() {
        for tag in run.tags(pattern) {
            for Point { step, wall_time, value } in run.curve(&tag) {
                let numbers = [step.to_string(), wall_time.to_string(), value.to_string()];
                let [step, wall_time, value] = &numbers;
                csv.write_record([run.name(), &tag, step, wall_time, value]).map_err(cause)?;
            }
        }
    }
    csv.flush()
}

/// The error below, so that a caller can tell a closed pipe.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
