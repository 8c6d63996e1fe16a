//! The records of a run: one call, many sinks.
//!
//! [`Metrics`] takes what the training loop knows and writes it to
//! - a TensorBoard event file, `events.out.tfevents.<unix time>.<host>.<pid>.0` ([`event_file`]);
//! - `train.csv` and `eval.csv`, with the column names of DrQ-v2's logger ([`csv`]);
//! - the terminal: a progress bar, or plain lines where standard error is no terminal
//!   ([`console`]).
//!
//! Every x axis is `env_step`. A record is written whole, at once and without a buffer of our own,
//! so that a running run can be watched and a stopped one has lost nothing. A write that fails is
//! an error ([`MetricsError`]), never a panic, and leaves the records before it as they were.
//!
//! Scalars in the event file:
//!
//! | tags | written |
//! |---|---|
//! | `train/episode_reward`, `train/episode_length`, `train/buffer_size`, `replay/bytes` | at each episode's end |
//! | `time/env_steps_per_second`, `time/updates_per_second`, `time/total_seconds`, `time/resident_mib`, `time/agent_step`, `time/update`, `time/episode` | at each episode's end |
//! | `loss/<name>` | with each [`Metrics::losses`] |
//! | `replay/mean_age`, `replay/oldest_age` | with each [`Metrics::ages`] |
//! | `time/checkpoint_seconds` | after each checkpoint |
//! | `eval/episode_reward`, `eval/episode_reward_std`, `eval/episode_length` | after each evaluation |

pub mod console;
pub mod csv;
pub mod event_file;
mod growing_file;
mod histogram;
mod pace;
mod state;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use console::Console;
use csv::{EvalCsv, Measured, TrainCsv};
use event_file::{EventFile, EventFileState};
use pace::Pace;
pub use state::MetricsState;

use crate::memory::resident_bytes;
use crate::replay::Ages;
use crate::statistics::mean_and_std;
use crate::steps::Steps;

const TRAIN: &str = "train.csv";
const EVAL: &str = "eval.csv";

/// An episode of training that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// Sum of its rewards, undiscounted.
    pub episode_return: f64,
    /// Env steps that it took.
    pub length: u64,
    /// Transitions in the replay at its end.
    pub replay_size: u64,
    /// Bytes of memory that their frames take.
    pub replay_bytes: u64,
}

/// An evaluation that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation<'a> {
    /// Undiscounted return of each episode.
    pub returns: &'a [f64],
    /// Mean length of the episodes in env steps.
    pub mean_length: f64,
    /// How long the evaluation took, which is left out of the rates of training.
    pub elapsed: Duration,
}

/// A picture: `rgb` is height x width x 3, row by row from the top.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    pub height: usize,
    pub width: usize,
    pub rgb: &'a [u8],
}

/// Why a record could not be written.
#[derive(Debug, Error)]
pub enum MetricsError {
    #[error("cannot create {path}; choose a run folder that can be written and holds no run yet")]
    Create { path: PathBuf, source: io::Error },
    #[error(
        "cannot append to {path}, which keeps its first {length} bytes; free space on its disk or \
         make it writable"
    )]
    Append { path: PathBuf, length: u64, source: io::Error },
    #[error("cannot go on with {path}; check that the run folder is whole and can be written")]
    Reopen { path: PathBuf, source: io::Error },
    #[error(
        "{path} has {got} bytes, {expected} at the checkpoint; restore it from a copy, or evaluate the \
         checkpoint and start a new run"
    )]
    Short { path: PathBuf, expected: u64, got: u64 },
    #[error("the checkpoint names {name:?} as a log of its run, which is no name of one")]
    Name { name: String },
    #[error("cannot bring {path} to the disk; check that the disk is whole and still mounted")]
    Sync { path: PathBuf, source: io::Error },
    #[error(
        "image {tag} is no picture: {height} x {width} x 3 needs {expected} bytes of at least one \
         pixel, got {got}; give height, width and RGB bytes of the same image"
    )]
    Image { tag: String, height: usize, width: usize, expected: usize, got: usize },
}

/// The sinks of one run.
#[derive(Debug)]
pub struct Metrics {
    /// Event files of earlier processes of this run.
    earlier_events: Vec<EventFileState>,
    events: EventFile,
    train: TrainCsv,
    eval: EvalCsv,
    console: Console,
    begun: Instant,
    /// Seconds that the run had taken when `begun`.
    seconds_before: f64,
    /// Runs from one episode's end to the next.
    episode_pace: Pace,
}

impl Metrics {
    /// Creates the files of a run in `run_dir`, which exists.
    ///
    /// # Errors
    /// If a file exists already or cannot be written.
    pub fn create(run_dir: &Path, total_env_steps: u64) -> Result<Self, MetricsError> {
        let now = Instant::now();
        Ok(Self {
            train: TrainCsv::create(&run_dir.join(TRAIN))?,
            eval: EvalCsv::create(&run_dir.join(EVAL))?,
            earlier_events: Vec::new(),
            events: EventFile::create(run_dir)?,
            console: Console::new(total_env_steps, now),
            begun: now,
            seconds_before: 0.0,
            episode_pace: Pace::start(now, Steps::default()),
        })
    }

