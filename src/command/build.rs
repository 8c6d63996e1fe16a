//! The parts of a run, made from its configuration.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use curl_envs::{Env, EnvError, PixelEnvs, Pixels, Spec};
use tch::{Cuda, Device};

use crate::action::ActionSpace;
use crate::agent::{self, Agent, Numbers};
use crate::checkpoint::Checkpoint;
use crate::config::{
    self, AgentConfig, Config, ConfigError, Conflict, ContrastConfig, EnvConfig, Objective,
    Observed, Precision, ReplayCodec,
};
use crate::memory::{Forecast, available_bytes, gigabytes};
use crate::observation::Observation;
use crate::replay::{Codec, ReplayShape};
use crate::train::pictures;

/// The agent of a checkpoint, and the sizes of what it sees.
#[derive(Debug)]
pub struct Player {
    pub agent: Agent,
    pub shape: ReplayShape,
}

impl Player {
    /// Rebuilds what a checkpoint describes. It may be a stranger's: nothing is built that this
    /// machine cannot hold, or that the checkpoint's tensors do not fill.
    ///
    /// # Errors
    /// If memory does not suffice, or the tensors fit neither the configuration nor the environment
    /// that it plays in.
    pub fn new(checkpoint: &Checkpoint, spec: &Spec) -> Result<Self> {
        let config = &checkpoint.config;
        let shape = replay_shape(config, spec)?;
        Forecast { replay: 0.0, ..Forecast::new(config, &shape) }.check(config)?;
        // Not the device that the run was trained on, which this machine may lack.
        let device = device(config::Device::Auto)?;
        let agent = restored_agent(config, &shape, device, checkpoint)?;
        Ok(Self { agent, shape })
    }
}

/// Makes the environment that a configuration names, as its agent sees it.
///
/// # Errors
/// If there is none, or it cannot be made.
pub fn pixels(config: &Config) -> Result<Pixels, EnvError> {
    let EnvConfig { action_repeat, render_size, .. } = &config.env;
    let pixels = Pixels::new(env(config)?, action_repeat.get(), render_size.len())?;
    Ok(pixels.with_view(config.env.view()))
}

/// So many of that environment, side by side.
///
/// # Errors
/// If one cannot be made.
pub fn pixel_envs(config: &Config, count: usize) -> Result<PixelEnvs, EnvError> {
    let config = config.clone();
    PixelEnvs::new(count, move || pixels(&config))
}

/// Makes the environment that a configuration names.
///
/// # Errors
/// If there is none, or it cannot be made.
pub(super) fn env(config: &Config) -> Result<Box<dyn Env>, EnvError> {
    curl_envs::make_with(&config.env.id, &settings(&config.env.python))
}

/// How environments in Python are run, with an interpreter.
pub(super) fn settings(python: impl Into<PathBuf>) -> curl_envs::Settings {
    curl_envs::Settings { python: python.into(), ..curl_envs::Settings::default() }
}

/// The replay's sizes for an environment.
///
/// # Errors
/// If states are asked for, but the environment has none.
pub fn replay_shape(config: &Config, spec: &Spec) -> Result<ReplayShape, ConfigError> {
    let repeat = config.env.action_repeat.get();
    let raw = ReplayShape {
        capacity: config.replay.capacity.len(),
        episode_len: spec.time_limit.map(|limit| limit.div_ceil(repeat) as usize),
        stack: config.env.frame_stack.len(),
        action: ActionSpace::from(&spec.action),
        observation: observation(config, spec)?,
        codec: Codec::Raw,
    };
    let codec = match config.env.observation {
        Observed::Pixels => Codec::choose(config.replay.codec, raw.bytes(), available_bytes()),
        Observed::State => Codec::Raw,
    };
    Ok(ReplayShape { codec, ..raw })
}

/// That a contrast in time predicts what an episode has. A window begins with its episode at the
/// earliest, so that a matrix for more steps ahead would never be trained.
///
/// # Errors
/// If it looks further ahead than an episode lasts.
pub(super) fn check_steps_ahead(config: &Config, shape: &ReplayShape) -> Result<(), ConfigError> {
    let ContrastConfig { objective, temporal, .. } = &config.agent.contrast;
    let (steps, stride) = (temporal.steps.get(), temporal.stride.get());
    let ahead = steps.saturating_mul(stride);
    match shape.episode_len {
        Some(length) if *objective == Objective::Cpc && ahead > length as u64 => {
            let (env, repeat) = (&config.env.id, config.env.action_repeat.get());
            Err(ConfigError::Conflicts(vec![Conflict {
                problem: format!(
                    "agent.contrast.temporal.steps = {steps} by agent.contrast.temporal.stride = {stride} \
                     is {ahead} agent steps ahead, but an episode of {env} has {length} at \
                     env.action_repeat = {repeat}"
                ),
                remedy: format!(
                    "lower steps or stride to a product of at most {length}, or lower env.action_repeat"
                ),
            }]))
        }
        _ => Ok(()),
    }
}

