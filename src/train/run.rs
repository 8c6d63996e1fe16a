//! What happens within an agent step of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use curl_envs::{BoxedRng, EnvError, PixelEnvs, PixelStep};
use tch::Tensor;

use super::not_finite::History;
use super::{Outcome, Parts, Storage, TrainError, draw_noise, forecast, media};
use crate::agent::{Act, ActorLosses, Agent, Losses};
use crate::batch::Batch;
use crate::checkpoint::LastEvaluation;
use crate::config::Config;
use crate::evaluate::{Episodes, evaluate};
use crate::frame_stack::FrameStack;
use crate::metrics::{Episode, Evaluation};
use crate::observation::{Observation, state};
use crate::random::{Purpose, Streams};
use crate::replay::{Ages, Replay, ReplayShape, sample};
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
    pub(super) lanes: Vec<Lane>,
    pub(super) eval_stacks: Vec<FrameStack>,
    pub(super) batch: Batch,
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

/// What belongs to one of the environments that experience is collected from, beside its replay.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) stack: FrameStack,
    /// Return and length of the episode so far.
    pub(super) episode_return: f64,
    pub(super) episode_length: u64,
}

impl Lane {
    pub(super) fn new(stack: FrameStack) -> Self {
        Self { stack, episode_return: 0.0, episode_length: 0 }
    }

    /// Begins an episode.
    fn start(&mut self, frame: &[u8]) {
        self.stack.start(frame);
        (self.episode_return, self.episode_length) = (0.0, 0);
    }
}

