//! The training loop: act, store, update, evaluate, record, checkpoint.

mod forecast;
mod media;
mod not_finite;
mod run;
mod state;
mod storage;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use curl_envs::{EnvError, PixelEnvs};
use tch::Kind;
use thiserror::Error;

use crate::agent::Agent;
use crate::augment::{Augmentation, Pipeline};
use crate::batch::{Batch, Noise};
use crate::checkpoint::{Arithmetic, CheckpointError, RunState};
use crate::config::{Config, ContrastAugmentations, ContrastConfig, Positives};
use crate::evaluate::EvalReport;
use crate::metrics::MetricsError;
use crate::observation::Observation;
use crate::random::{self, Purpose, Streams};
use crate::replay::segments::SegmentsError;
use crate::steps::Steps;
pub use not_finite::NotFiniteReport;
use run::Run;
pub use storage::Storage;

/// The parts of a run, built from its configuration.
#[derive(Debug)]
pub struct Parts {
    pub agent: Agent,
    /// The environments that experience is collected from, `train.envs` of them.
    pub envs: PixelEnvs,
    /// Others, so that an evaluation does not disturb the training episodes, `eval.envs` of them.
    pub eval_envs: PixelEnvs,
    pub storage: Storage,
    pub arithmetic: Arithmetic,
}

/// Where a run begins. Agent, replay and records among its [`Parts`] are already there.
#[derive(Debug)]
pub enum Start {
    New,
    /// At a checkpoint of this path.
    From {
        checkpoint: PathBuf,
        steps: Steps,
        state: Box<RunState>,
    },
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
    #[error("{}", .0.text())]
    NotFinite(Box<NotFiniteReport>),
    #[error(
        "the checkpoint was taken after {agent_step} agent steps, but its replay holds no transition; \
         it can only be evaluated"
    )]
    EmptyReplay { agent_step: u64 },
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Segments(#[from] SegmentsError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Trains until the budget of env steps is used or `stop` is set. Either way the run ends with a
/// checkpoint.
///
/// # Errors
/// If the environment fails, or a record or checkpoint cannot be written.
pub fn train(
    config: &Config,
    parts: Parts,
    start: Start,
    stop: &AtomicBool,
) -> Result<Outcome, TrainError> {
    let mut run = Run::begin(config, parts, start, stop)?;
    loop {
        if run.evaluation_is_due() {
            run.evaluate()?;
        }
        if run.checkpoint_is_due() {
            run.save_checkpoint()?;
        }
        if run.is_complete() || stop.load(Ordering::Relaxed) {
            return run.finish();
        }
        let actions = run.choose_actions();
        run.update_for_each()?;
        run.step(&actions)?;
    }
}

/// The random numbers of an update's losses.
pub(crate) fn draw_noise(config: &Config, batch: &Batch, streams: &Streams, update: u64) -> Noise {
    let shape = batch.shape;
    let mut stream = streams.stream(Purpose::PolicyNoise, update);
    let mut policy_noise = |views| shape.action.loss_noise(views * shape.size, &mut stream);
    let (next_action, action) = (policy_noise(shape.views.next), policy_noise(1));
    let ContrastConfig { objective, positive, .. } = config.agent.contrast;
    let is_gaussian = objective.compares_views() && positive == Positives::Gaussian;
    let positive = is_gaussian.then(|| {
        let mut stream = streams.stream(Purpose::PositiveNoise, update);
        random::normal(&batch.query().size(), Kind::Float, &mut stream)
    });
    Noise { next_action, action, positive }
}

/// How pictures become images under a configuration.
pub fn pictures(config: &Config) -> Observation {
    let sizes = config.picture_sizes();
    let pipeline = |augmentations: &[Augmentation]| {
        Pipeline::new(augmentations, sizes, config.agent.contrast.sigma.get())
            .expect("the configuration was checked: its augmentations fit its sizes")
    };
    let plain = pipeline(&config.agent.augmentations);
    let contrast = match &config.agent.contrast.augmentations {
        ContrastAugmentations::Same(_) => plain.clone(),
        ContrastAugmentations::Own(own) => pipeline(own),
    };
    Observation::Pixels { plain, contrast }
}
