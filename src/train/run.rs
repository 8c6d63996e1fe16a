//! What happens within an agent step of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use curl_envs::{EnvError, Pixels};

use super::not_finite::History;
use super::{Outcome, Parts, Storage, TrainError, draw_noise, forecast, media};
use crate::agent::{Act, ActorLosses, Losses};
use crate::batch::Batch;
use crate::checkpoint::{EpisodeState, LastEvaluation};
use crate::config::Config;
use crate::evaluate::{Episodes, evaluate};
use crate::frame_stack::FrameStack;
use crate::metrics::{Episode, Evaluation};
use crate::random::{Purpose, Streams};
use crate::replay::Ages;
use crate::steps::Steps;

/// Why an evaluation did not come to its end.
enum Cut {
    Env(EnvError),
    Stopped,
}

impl From<EnvError> for Cut {
    fn from(error: EnvError) -> Self {
        Self::Env(error)
    }
}

/// The state of a run.
pub(super) struct Run<'a> {
    pub(super) config: &'a Config,
    pub(super) stop: &'a AtomicBool,
    pub(super) parts: Parts,
    pub(super) streams: Streams,
    pub(super) steps: Steps,
    pub(super) stack: FrameStack,
    pub(super) eval_stack: FrameStack,
    pub(super) batch: Batch,
    /// Return and length of the episode so far.
    pub(super) episode_return: f64,
    pub(super) episode_length: u64,
    /// Of the latest update that had them, so that a record is complete whatever the cadences are.
    pub(super) actor_losses: BTreeMap<String, f64>,
    pub(super) history: History,
    pub(super) forecast: forecast::Correction,
    pub(super) evaluations: u64,
    pub(super) last_evaluation: Option<LastEvaluation>,
    pub(super) last_checkpoint: Option<SavedCheckpoint>,
}

/// A checkpoint that was written, and when.
#[derive(Clone, Debug)]
pub(super) struct SavedCheckpoint {
    pub(super) env_step: u64,
    pub(super) evaluations: u64,
    pub(super) path: PathBuf,
}

