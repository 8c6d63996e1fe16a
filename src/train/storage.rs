//! What a run keeps in its folder.

use std::path::Path;

use super::TrainError;
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::replay::segments::Segments;
use crate::replay::{Replay, ReplayShape};

/// Replay, records and checkpoints of a run, each with its files.
#[derive(Debug)]
pub struct Storage {
    pub replay: Replay,
    /// The replay's files.
    pub segments: Segments,
    pub metrics: Metrics,
    pub checkpoints: Checkpoints,
}

impl Storage {
    /// For a new run, in a folder that exists and holds none.
    ///
    /// # Errors
    /// If a file exists already or cannot be written.
    pub fn create(run_dir: &Path, config: &Config, shape: ReplayShape) -> Result<Self, TrainError> {
        Ok(Self {
            replay: Replay::new(shape),
            segments: Segments::create(run_dir)?,
            metrics: Metrics::create(run_dir, config.train.env_steps.get())?,
            checkpoints: Checkpoints::create(run_dir, config.checkpoint.keep.len())?,
        })
    }

    /// For a run that goes on from its last checkpoint. What was written after that is cut off.
    ///
    /// # Errors
    /// If a file is not what it was, or cannot be written.
    pub fn resume(
        run_dir: &Path,
        config: &Config,
        shape: ReplayShape,
        checkpoint: &Checkpoint,
    ) -> Result<Self, TrainError> {
        let Checkpoint { steps, run, .. } = checkpoint;
        let (segments, replay) = Segments::resume(run_dir, shape, &run.replay)?;
        let env_steps = config.train.env_steps.get();
        Ok(Self {
            replay,
            segments,
            metrics: Metrics::resume(run_dir, env_steps, steps, &run.metrics)?,
            checkpoints: Checkpoints::resume(run_dir, config.checkpoint.keep.len(), checkpoint)?,
        })
    }
}
