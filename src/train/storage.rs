//! What a run keeps in its folder.

use std::path::Path;

use curl_envs::Ended;

use super::TrainError;
use crate::checkpoint::{Checkpoint, Checkpoints, EnvironmentState};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::replay::segments::{Segments, SegmentsError};
use crate::replay::{Replay, ReplayShape};

/// Replay, records and checkpoints of a run, each with its files.
#[derive(Debug)]
pub struct Storage {
    /// One for each environment that experience is collected from.
    pub replays: Vec<StoredReplay>,
    pub metrics: Metrics,
    pub checkpoints: Checkpoints,
}

/// The replay of an environment, in memory and on the disk.
#[derive(Debug)]
pub struct StoredReplay {
    pub replay: Replay,
    pub segments: Segments,
}

impl StoredReplay {
    /// Stores the first frame of an episode.
    pub(super) fn start_episode(&mut self, frame: &[u8]) -> Result<(), SegmentsError> {
        self.replay.start_episode(frame);
        self.segments.append(&self.replay)
    }

    /// Stores a transition, as [`Replay::push`].
    pub(super) fn push(
        &mut self,
        action: &[f32],
        reward: f32,
        ended: Option<Ended>,
        next_frame: &[u8],
    ) -> Result<(), SegmentsError> {
        self.replay.push(action, reward, ended, next_frame);
        self.segments.append(&self.replay)
    }
}

impl Storage {
    pub(super) fn replays(&self) -> impl Iterator<Item = &Replay> {
        self.replays.iter().map(|stored| &stored.replay)
    }

    /// For a new run, in a folder that exists and holds none. `shape` is that of all replays
    /// together.
    ///
    /// # Errors
    /// If a file exists already or cannot be written.
    pub fn create(run_dir: &Path, config: &Config, shape: ReplayShape) -> Result<Self, TrainError> {
        let envs = config.train.envs.len();
        let shape = shape.part_of(envs);
        let create = |env| {
            let segments = Segments::create(run_dir, env)?;
            Ok(StoredReplay { replay: Replay::new(shape.clone()), segments })
        };
        Ok(Self {
            replays: (0..envs).map(create).collect::<Result<_, SegmentsError>>()?,
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
        let shape = shape.part_of(config.train.envs.len());
        let resume = |(env, state): (usize, &EnvironmentState)| {
            let (segments, replay) = Segments::resume(run_dir, env, shape.clone(), &state.replay)?;
            Ok(StoredReplay { replay, segments })
        };
        let replays = run.envs.iter().enumerate().map(resume);
        let env_steps = config.train.env_steps.get();
        Ok(Self {
            replays: replays.collect::<Result<_, SegmentsError>>()?,
            metrics: Metrics::resume(run_dir, env_steps, steps, &run.metrics)?,
            checkpoints: Checkpoints::resume(run_dir, config.checkpoint.keep.len(), checkpoint)?,
        })
    }
}
