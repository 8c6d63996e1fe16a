//! Records that go on where a checkpoint was taken.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::console::Console;
use super::csv::{EvalCsv, TrainCsv, TrainCsvState};
use super::event_file::{EventFile, EventFileState, is_event_file, remove_unknown};
use super::pace::Pace;
use super::{EVAL, Metrics, MetricsError, TRAIN};
use crate::steps::Steps;

/// How far the records of a run have come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsState {
    /// Seconds that the run has taken.
    pub total_seconds: f64,
    pub eval_csv_bytes: u64,
    pub train_csv: TrainCsvState,
    /// In the order in which they were written.
    pub event_files: Vec<EventFileState>,
}

impl Metrics {
    /// Goes on with the records of a run that had come so far. What was written after that is cut
    /// off.
    ///
    /// # Errors
    /// If a file is missing, shorter than it was, or cannot be written.
    pub fn resume(
        run_dir: &Path,
        total_env_steps: u64,
        steps: &Steps,
        state: &MetricsState,
    ) -> Result<Self, MetricsError> {
        let foreign = |file: &&EventFileState| !is_event_file(&file.name);
        if let Some(EventFileState { name, .. }) = state.event_files.iter().find(foreign) {
            return Err(MetricsError::Name { name: name.clone() });
        }
        let now = Instant::now();
        Ok(Self {
            train: TrainCsv::reopen(&run_dir.join(TRAIN), &state.train_csv)?,
            eval: EvalCsv::reopen(&run_dir.join(EVAL), state.eval_csv_bytes)?,
            events: EventFile::continue_after(run_dir, &state.event_files, steps)?,
            earlier_events: state.event_files.clone(),
            console: Console::resume(total_env_steps, *steps, now),
            begun: now,
            seconds_before: state.total_seconds,
            episode_pace: Pace::start(now, *steps),
        })
    }

    /// Removes the records of a run that is to begin anew.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn remove(run_dir: &Path) -> Result<(), MetricsError> {
        for path in [run_dir.join(TRAIN), run_dir.join(EVAL)] {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(MetricsError::Reopen { path, source });
                }
                _ => {}
            }
        }
        remove_unknown(run_dir, &[])
    }

    /// How far the records have come.
    pub fn state(&self) -> MetricsState {
        let events = self.earlier_events.iter().cloned().chain([self.events.state()]);
        MetricsState {
            total_seconds: self.total_seconds(Instant::now()),
            eval_csv_bytes: self.eval.length(),
            train_csv: self.train.state(),
            event_files: events.collect(),
        }
    }
}