/// How the frames of an environment become what the networks take.
fn observation(config: &Config, spec: &Spec) -> Result<Observation, ConfigError> {
    match (config.env.observation, spec.observation_len()) {
        (Observed::Pixels, _) => Ok(pictures(config)),
        (Observed::State, 0) => Err(super::usage(
            "env.observation",
            format!("{} tells no state: set it to \"pixels\"", spec.id),
        )),
        (Observed::State, len) => Ok(Observation::State { len }),
    }
}

/// How the replay stores its frames, and why if that was left open.
pub(super) fn storage(config: &Config, shape: &ReplayShape) -> String {
    let frames = match shape.codec {
        Codec::Raw => "raw frames",
        Codec::Delta => "frames as compressed differences",
    };
    let reason = match (config.replay.codec, shape.codec) {
        (ReplayCodec::Auto, Codec::Raw) => ", which fit in half of the available memory",
        (ReplayCodec::Auto, Codec::Delta) => ": raw ones would not fit in half of the memory",
        (ReplayCodec::Raw | ReplayCodec::Delta, _) => "",
    };
    format!("stores {frames}{reason}")
}

/// The memory that a run needs.
///
/// # Errors
/// If the machine does not have it.
pub fn forecast(config: &Config, shape: &ReplayShape) -> Result<Forecast, ConfigError> {
    let forecast = Forecast::new(config, shape);
    forecast.check(config).map_err(|error| super::usage("replay.capacity", error))?;
    Ok(forecast)
}

/// A new agent for the images and actions that a replay holds.
pub fn agent(config: &AgentConfig, shape: &ReplayShape, seed: u64, device: Device) -> Agent {
    let input = shape.observation.input(shape.stack);
    Agent::new(input, shape.action, config, seed, device)
}

/// The agent of a checkpoint. Before its memory is taken, its size is held against what the
/// checkpoint really holds: a page of configuration can describe networks of any size.
///
/// # Errors
/// If its tensors are not those that its configuration describes.
pub fn restored_agent(
    config: &Config,
    shape: &ReplayShape,
    device: Device,
    checkpoint: &Checkpoint,
) -> Result<Agent> {
    let misfit = "the checkpoint does not fit its configuration";
    let (described, stored) = (Forecast::new(config, shape).networks, checkpoint.agent.bytes());
    ensure!(
        described <= 2.0 * stored as f64,
        "{misfit}: it describes networks of {}, but holds tensors of {}; take another checkpoint of \
         the run",
        gigabytes(described),
        gigabytes(stored as f64)
    );
    let mut agent = agent(&config.agent, shape, config.train.seed, device);
    agent.restore(&checkpoint.agent).context(misfit)?;
    Ok(agent)
}

/// The device that was asked for.
pub(super) fn device(asked: config::Device) -> Result<Device, ConfigError> {
    match asked {
        config::Device::Auto => Ok(Device::cuda_if_available()),
        config::Device::Cpu => Ok(Device::Cpu),
        config::Device::Cuda if Cuda::is_available() => Ok(Device::Cuda(0)),
        config::Device::Cuda => Err(super::usage(
            "train.device",
            "libtorch sees no GPU: install its CUDA build with `make setup CUDA=1` and a driver, or \
             set it to auto",
        )),
    }
}

/// What the encoder computes in, and why where the program chose it.
pub(super) fn passes(config: &Config, device: Device) -> String {
    let precision = config.agent.precision;
    let numbers = Numbers::new(precision, device);
    match (config.env.observation, precision) {
        (Observed::State, _) => format!("computes in {}", numbers.for_states()),
        (Observed::Pixels, Precision::Auto) => {
            format!("computes the encoder in {numbers}: {}", agent::reason(device))
        }
        (Observed::Pixels, _) => format!("computes the encoder in {numbers}"),
    }
}

/// Gives tensor operations and crops the configured number of threads.
pub(super) fn set_threads(config: &Config) -> usize {
    let threads = match config.train.threads {
        0 => num_cpus::get_physical(),
        // More of them than processors only wait for each other, and the systems that libtorch's
        // threads run on end the process where they cannot have as many.
        threads => (threads as usize).min(num_cpus::get()),
    };
    tch::set_num_threads(threads as i32);
    // A second call in one process finds the pool built, with the size it had; only tests do that.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    threads
}
