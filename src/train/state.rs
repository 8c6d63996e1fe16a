//! The state of a run: taken into a checkpoint, and taken up again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::not_finite::History;
use super::run::{Run, SavedCheckpoint};
use super::{Parts, Start, TrainError, forecast};
use crate::batch::Batch;
use crate::checkpoint::{Checkpoint, RunState};
use crate::config::Config;
use crate::frame_stack::FrameStack;
use crate::random::Streams;
use crate::steps::Steps;

impl<'a> Run<'a> {
    pub(super) fn begin(
        config: &'a Config,
        parts: Parts,
        start: Start,
        stop: &'a AtomicBool,
    ) -> Result<Self, TrainError> {
        let mut run = Self::new(config, parts, stop);
        match start {
            Start::New => run.start_episode()?,
            Start::From { checkpoint, steps, state } => {
                let (env_step, evaluations) = (steps.env_step, state.evaluations);
                run.last_checkpoint =
                    Some(SavedCheckpoint { env_step, evaluations, path: checkpoint });
                run.go_on(steps, *state)?;
            }
        }
        Ok(run)
    }

    fn new(config: &'a Config, parts: Parts, stop: &'a AtomicBool) -> Self {
        let shape = *parts.storage.replay.shape();
        let stack = || FrameStack::new(shape.crop, shape.stack);
        Self {
            config,
            stop,
            streams: Streams::new(config.train.seed),
            steps: Steps::default(),
            stack: stack(),
            eval_stack: stack(),
            batch: Batch::new(shape.batch(config.train.batch_size.len())),
            episode_return: 0.0,
            episode_length: 0,
            actor_losses: BTreeMap::new(),
            history: History::default(),
            forecast: forecast::Correction::default(),
            evaluations: 0,
            last_evaluation: None,
            last_checkpoint: None,
            parts,
        }
    }

    /// Goes on in the middle of an episode.
    fn go_on(&mut self, steps: Steps, state: RunState) -> Result<(), TrainError> {
        self.steps = steps;
        self.evaluations = state.evaluations;
        self.last_evaluation = state.last_evaluation;
        self.actor_losses = state.actor_losses;
        if let Some(eval_env) = &state.eval_env {
            let last = self.parts.eval_env.frame().to_vec();
            self.parts.eval_env.set_state(eval_env, &last)?;
        }
        if self.parts.storage.replay.is_empty() && steps.agent_step > 0 {
            return Err(TrainError::EmptyReplay { agent_step: steps.agent_step });
        }
        let frames = self.parts.storage.replay.newest_frames();
        let (first, newest) = (&frames[0], &frames[frames.len() - 1]);
        let Some(env) = &state.episode.env else { return self.start_episode_instead() };
        self.parts.env.set_state(env, newest)?;
        self.stack.start(first);
        frames[1..].iter().for_each(|frame| self.stack.push(frame));
        self.episode_return = state.episode.episode_return;
        self.episode_length = state.episode.length;
        Ok(())
    }

    /// Begins the next episode where the environment cannot go on with the one under way.
    fn start_episode_instead(&mut self) -> Result<(), TrainError> {
        let message =
            "this environment cannot tell its state: the episode that was under way ends here";
        self.parts.storage.metrics.message(message);
        self.steps.episode += 1;
        self.start_episode()
    }

    pub(super) fn checkpoint_is_due(&self) -> bool {
        let last = self.last_checkpoint.as_ref().map_or(0, |last| last.env_step);
        self.has_passed(self.config.checkpoint.every_env_steps.get(), last)
    }

    /// Saves the present state, unless it is saved already. Logs and replay are on the disk before a
    /// checkpoint counts on them, and no file is removed before one stands that does without it.
    pub(super) fn save_checkpoint(&mut self) -> Result<PathBuf, TrainError> {
        let (env_step, evaluations) = (self.steps.env_step, self.evaluations);
        if let Some(last) = &self.last_checkpoint
            && (last.env_step, last.evaluations) == (env_step, evaluations)
        {
            return Ok(last.path.clone());
        }
        let begun = Instant::now();
        self.parts.storage.metrics.flush()?;
        let replay = self.parts.storage.segments.sync(&self.parts.storage.replay)?;
        let evaluation = self.last_evaluation.as_ref().filter(|last| last.env_step == env_step);
        let checkpoint = Checkpoint {
            config: self.config.clone(),
            steps: self.steps,
            evaluation: evaluation.map(|last| last.report.mean_and_std().0),
            agent: self.parts.agent.state(),
            run: RunState {
                evaluations,
                episode: self.episode(),
                last_evaluation: self.last_evaluation.clone(),
                eval_env: self.parts.eval_env.state(),
                actor_losses: self.actor_losses.clone(),
                arithmetic: self.parts.arithmetic.clone(),
                codec: self.parts.storage.replay.shape().codec,
                replay,
                metrics: self.parts.storage.metrics.state(),
            },
        };
        let path = self.parts.storage.checkpoints.save(&checkpoint)?;
        self.parts.storage.segments.remove_before(&replay)?;
        self.parts.storage.metrics.checkpoint(&self.steps, begun.elapsed())?;
        self.last_checkpoint = Some(SavedCheckpoint { env_step, evaluations, path: path.clone() });
        Ok(path)
    }
}