    /// Shows how far the run is. Cheap enough for each agent step: mostly one look at the clock.
    pub fn progress(&mut self, steps: &Steps) {
        self.console.progress(steps, Instant::now());
    }

    /// Records the losses of one update. [`csv`] says which names have a column; the event file
    /// takes any.
    ///
    /// # Errors
    /// If the event file cannot be written.
    pub fn losses(&mut self, steps: &Steps, losses: &[(&str, f64)]) -> Result<(), MetricsError> {
        self.train.add_losses(losses);
        self.events.scalars(steps, "loss", losses)
    }

    /// Records how old the transitions of one update's batch are.
    ///
    /// # Errors
    /// If the event file cannot be written.
    pub fn ages(&mut self, steps: &Steps, ages: Ages) -> Result<(), MetricsError> {
        let Ages { mean, oldest } = ages;
        let scalars = [("mean_age", mean), ("oldest_age", oldest as f64)];
        self.events.scalars(steps, "replay", &scalars)
    }

    /// Records an episode's end, with the rates since the one before it and the mean losses since
    /// then.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn episode(&mut self, steps: &Steps, episode: &Episode) -> Result<(), MetricsError> {
        let now = Instant::now();
        let rates = self.episode_pace.rates(steps, now);
        self.episode_pace = Pace::start(now, *steps);
        let total_seconds = self.total_seconds(now);

        let train = [
            ("episode_reward", episode.episode_return),
            ("episode_length", episode.length as f64),
            ("buffer_size", episode.replay_size as f64),
        ];
        let mut time = vec![
            ("env_steps_per_second", rates.env_steps_per_second),
            ("updates_per_second", rates.updates_per_second),
            ("total_seconds", total_seconds),
            ("agent_step", steps.agent_step as f64),
            ("update", steps.update as f64),
            ("episode", steps.episode as f64),
        ];
        if let Some(bytes) = resident_bytes() {
            time.push(("resident_mib", bytes as f64 / f64::from(1 << 20)));
        }
        self.events.scalars(steps, "train", &train)?;
        self.events.scalars(steps, "replay", &[("bytes", episode.replay_bytes as f64)])?;
        self.events.scalars(steps, "time", &time)?;
        let measured = Measured { fps: rates.env_steps_per_second, total_seconds };
        self.train.row(steps, episode, measured)
    }

    /// Records an evaluation.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn evaluation(
        &mut self,
        steps: &Steps,
        evaluation: &Evaluation<'_>,
    ) -> Result<(), MetricsError> {
        let now = Instant::now();
        self.episode_pace.leave_out(evaluation.elapsed);
        let (mean, std) = mean_and_std(evaluation.returns);
        self.console.evaluation(steps, mean, evaluation.elapsed, now);
        let scalars = [
            ("episode_reward", mean),
            ("episode_reward_std", std),
            ("episode_length", evaluation.mean_length),
        ];
        self.events.scalars(steps, "eval", &scalars)?;
        let total_seconds = self.total_seconds(now);
        self.eval.row(steps, evaluation, total_seconds)
    }

    /// Records how long a checkpoint took.
    ///
    /// # Errors
    /// If the event file cannot be written.
    pub fn checkpoint(&mut self, steps: &Steps, took: Duration) -> Result<(), MetricsError> {
        self.events.scalars(steps, "time", &[("checkpoint_seconds", took.as_secs_f64())])
    }

    /// Records the distribution of `values` in TensorBoard's exponential buckets. Numbers that are
    /// not finite have no bucket: where there are any, the scalar `<tag>/non_finite` counts them.
    ///
    /// # Errors
    /// If the event file cannot be written.
    pub fn histogram(
        &mut self,
        steps: &Steps,
        tag: &str,
        values: &[f32],
    ) -> Result<(), MetricsError> {
        self.events.histogram(steps, tag, values)
    }

    /// Records a picture.
    ///
    /// # Errors
    /// If it has no pixels or another number of bytes than its size says, or the event file cannot
    /// be written.
    pub fn image(
        &mut self,
        steps: &Steps,
        tag: &str,
        image: &Image<'_>,
    ) -> Result<(), MetricsError> {
        self.events.image(steps, tag, image)
    }

    /// Shows a line of text without disturbing the progress bar.
    pub fn message(&self, text: &str) {
        self.console.message(text);
    }

    /// Waits until all records are on the disk, as they must be before a checkpoint counts on them.
    /// Readers see every record without it.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn flush(&mut self) -> Result<(), MetricsError> {
        self.events.sync()?;
        self.train.sync()?;
        self.eval.sync()
    }

    fn total_seconds(&self, now: Instant) -> f64 {
        self.seconds_before + now.duration_since(self.begun).as_secs_f64()
    }

    /// Ends the records of a run and leaves the last state of the progress on the terminal.
    ///
    /// # Errors
    /// As for [`Metrics::flush`].
    pub fn finish(mut self, steps: &Steps) -> Result<(), MetricsError> {
        self.console.finish(steps, Instant::now());
        self.flush()
    }
}

#[cfg(test)]
mod tests;
