//! How much memory a run will need, told before it starts, and how much there is.

use std::fmt;
use std::fs;

use thiserror::Error;

use crate::action::ActionSpace;
use crate::batch::Views;
use crate::config::{
    Config, Context, ContrastConfig, CriticGradient, Objective, Precision, Predictor, ReplayCodec,
    Similarity,
};
use crate::observation::Input;
use crate::replay::{Replay, ReplayShape};

/// What the program takes before it does anything: libraries, simulator, renderer.
const PROGRAM_BYTES: f64 = 350e6;
/// Copies of the activations that an update may hold at its peak: the graph of the forward pass, the
/// gradients of two layers, and blocks that the allocator has not yet given back. An upper estimate.
const ACTIVATION_COPIES: f64 = 3.0;

/// Bytes that a run will need. They are floating-point numbers so that the most absurd settings are
/// refused, too, instead of overflowing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    pub replay: f64,
    /// Parameters and moments.
    pub networks: f64,
    /// Activations and images of an update.
    pub update: f64,
}

/// What the full replay will take, by what its frames have taken so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Bytes of a stored frame.
    pub frame_bytes: f64,
    pub forecast: Forecast,
}

/// The machine cannot hold the run.
#[derive(Debug, Error)]
#[error(
    "the run needs {forecast}, but only {} are available: {}lower replay.capacity (now {capacity}), \
     train.batch_size or the sizes of images and networks, or close other programs",
    gigabytes(*available as f64),
    match codec {
        ReplayCodec::Raw => "set replay.codec = \"auto\", ",
        ReplayCodec::Delta | ReplayCodec::Auto => "",
    }
)]
pub struct NotEnoughMemory {
    forecast: Forecast,
    available: u64,
    capacity: u64,
    codec: ReplayCodec,
}

impl Forecast {
    /// The forecast for a replay of this shape.
    pub fn new(config: &Config, shape: &ReplayShape) -> Self {
        Self {
            replay: shape.bytes(),
            networks: network_bytes(config, shape),
            update: update_bytes(config, shape),
        }
    }

    pub fn total(&self) -> f64 {
        PROGRAM_BYTES + self.replay + self.networks + self.update
    }

    /// Whether the run fits into what is available, where the system tells.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(&self, config: &Config) -> Result<(), NotEnoughMemory> {
        match available_bytes() {
            Some(available) if self.total() > available as f64 => {
                let (capacity, codec) = (config.replay.capacity.get(), config.replay.codec);
                Err(NotEnoughMemory { forecast: *self, available, capacity, codec })
            }
            _ => Ok(()),
        }
    }
}

impl Measured {
    /// Corrects the forecast of a run from its replays, one an environment and all of one shape,
    /// which hold a frame at least.
    pub fn new(config: &Config, replays: &[&Replay]) -> Self {
        let sum = |of: fn(&Replay) -> usize| replays.iter().map(|replay| of(replay)).sum::<usize>();
        let frame_bytes = sum(Replay::frame_bytes) as f64 / sum(Replay::frames) as f64;
        let shape = replays[0].shape();
        let replay = replays.len() as f64 * shape.bytes_at(frame_bytes);
        let forecast = Forecast { replay, ..Forecast::new(config, shape) };
        Self { frame_bytes, forecast }
    }

    /// By how much the full run exceeds the memory that this process has and can still get.
    pub fn shortage(&self, resident: u64, available: u64) -> Option<f64> {
        let shortage = self.forecast.total() - (resident as f64 + available as f64);
        (shortage > 0.0).then_some(shortage)
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [total, replay, networks, update] =
            [self.total(), self.replay, self.networks, self.update].map(gigabytes);
        write!(out, "{total} of memory (replay {replay}, networks {networks}, update {update})")
    }
}

