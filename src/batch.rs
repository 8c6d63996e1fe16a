//! What one update learns from: views of observations, actions, rewards, and the random numbers of its
//! losses.

use tch::{Device, Kind, Tensor};

use crate::action::ActionSpace;
use crate::config::{AgentConfig, Objective, Positives};
use crate::observation::Input;

/// Sizes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchShape {
    /// Samples.
    pub size: usize,
    /// What the networks take of one observation.
    pub input: Input,
    pub views: Views,
    pub action: ActionSpace,
}

/// How often a batch shows each of its transitions. Every view is augmented anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Views {
    /// Of the observation, to critic and actor: M of DrQ.
    pub observation: usize,
    /// Of the observation, to the contrast alone.
    pub contrast: ContrastViews,
    /// Of the next observation: K of DrQ.
    pub next: usize,
}

/// The views of the contrast beside those that critic and actor see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContrastViews {
    /// None.
    None,
    /// The key. The query is what critic and actor see (CURL).
    Key,
}

impl From<&AgentConfig> for Views {
    fn from(config: &AgentConfig) -> Self {
        match (config.contrast.objective, config.contrast.positive) {
            (Objective::InfoNce, Positives::Crop) => Self::CURL,
            (Objective::Off, _) | (_, Positives::Gaussian) => Self::PLAIN,
        }
    }
}

impl Views {
    /// One view of each observation for all that learn from it, and one of the next.
    pub const PLAIN: Self = Self { observation: 1, contrast: ContrastViews::None, next: 1 };
    /// The same, and a key: the views of CURL.
    pub const CURL: Self = Self { contrast: ContrastViews::Key, ..Self::PLAIN };

    /// Views of one sample.
    pub fn count(&self) -> usize {
        self.observation + self.of_contrast() + self.next
    }

    fn of_contrast(&self) -> usize {
        match self.contrast {
            ContrastViews::None => 0,
            ContrastViews::Key => 1,
        }
    }
}

/// Sampled transitions with their views. Images are u8, (B, H, W, C), channels last; states are float32,
/// (B, length).
#[derive(Debug)]
pub struct Batch {
    pub shape: BatchShape,
    /// All views, one kind after the other: observations, keys, next observations.
    pub inputs: Tensor,
    /// The actions' numbers: (B, |A|) in [-1, 1], or (B, 1) choices.
    pub action: Tensor,
    /// (B, 1).
    pub reward: Tensor,
    /// (B, 1): 0 where the episode terminated, else 1. A time limit is no termination.
    pub not_done: Tensor,
}

impl Batch {
    /// A batch of zeros, to be filled.
    pub fn new(shape: BatchShape) -> Self {
        let BatchShape { size, input, views, action } = shape;
        let floats = |cols| Tensor::zeros([size as i64, cols], (Kind::Float, Device::Cpu));
        Self {
            shape,
            inputs: input.zeros(views.count() * size),
            action: floats(action.numbers() as i64),
            reward: floats(1),
            not_done: floats(1),
        }
    }

    /// All views of the observations that critic and actor learn from, (M B, ...).
    pub fn observations(&self) -> Tensor {
        self.part(0, self.shape.views.observation)
    }

    /// The queries of the contrast: the first of them.
    pub fn query(&self) -> Tensor {
        self.part(0, 1)
    }

    /// Second views of the same observations, where the batch has them.
    pub fn key(&self) -> Option<Tensor> {
        let Views { observation, contrast, .. } = self.shape.views;
        match contrast {
            ContrastViews::Key => Some(self.part(observation, 1)),
            ContrastViews::None => None,
        }
    }

    /// All views of the next observations, (K B, ...).
    pub fn next(&self) -> Tensor {
        let views = self.shape.views;
        self.part(views.count() - views.next, views.next)
    }

    /// Keys, where the batch has them, and the next observations, in one piece.
    pub fn key_and_next(&self) -> Tensor {
        let views = self.shape.views;
        self.part(views.observation, views.of_contrast() + views.next)
    }

    /// A window on so many views.
    fn part(&self, first: usize, count: usize) -> Tensor {
        let size = self.shape.size as i64;
        self.inputs.narrow(0, first as i64 * size, count as i64 * size)
    }
}

/// The random numbers that an update's losses use, standard normal. They come with the batch, so
/// that an update is a function of its inputs.
#[derive(Debug)]
pub struct Noise {
    /// (K B, |A|), or (K B, 0) with discrete actions: selects the next actions of the critic's target.
    pub next_action: Tensor,
    /// (B, |A|), or (B, 0): selects the actions of the actor's loss.
    pub action: Tensor,
    /// The shape of the queries, where positives are Gaussian.
    pub positive: Option<Tensor>,
}