impl Run<'_> {
    /// Starts episodes in some environments, at the same time. Each comes with the number of its
    /// stream.
    pub(super) fn start_episodes(&mut self, starts: &[(usize, u64)]) -> Result<(), TrainError> {
        let envs = &mut self.parts.envs;
        let stream = |episode| self.streams.stream(Purpose::TrainEpisode, episode);
        let boxed = |&(env, episode): &(usize, u64)| (env, Box::new(stream(episode)) as BoxedRng);
        envs.reset(starts.iter().map(boxed).collect())?;
        self.check_states(starts.iter().map(|&(env, _)| env))?;
        let Parts { agent, envs, storage: Storage { replays, .. }, .. } = &mut self.parts;
        for &(env, _) in starts {
            replays[env].start_episode(envs.frame(env))?;
            observe(agent, replays[env].replay.shape(), envs.frame(env));
            self.lanes[env].start(envs.frame(env));
        }
        Ok(())
    }

    /// Refuses states that are not finite before the agent's normalisation and the replay have taken them.
    fn check_states(&mut self, envs: impl Iterator<Item = usize>) -> Result<(), TrainError> {
        let shape = self.parts.storage.replays[0].replay.shape();
        if !matches!(shape.observation, Observation::State { .. }) {
            return Ok(());
        }
        let numbers = envs.flat_map(|env| state(self.parts.envs.frame(env)));
        match numbers.into_iter().find(|number| !number.is_finite()) {
            None => Ok(()),
            Some(number) => {
                Err(self
                    .not_finite(format!("the environment's state has a number that is {number}")))
            }
        }
    }

    /// The stream of the next episode: as many have ended as `Steps` counts, and all environments
    /// but one are in the middle of theirs.
    pub(super) fn next_episode(&self) -> u64 {
        self.steps.episode + self.lanes.len() as u64 - 1
    }

    /// An action for each environment: uniform in the warm-up, then a sample of the policy.
    pub(super) fn choose_actions(&mut self) -> Vec<Vec<f32>> {
        let first = self.steps.agent_step;
        let warmup = self.config.train.warmup_agent_steps.get();
        let space = self.batch.shape.action;
        let (uniform, explored): (Vec<u64>, Vec<u64>) =
            (first..first + self.lanes.len() as u64).partition(|&agent_step| agent_step < warmup);
        let stream = |purpose, agent_step| self.streams.stream(purpose, agent_step);
        let mut actions: Vec<Vec<f32>> = uniform
            .into_iter()
            .map(|agent_step| space.uniform(&mut stream(Purpose::WarmupAction, agent_step)))
            .collect();
        if !explored.is_empty() {
            let noise = explored.into_iter().map(|agent_step| {
                space.exploration_noise(1, &mut stream(Purpose::Exploration, agent_step))
            });
            let noise = Tensor::cat(&noise.collect::<Vec<_>>(), 0);
            let lanes = self.lanes[actions.len()..].iter_mut();
            let inputs: Vec<&Tensor> = lanes.map(|lane| lane.stack.input()).collect();
            actions.extend(self.parts.agent.act_each(&inputs, Act::Sample(&noise)));
        }
        actions
    }

    /// The updates of the agent steps that come next, as many for each after the warm-up as are configured.
    pub(super) fn update_for_each(&mut self) -> Result<(), TrainError> {
        let first = self.steps.agent_step;
        for agent_step in first..first + self.lanes.len() as u64 {
            if agent_step >= self.config.train.warmup_agent_steps.get() {
                for _ in 0..self.config.train.updates_per_agent_step.get() {
                    self.update(agent_step)?;
                }
            }
        }
        Ok(())
    }

    /// One update of the agent on a batch of the replay.
    fn update(&mut self, agent_step: u64) -> Result<(), TrainError> {
        let update = self.steps.update;
        let mut stream = self.streams.stream(Purpose::Batch, update);
        let replays: Vec<_> = self.parts.storage.replays().collect();
        let ages = sample(&replays, &mut self.batch, &mut stream);
        let noise = draw_noise(self.config, &self.batch, &self.streams, update);
        let losses = match self.parts.agent.update(&self.batch, &noise, agent_step) {
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
            let steps_ahead = losses.steps_ahead();
            scalars.extend(steps_ahead.iter().map(|(name, value)| (name.as_str(), *value)));
            metrics.losses(steps, &scalars)?;
            metrics.ages(steps, ages)?;
        }
        if steps.update.is_multiple_of(log.media_every_updates.get()) {
            media::record(metrics, steps, &self.parts.agent, &self.batch, losses)?;
        }
        Ok(())
    }

    /// One agent step of each environment, stored in its replay.
    pub(super) fn step(&mut self, actions: &[Vec<f32>]) -> Result<(), TrainError> {
        let space = self.batch.shape.action;
        let orders = actions.iter().enumerate().map(|(env, action)| (env, space.action(action)));
        let steps = self.parts.envs.step(&orders.collect::<Vec<_>>())?;
        // As the replay stores it.
        if let Some(step) = steps.iter().find(|step| !(step.reward as f32).is_finite()) {
            return Err(self.not_finite(format!("the environment's reward is {:e}", step.reward)));
        }
        self.check_states(0..self.lanes.len())?;
        let mut starts = Vec::new();
        for (env, (step, action)) in steps.iter().zip(actions).enumerate() {
            self.store(env, action, step)?;
            if step.ended.is_some() {
                self.end_episode(env)?;
                starts.push((env, self.next_episode()));
            }
        }
        if starts.is_empty() { Ok(()) } else { self.start_episodes(&starts) }
    }

    fn store(&mut self, env: usize, action: &[f32], step: &PixelStep) -> Result<(), TrainError> {
        let Parts { agent, envs, storage: Storage { replays, metrics, .. }, .. } = &mut self.parts;
        replays[env].push(action, step.reward as f32, step.ended, envs.frame(env))?;
        observe(agent, replays[env].replay.shape(), envs.frame(env));
        let lane = &mut self.lanes[env];
        lane.stack.push(envs.frame(env));
        lane.episode_return += step.reward;
        lane.episode_length += step.env_steps;
        self.steps.agent_step += 1;
        self.steps.env_step += step.env_steps;
        metrics.progress(&self.steps);
        Ok(())
    }

    fn end_episode(&mut self, env: usize) -> Result<(), TrainError> {
        self.steps.episode += 1;
        let storage = &mut self.parts.storage;
        let sum = |of: fn(&Replay) -> usize| storage.replays().map(of).sum::<usize>() as u64;
        let Lane { episode_return, episode_length, .. } = self.lanes[env];
        let episode = Episode {
            episode_return,
            length: episode_length,
            replay_size: sum(Replay::len),
            replay_bytes: sum(Replay::frame_bytes),
        };
        storage.metrics.episode(&self.steps, &episode)?;
        let replays: Vec<_> = storage.replays().collect();
        self.forecast.episode_ended(self.config, &replays, self.steps.episode, &storage.metrics);
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
        let Parts { agent, eval_envs, storage: Storage { metrics, .. }, .. } = &mut self.parts;
        let stopped = || self.stop.load(Ordering::Relaxed);
        let watch = |_, _: &mut PixelEnvs, _| if stopped() { Err(Cut::Stopped) } else { Ok(()) };
        let report = match evaluate(agent, eval_envs, &mut self.eval_stacks, episodes, watch) {
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
        let complete = self.is_complete() && !self.evaluation_is_due();
        let checkpoint = self.save_checkpoint()?;
        self.parts.storage.metrics.finish(&self.steps)?;
        let last_evaluation = self.last_evaluation.map(|last| last.report);
        Ok(Outcome { steps: self.steps, last_evaluation, checkpoint, complete })
    }
}

/// Shows the agent a frame, whose normalisation of states learns from each.
fn observe(agent: &mut Agent, shape: &ReplayShape, frame: &[u8]) {
    if let Observation::State { .. } = shape.observation {
        agent.observe(&state(frame));
    }
}

fn named(losses: &ActorLosses) -> BTreeMap<String, f64> {
    losses.scalars().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
