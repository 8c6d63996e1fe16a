//! The training loop: act, store, update, evaluate, record, checkpoint.

mod forecast;
mod media;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use curl_envs::{Action, EnvError, Pixels};
use tch::Kind;
use thiserror::Error;

use crate::agent::{Act, ActorLosses, Agent, Losses, NotFinite};
use crate::augment::Crop;
use crate::batch::{Batch, Noise};
use crate::checkpoint::{Checkpoint, CheckpointError, Checkpoints};
use crate::config::{Config, Objective, Positives};
use crate::evaluate::{Episodes, EvalReport, evaluate};
use crate::frame_stack::FrameStack;
use crate::metrics::{Episode, Evaluation, Metrics, MetricsError};
use crate::random::{self, Purpose, Streams};
use crate::replay::Replay;
use crate::steps::Steps;

/// The parts of a run, built from its configuration.
#[derive(Debug)]
pub struct Parts {
    pub agent: Agent,
    pub env: Pixels,
    /// A second environment, so that an evaluation does not disturb the training episode.
    pub eval_env: Pixels,
    pub replay: Replay,
    pub metrics: Metrics,
    pub checkpoints: Checkpoints,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub steps: Steps,
    pub last_evaluation: Option<EvalReport>,
    pub checkpoint: PathBuf,
    /// Whether its budget of env steps was used, or it was asked to stop before.
    pub complete: bool,
}

#[derive(Debug, Error)]
pub enum TrainError {
    #[error("the environment failed: {0}")]
    Env(#[from] EnvError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
}

/// Trains until the budget of env steps is used or `stop` is set. Either way the run ends with a
/// checkpoint.
///
/// # Errors
/// If the environment fails, or a record or checkpoint cannot be written.
pub fn train(config: &Config, parts: Parts, stop: &AtomicBool) -> Result<Outcome, TrainError> {
    let mut run = Run::new(config, parts, stop);
    run.start_episode()?;
    while !run.is_complete() && !stop.load(Ordering::Relaxed) {
        let action = run.choose_action();
        if run.steps.agent_step >= config.train.warmup_agent_steps.get() {
            run.update()?;
        }
        run.step(&action)?;
        if run.evaluation.is_due(run.steps.env_step) {
            run.evaluate()?;
        }
        if run.checkpoint.is_due(run.steps.env_step) {
            run.save_checkpoint()?;
        }
    }
    run.finish()
}

/// Says when the next multiple of a number of steps has been reached.
#[derive(Debug)]
struct Schedule {
    every: u64,
    next: u64,
}

impl Schedule {
    fn new(every: u64) -> Self {
        Self { every, next: every }
    }

    /// Whether a multiple was reached since the last time that this was true.
    fn is_due(&mut self, step: u64) -> bool {
        let due = step >= self.next;
        if due {
            self.next = (step / self.every + 1) * self.every;
        }
        due
    }
}

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
struct Run<'a> {
    config: &'a Config,
    stop: &'a AtomicBool,
    parts: Parts,
    streams: Streams,
    steps: Steps,
    stack: FrameStack,
    eval_stack: FrameStack,
    batch: Batch,
    episode_return: f64,
    episode_length: u64,
    evaluation: Schedule,
    checkpoint: Schedule,
    scalars: Schedule,
    media: Schedule,
    /// Of the latest update that had them, so that a record is complete whatever the cadences are.
    actor_losses: Option<ActorLosses>,
    forecast: forecast::Correction,
    evaluations: u64,
    last_evaluation: Option<(u64, EvalReport)>,
}

