//! The state of a run: taken into a checkpoint, and taken up again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use curl_envs::{EnvError, EnvState, PixelEnvs};

use super::not_finite::History;
use super::run::{Lane, Run, SavedCheckpoint};
use super::storage::StoredReplay;
use super::{Parts, Start, TrainError, forecast};
use crate::batch::Batch;
use crate::checkpoint::{Checkpoint, EnvironmentState, EpisodeState, RunState};
use crate::config::Config;
use crate::frame_stack::FrameStack;
use crate::random::Streams;
use crate::replay::Replay;
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
            Start::New => {
                let starts: Vec<_> = (0..run.lanes.len()).map(|env| (env, env as u64)).collect();
                run.start_episodes(&starts)?;
            }
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
        let shape = parts.storage.replays[0].replay.shape().clone();
        let stack = || FrameStack::new(&shape.observation, shape.stack);
        Self {
            config,
            stop,
            streams: Streams::new(config.train.seed),
            steps: Steps::default(),
            lanes: (0..parts.envs.count()).map(|_| Lane::new(stack())).collect(),
            eval_stacks: (0..parts.eval_envs.count()).map(|_| stack()).collect(),
            batch: Batch::new(shape.batch(config.train.batch_size.len(), (&config.agent).into())),
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
        let eval_envs = &mut self.parts.eval_envs;
        let saved = state.eval_envs.into_iter().flatten().take(eval_envs.count());
        for (env, saved) in saved.enumerate() {
            let last = eval_envs.frame(env).to_vec();
            eval_envs.set_state(env, &saved, &last)?;
        }
        if self.parts.storage.replays().all(Replay::is_empty) && steps.agent_step > 0 {
            return Err(TrainError::EmptyReplay { agent_step: steps.agent_step });
        }
        let mut silent = Vec::new();
        for (env, EnvironmentState { episode, .. }) in state.envs.iter().enumerate() {
            match &episode.env {
                Some(saved) => self.continue_episode(env, episode, saved)?,
                None => silent.push(env),
            }
        }
        if silent.is_empty() { Ok(()) } else { self.start_episodes_instead(&silent) }
    }

    fn continue_episode(
        &mut self,
        env: usize,
        episode: &EpisodeState,
        saved: &EnvState,
    ) -> Result<(), TrainError> {
        let frames = self.parts.storage.replays[env].replay.newest_frames();
        let (first, newest) = (&frames[0], &frames[frames.len() - 1]);
        self.parts.envs.set_state(env, saved, newest)?;
        let lane = &mut self.lanes[env];
        lane.stack.start(first);
        frames[1..].iter().for_each(|frame| lane.stack.push(frame));
        lane.episode_return = episode.episode_return;
        lane.episode_length = episode.length;
        Ok(())
    }

    /// Begins the next episode where an environment cannot go on with the one under way.
    fn start_episodes_instead(&mut self, envs: &[usize]) -> Result<(), TrainError> {
        let message =
            "this environment cannot tell its state: the episode that was under way ends here";
        self.parts.storage.metrics.message(message);
        let mut starts = Vec::new();
        for &env in envs {
            self.steps.episode += 1;
            starts.push((env, self.next_episode()));
        }
        self.start_episodes(&starts)
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
        let envs = self.environments()?;
        let evaluation = self.last_evaluation.as_ref().filter(|last| last.env_step == env_step);
        let checkpoint = Checkpoint {
            config: self.config.clone(),
            steps: self.steps,
            evaluation: evaluation.map(|last| last.report.mean_and_std().0),
            agent: self.parts.agent.state(),
            run: RunState {
                evaluations,
                envs: envs.clone(),
                last_evaluation: self.last_evaluation.clone(),
                eval_envs: states(&mut self.parts.eval_envs)?.into_iter().collect(),
                actor_losses: self.actor_losses.clone(),
                arithmetic: self.parts.arithmetic.clone(),
                codec: self.parts.storage.replays[0].replay.shape().codec,
                metrics: self.parts.storage.metrics.state(),
            },
        };
        let path = self.parts.storage.checkpoints.save(&checkpoint)?;
        for (stored, env) in self.parts.storage.replays.iter_mut().zip(&envs) {
            stored.segments.remove_before(&env.replay)?;
        }
        self.parts.storage.metrics.checkpoint(&self.steps, begun.elapsed())?;
        self.last_checkpoint = Some(SavedCheckpoint { env_step, evaluations, path: path.clone() });
        Ok(path)
    }

    /// The state of each environment that experience is collected from, its replay on the disk.
    fn environments(&mut self) -> Result<Vec<EnvironmentState>, TrainError> {
        let states = states(&mut self.parts.envs)?;
        let replays = self.parts.storage.replays.iter_mut();
        let environment =
            |((env, stored), lane): ((Option<EnvState>, &mut StoredReplay), &Lane)| {
                let Lane { episode_return, episode_length: length, .. } = *lane;
                let episode = EpisodeState { episode_return, length, env };
                Ok(EnvironmentState { episode, replay: stored.segments.sync(&stored.replay)? })
            };
        states.into_iter().zip(replays).zip(&self.lanes).map(environment).collect()
    }
}

/// The states of environments, each where it can tell it.
fn states(envs: &mut PixelEnvs) -> Result<Vec<Option<EnvState>>, EnvError> {
    (0..envs.count()).map(|env| envs.state(env)).collect()
}
