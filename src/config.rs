//! The configuration of a run: one section per owner, read-only once resolved.
//!
//! Values come from `configs/default.toml` (the only place that states a default), a preset, a file
//! and `--set key=value`, in that order; [`Resolved`] says which of them each value came from.
//! Ranges are types ([`range`]), so that a `Config` that exists is within them. Nothing but this
//! module and `command` reads files and arguments to decide what a run does.

mod agent;
mod change;
mod check;
mod error;
mod layer;
mod presets;
pub mod range;
mod resolve;
mod schema;

use serde::{Deserialize, Serialize};

use crate::augment::Sizes;

pub use agent::{
    ActorConfig, AgentConfig, Context, ContrastAugmentations, ContrastConfig, CriticConfig,
    CriticGradient, EncoderConfig, FirstLayer, KeyEncoding, Objective, Positives, Precision,
    Predictor, Same, Similarity, TemperatureConfig, TemporalConfig, Update,
};
pub use change::{CHANGEABLE, Change};
pub use error::{ConfigError, Conflict, KeyProblem};
pub use layer::Source;
pub use presets::{Method, methods, preset_names};
pub use range::{Count, Fraction, Positive, Ratio};
pub use resolve::{Resolved, Selection, resolve, resolve_onto};

/// Everything that decides what a run does. Keys are those of `configs/default.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub env: EnvConfig,
    pub replay: ReplayConfig,
    pub agent: AgentConfig,
    pub train: TrainConfig,
    pub eval: EvalConfig,
    pub log: LogConfig,
    pub checkpoint: CheckpointConfig,
}

/// What the agent sees of its environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvConfig {
    /// Environment id in canonical form, such as `dmc:cartpole-swingup`.
    pub id: String,
    pub observation: Observed,
    /// Env steps per agent step.
    pub action_repeat: Count,
    /// Neighbouring frames that make one observation.
    pub frame_stack: Count,
    /// Height and width of a rendered (and stored) frame in pixels.
    pub render_size: Count,
    pub colour: Colour,
    /// The interpreter of environments in Python: a path, or a name to be looked for on the PATH.
    pub python: String,
}

/// What the agent observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed {
    /// Pictures.
    Pixels,
    /// The environment's flat observation.
    State,
}

/// The colours of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// Three channels.
    Rgb,
    /// Luminance, one channel.
    Grey,
    /// How far from white, one channel.
    Negative,
}

impl Config {
    /// Sizes of frames and of the images that are made of them.
    pub fn picture_sizes(&self) -> Sizes {
        Sizes {
            frame: self.env.render_size.len(),
            image: self.agent.image_size.len(),
            channels: curl_envs::Colour::from(self.env.colour).channels(),
        }
    }
}

impl EnvConfig {
    /// What the agent is shown.
    pub fn view(&self) -> curl_envs::View {
        match self.observation {
            Observed::Pixels => curl_envs::View::Picture(self.colour.into()),
            Observed::State => curl_envs::View::State,
        }
    }
}

impl From<Colour> for curl_envs::Colour {
    fn from(colour: Colour) -> Self {
        match colour {
            Colour::Rgb => Self::Rgb,
            Colour::Grey => Self::Grey,
            Colour::Negative => Self::Negative,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayConfig {
    /// Transitions kept; the oldest is overwritten.
    pub capacity: Count,
    pub codec: ReplayCodec,
}

/// How the frames of the replay are stored. What is sampled is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayCodec {
    /// As they are.
    Raw,
    /// As compressed differences from key frames.
    Delta,
    /// Raw if the full replay then fits in half of the memory that is available.
    Auto,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Length of the run in env steps (agent steps x action repeat).
    pub env_steps: Count,
    #[serde(deserialize_with = "range::whole")]
    pub seed: u64,
    /// Agent steps with uniformly random actions, without updates, before learning starts.
    pub warmup_agent_steps: Count,
    /// Updates for each agent step after the warm-up.
    pub updates_per_agent_step: Count,
    /// Environments that experience is collected from side by side.
    pub envs: Count,
    pub batch_size: Count,
    pub device: Device,
    /// Threads of tensor operations and cropping; 0 takes the physical cores.
    #[serde(deserialize_with = "range::whole")]
    pub threads: u64,
}

/// Where the networks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// A GPU where libtorch can use one, else the processor.
    Auto,
    Cpu,
    /// The first GPU.
    Cuda,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalConfig {
    pub every_env_steps: Count,
    pub episodes: Count,
    /// Environments in which an evaluation's episodes are played side by side.
    pub envs: Count,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Updates between two records of the losses.
    pub scalars_every_updates: Count,
    /// Updates between two records of histograms and of query and key crops.
    pub media_every_updates: Count,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointConfig {
    pub every_env_steps: Count,
    /// Checkpoints kept, the last among them, besides the best.
    pub keep: Count,
}

#[cfg(test)]
mod tests;