impl Run<'_> {
    pub(super) fn start_episode(&mut self) -> Result<(), TrainError> {
        let mut stream = self.streams.stream(Purpose::TrainEpisode, self.steps.episode);
        let Parts { env, storage: Storage { replay, segments, .. }, .. } = &mut self.parts;
        env.reset(&mut stream)?;
        replay.start_episode(env.frame());
        segments.append(replay)?;
        self.stack.start(env.frame());
        (self.episode_return, self.episode_length) = (0.0, 0);
        Ok(())
    }

    /// Uniform in the warm-up, then a sample of the policy.
    pub(super) fn choose_action(&mut self) -> Vec<f32> {
        let agent_step = self.steps.agent_step;
        let space = self.batch.shape.action;
        if agent_step < self.config.train.warmup_agent_steps.get() {
            let mut stream = self.streams.stream(Purpose::WarmupAction, agent_step);
            space.uniform(&mut stream)
        } else {
            let mut stream = self.streams.stream(Purpose::Exploration, agent_step);
            let noise = space.exploration_noise(1, &mut stream);
            self.parts.agent.act_one(self.stack.image(), Act::Sample(&noise))
        }
    }

    /// One update of the agent on a batch of the replay.
    pub(super) fn update(&mut self) -> Result<(), TrainError> {
        let update = self.steps.update;
        let mut stream = self.streams.stream(Purpose::Batch, update);
        let ages = self.parts.storage.replay.sample(&mut self.batch, &mut stream);
        let noise = draw_noise(self.config, &self.batch, &self.streams, update);
        let losses = match self.parts.agent.update(&self.batch, &noise, self.steps.agent_step) {
            Ok(losses) => losses,
            Err(error) => return Err(self.update_is_not_finite(&error)),
        };
        self.history.push(update, &losses);
        self.steps.update += 1;
        if let Some(actor) = &losses.actor {
            self.actor_losses = named(actor);
        }
        self.record_update(&losses, ages)
    }

    fn record_update(&mut self, losses: &Losses, ages: Ages) -> Result<(), TrainError> {
        let (steps, log, metrics) =
            (&self.steps, &self.config.log, &mut self.parts.storage.metrics);
        if steps.update.is_multiple_of(log.scalars_every_updates.get()) {
            let mut scalars = losses.scalars();
            if losses.actor.is_none() {
                scalars.extend(self.actor_losses.iter().map(|(name, value)| (&**name, *value)));
            }
            metrics.losses(steps, &scalars)?;
            metrics.ages(steps, ages)?;
        }
        if steps.update.is_multiple_of(log.media_every_updates.get()) {
            media::record(metrics, steps, &self.parts.agent, &self.batch, losses)?;
        }
        Ok(())
    }

    /// One agent step of the environment, stored in the replay.
    pub(super) fn step(&mut self, action: &[f32]) -> Result<(), TrainError> {
        let Parts { env, storage: Storage { replay, segments, .. }, .. } = &mut self.parts;
        let step = env.step(self.batch.shape.action.action(action))?;
        if !step.reward.is_finite() {
            return Err(self.not_finite(format!("the environment's reward is {}", step.reward)));
        }
        replay.push(action, step.reward as f32, step.ended, env.frame());
        segments.append(replay)?;
        self.stack.push(env.frame());
        self.episode_return += step.reward;
        self.episode_length += step.env_steps;
        self.steps.agent_step += 1;
        self.steps.env_step += step.env_steps;
        self.parts.storage.metrics.progress(&self.steps);
        if step.ended.is_some() {
            self.end_episode()?;
            self.start_episode()?;
        }
        Ok(())
    }

    fn end_episode(&mut self) -> Result<(), TrainError> {
        self.steps.episode += 1;
        let Storage { replay, metrics, .. } = &mut self.parts.storage;
        let episode = Episode {
            episode_return: self.episode_return,
            length: self.episode_length,
            replay_size: replay.len() as u64,
            replay_bytes: replay.frame_bytes() as u64,
        };
        metrics.episode(&self.steps, &episode)?;
        self.forecast.episode_ended(self.config, replay, self.steps.episode, metrics);
        Ok(())
    }

    /// Whether a multiple of the evaluation's interval was reached since the last one, or the end.
    pub(super) fn evaluation_is_due(&self) -> bool {
        let last = self.last_evaluation.as_ref().map_or(0, |last| last.env_step);
        let env_step = self.steps.env_step;
        self.has_passed(self.config.eval.every_env_steps.get(), last)
            || (self.is_complete() && last != env_step)
    }

    /// Whether a multiple of so many env steps was reached since a step.
    pub(super) fn has_passed(&self, every: u64, since: u64) -> bool {
        self.steps.env_step / every > since / every
    }

    /// Plays the evaluation's episodes and records them, unless the run is asked to stop meanwhile.
    pub(super) fn evaluate(&mut self) -> Result<(), TrainError> {
        let start = Instant::now();
        let count = self.config.eval.episodes.get();
        let first = self.evaluations * count;
        let episodes = Episodes { seed: self.config.train.seed, first, count };
        let Parts { agent, eval_env, storage: Storage { metrics, .. }, .. } = &mut self.parts;
        let stopped = || self.stop.load(Ordering::Relaxed);
        let watch = |_, _: &mut Pixels| if stopped() { Err(Cut::Stopped) } else { Ok(()) };
        let report = match evaluate(agent, eval_env, &mut self.eval_stack, episodes, watch) {
            Ok(report) => report,
            Err(Cut::Stopped) => return Ok(()),
            Err(Cut::Env(error)) => return Err(error.into()),
        };
        self.evaluations += 1;
        let evaluation = Evaluation {
            returns: &report.returns,
            mean_length: report.mean_length(),
            elapsed: start.elapsed(),
        };
        metrics.evaluation(&self.steps, &evaluation)?;
        self.last_evaluation = Some(LastEvaluation { env_step: self.steps.env_step, report });
        Ok(())
    }

    /// Whether the budget of env steps is used.
    pub(super) fn is_complete(&self) -> bool {
        self.steps.env_step >= self.config.train.env_steps.get()
    }

    /// Ends the run with a checkpoint.
    pub(super) fn finish(mut self) -> Result<Outcome, TrainError> {
        let complete = self.is_complete();
        let checkpoint = self.save_checkpoint()?;
        self.parts.storage.metrics.finish(&self.steps)?;
        let last_evaluation = self.last_evaluation.map(|last| last.report);
        Ok(Outcome { steps: self.steps, last_evaluation, checkpoint, complete })
    }

    /// The state of the episode under way.
    pub(super) fn episode(&self) -> EpisodeState {
        let Self { episode_return, episode_length: length, .. } = *self;
        EpisodeState { episode_return, length, env: self.parts.env.state() }
    }
}

fn named(losses: &ActorLosses) -> BTreeMap<String, f64> {
    losses.scalars().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