impl<'a> Run<'a> {
    fn new(config: &'a Config, parts: Parts, stop: &'a AtomicBool) -> Self {
        let shape = *parts.replay.shape();
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
            evaluation: Schedule::new(config.eval.every_env_steps.get()),
            checkpoint: Schedule::new(config.checkpoint.every_env_steps.get()),
            scalars: Schedule::new(config.log.scalars_every_updates.get()),
            media: Schedule::new(config.log.media_every_updates.get()),
            actor_losses: None,
            forecast: forecast::Correction::default(),
            evaluations: 0,
            last_evaluation: None,
            parts,
        }
    }

    fn start_episode(&mut self) -> Result<(), TrainError> {
        let mut stream = self.streams.stream(Purpose::TrainEpisode, self.steps.episode);
        self.parts.env.reset(&mut stream)?;
        self.parts.replay.start_episode(self.parts.env.frame());
        self.stack.start(self.parts.env.frame());
        (self.episode_return, self.episode_length) = (0.0, 0);
        Ok(())
    }

    /// Uniform in the warm-up, then a sample of the policy.
    fn choose_action(&mut self) -> Vec<f32> {
        let agent_step = self.steps.agent_step;
        let actions = self.batch.shape.action;
        if agent_step < self.config.train.warmup_agent_steps.get() {
            let mut stream = self.streams.stream(Purpose::WarmupAction, agent_step);
            random::action(actions, &mut stream)
        } else {
            let mut stream = self.streams.stream(Purpose::Exploration, agent_step);
            let noise = random::normal(&[1, actions as i64], Kind::Float, &mut stream);
            self.parts.agent.act_one(self.stack.image(), Act::Sample(&noise))
        }
    }

    /// One update of the agent on a batch of the replay.
    fn update(&mut self) -> Result<(), TrainError> {
        let update = self.steps.update;
        let mut stream = self.streams.stream(Purpose::Batch, update);
        self.parts.replay.sample(&mut self.batch, &mut stream);
        let noise = draw_noise(self.config, &self.batch, &self.streams, update);
        let mut losses = self.parts.agent.update(&self.batch, &noise, self.steps.agent_step)?;
        self.steps.update += 1;
        losses.actor = losses.actor.or_else(|| self.actor_losses.take());
        self.record_losses(&losses)?;
        self.actor_losses = losses.actor;
        Ok(())
    }

    fn record_losses(&mut self, losses: &Losses) -> Result<(), TrainError> {
        let (steps, metrics) = (&self.steps, &mut self.parts.metrics);
        if self.scalars.is_due(steps.update) {
            metrics.losses(steps, &losses.scalars())?;
        }
        if self.media.is_due(steps.update) {
            media::record(metrics, steps, &self.parts.agent, &self.batch, losses)?;
        }
        Ok(())
    }

    /// One agent step of the environment, stored in the replay.
    fn step(&mut self, action: &[f32]) -> Result<(), TrainError> {
        let step = self.parts.env.step(Action::Continuous(action))?;
        let frame = self.parts.env.frame();
        self.parts.replay.push(action, step.reward as f32, step.ended, frame);
        self.stack.push(frame);
        self.episode_return += step.reward;
        self.episode_length += step.env_steps;
        self.steps.agent_step += 1;
        self.steps.env_step += step.env_steps;
        self.parts.metrics.progress(&self.steps);
        if step.ended.is_some() {
            self.end_episode()?;
            self.start_episode()?;
        }
        Ok(())
    }

    fn end_episode(&mut self) -> Result<(), TrainError> {
        self.steps.episode += 1;
        let Parts { replay, metrics, .. } = &mut self.parts;
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

    /// Plays the evaluation's episodes and records them, unless the run is asked to stop meanwhile.
    fn evaluate(&mut self) -> Result<(), TrainError> {
        let start = Instant::now();
        let count = self.config.eval.episodes.get();
        let first = self.evaluations * count;
        let episodes = Episodes { seed: self.config.train.seed, first, count };
        let Parts { agent, eval_env, metrics, .. } = &mut self.parts;
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
        self.last_evaluation = Some((self.steps.env_step, report));
        Ok(())
    }

    fn save_checkpoint(&mut self) -> Result<PathBuf, TrainError> {
        let evaluation = match &self.last_evaluation {
            Some((env_step, report)) if *env_step == self.steps.env_step => {
                Some(report.mean_and_std().0)
            }
            _ => None,
        };
        let checkpoint = Checkpoint {
            config: self.config.clone(),
            steps: self.steps,
            evaluation,
            agent: self.parts.agent.state(),
        };
        Ok(self.parts.checkpoints.save(&checkpoint)?)
    }

    /// Whether the budget of env steps is used.
    fn is_complete(&self) -> bool {
        self.steps.env_step >= self.config.train.env_steps.get()
    }

    /// The last evaluation, unless the run was stopped early, and the last checkpoint.
    fn finish(mut self) -> Result<Outcome, TrainError> {
        let complete = self.is_complete();
        let evaluated_at = self.last_evaluation.as_ref().map(|(env_step, _)| *env_step);
        if complete && evaluated_at != Some(self.steps.env_step) {
            self.evaluate()?;
        }
        let checkpoint = self.save_checkpoint()?;
        self.parts.metrics.finish(&self.steps)?;
        let last_evaluation = self.last_evaluation.map(|(_, report)| report);
        Ok(Outcome { steps: self.steps, last_evaluation, checkpoint, complete })
    }
}

/// The random numbers of an update's losses.
pub(crate) fn draw_noise(config: &Config, batch: &Batch, streams: &Streams, update: u64) -> Noise {
    let shape = batch.shape;
    let actions = [shape.size as i64, shape.action as i64];
    let mut stream = streams.stream(Purpose::PolicyNoise, update);
    let mut policy_noise = || random::normal(&actions, Kind::Float, &mut stream);
    let (next_action, action) = (policy_noise(), policy_noise());
    let contrast = &config.agent.contrast;
    let positive = (contrast.objective == Objective::InfoNce
        && contrast.positive == Positives::Gaussian)
        .then(|| {
            let mut stream = streams.stream(Purpose::PositiveNoise, update);
            random::normal(&batch.query().size(), Kind::Float, &mut stream)
        });
    Noise { next_action, action, positive }
}

/// How frames become images under a configuration.
pub fn crop(config: &Config) -> Crop {
    Crop {
        frame: config.env.render_size.len(),
        image: config.agent.image_size.len(),
        augmentation: config.agent.augmentation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_fires_once_for_each_multiple_reached() {
        let mut schedule = Schedule::new(10);
        let fired: Vec<u64> = (0..40).step_by(4).filter(|&step| schedule.is_due(step)).collect();
        assert_eq!(fired, [12, 20, 32]);
    }
}