/// Parameters of all networks, targets included, and two moments for each optimiser that moves one.
fn network_bytes(config: &Config, shape: &ReplayShape) -> f64 {
    let agent = &config.agent;
    let float = |count: u64| count as f64;
    let linear = |inputs: f64, outputs: f64| (inputs + 1.0) * outputs;
    let (filters, latent) =
        (float(agent.encoder.filters.get()), float(agent.encoder.feature_dim.get()));
    let hidden = float(agent.hidden_dim.get());
    let (convs, projection) = match shape.observation.input(shape.stack) {
        Input::Image { frames, channels, .. } => {
            let convs = linear(9.0 * (frames * channels) as f64, filters)
                + (float(agent.encoder.layers.get()) - 1.0) * linear(9.0 * filters, filters);
            let map = float(agent.encoder.feature_map_size(agent.image_size.get()).unwrap_or(0));
            (convs, linear(filters * map * map, latent))
        }
        state @ Input::State { .. } => {
            let deeper = float(agent.encoder.state_layers.get()) - 1.0;
            let perceptron = linear(state.len() as f64, hidden)
                + deeper * linear(hidden, hidden)
                + linear(hidden, latent);
            (0.0, perceptron)
        }
    };
    let projection = projection + 2.0 * latent;
    let trunk = |inputs: f64, outputs: f64| {
        linear(inputs, hidden) + linear(hidden, hidden) + linear(hidden, outputs)
    };
    let (actor, q) = match shape.action {
        ActionSpace::Continuous(dimensions) => {
            let dimensions = dimensions as f64;
            (trunk(latent, 2.0 * dimensions), trunk(latent + dimensions, 1.0))
        }
        ActionSpace::Discrete(choices) => {
            (trunk(latent, choices as f64), trunk(latent, choices as f64))
        }
    };
    let (actor, critic) = (projection + actor, 2.0 * q);
    let (encoder, head) = (convs + projection, head_parameters(&agent.contrast, latent));

    let parameters = 2.0 * (encoder + critic) + actor + head;
    let critic_step = match agent.encoder.critic_gradient {
        CriticGradient::On => encoder + critic,
        CriticGradient::Detached => projection + critic,
    };
    let contrast_steps = match agent.contrast.objective {
        Objective::Off => 0.0,
        _ => 2.0 * encoder + head,
    };
    number_bytes(agent.precision) * (parameters + 2.0 * (critic_step + actor + contrast_steps))
}

/// Bytes of a number, but for what the encoder computes in bfloat16.
fn number_bytes(precision: Precision) -> f64 {
    match precision {
        Precision::Auto | Precision::Float32 | Precision::Bfloat16 => 4.0,
        Precision::Float64 => 8.0,
    }
}

/// Parameters of the contrastive head.
fn head_parameters(contrast: &ContrastConfig, latent: f64) -> f64 {
    let bilinear = contrast.similarity == Similarity::Bilinear;
    match contrast.objective {
        Objective::InfoNce | Objective::SymmetricInfoNce if bilinear => latent * latent,
        Objective::Cpc => {
            let temporal = &contrast.temporal;
            let hidden = temporal.context_dim.get() as f64;
            let gates = |count: f64| count * hidden * (latent + hidden + 2.0);
            let (context, width) = match temporal.context {
                Context::None => (0.0, latent),
                Context::Gru => (gates(3.0), hidden),
                Context::Lstm => (gates(4.0), hidden),
            };
            let residual = match temporal.predictor {
                Predictor::Linear => 0.0,
                Predictor::Residual => 2.0 * (width + 1.0) * width,
            };
            context + residual + temporal.steps.get() as f64 * latent * width
        }
        _ => 0.0,
    }
}

fn update_bytes(config: &Config, shape: &ReplayShape) -> f64 {
    let agent = &config.agent;
    let image = agent.image_size.get() as f64;
    let (layers, filters) = (agent.encoder.layers.get() as f64, agent.encoder.filters.get() as f64);
    // The first map is the largest; taking all as large keeps on the safe side of small
    // differences.
    let first_map = (image / 2.0).powi(2);
    let activations = filters * layers * first_map;
    let views = Views::from(agent);
    let windows = if views.windows.is_some() { 1 } else { 0 };
    let own_query = if views.shares_query() { 0 } else { 1 };
    let images = (views.count() + windows) as f64;
    let recorded = (views.observation + own_query + windows) as f64;
    let number = number_bytes(agent.precision);
    let sample = match shape.observation.input(shape.stack) {
        Input::Image { frames, channels, .. } => {
            let pixels = (frames * channels) as f64 * image * image;
            // Images as bytes, two of them as numbers, and the activations of the recorded passes.
            images * pixels + number * (2.0 * pixels + recorded * ACTIVATION_COPIES * activations)
        }
        state @ Input::State { .. } => {
            let hidden = agent.encoder.state_layers.get() as f64 * agent.hidden_dim.get() as f64;
            number * (images * state.len() as f64 + recorded * ACTIVATION_COPIES * hidden)
        }
    };
    config.train.batch_size.get() as f64 * sample
}

/// Memory that a program can take now without pushing others out.
pub fn available_bytes() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// Memory that this process occupies now.
pub fn resident_bytes() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// The bytes that a line such as `VmRSS:  1024 kB` states.
fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let value: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(value * 1024)
}

/// Bytes for people to read.
pub fn gigabytes(bytes: f64) -> String {
    format!("{:.1} GB", bytes / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_numbers_are_read() {
        assert_eq!(kibibytes("A: 1 kB\nVmRSS:\t   2048 kB\n", "VmRSS:"), Some(2048 * 1024));
        assert_eq!(kibibytes("A: 1 kB\n", "VmRSS:"), None);
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
