//! What one update learns from: views of observations, actions, rewards, and the random numbers of its
//! losses.

use tch::{Device, Kind, Tensor};

use crate::action::ActionSpace;
use crate::config::{AgentConfig, ContrastAugmentations, ContrastConfig, Objective, Positives};
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
    /// Windows of episodes, to a contrast in time.
    pub windows: Option<WindowShape>,
}

/// Some observations of one episode, as many agent steps apart. A batch has as many windows as make its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowShape {
    /// Observations of a window, T.
    pub length: usize,
    /// Agent steps from one to the next.
    pub stride: usize,
}

/// The views of the contrast beside those that critic and actor see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContrastViews {
    /// None.
    None,
    /// The key. The query is what critic and actor see (CURL).
    Key,
    /// The query, augmented in a way of its own.
    Query,
    /// Both (CURL paper, appendix E.4).
    QueryAndKey,
}

impl From<&AgentConfig> for Views {
    fn from(config: &AgentConfig) -> Self {
        let ContrastConfig { objective, positive, augmentations, temporal, .. } = &config.contrast;
        let contrast = match (positive, augmentations) {
            _ if !objective.compares_views() => ContrastViews::None,
            (Positives::Augmented, ContrastAugmentations::Same(_)) => ContrastViews::Key,
            (Positives::Augmented, ContrastAugmentations::Own(_)) => ContrastViews::QueryAndKey,
            (Positives::Gaussian, ContrastAugmentations::Same(_)) => ContrastViews::None,
            (Positives::Gaussian, ContrastAugmentations::Own(_)) => ContrastViews::Query,
        };
        let windows = (*objective == Objective::Cpc)
            .then(|| WindowShape { length: temporal.window.len(), stride: temporal.stride.len() });
        Self {
            observation: config.critic.observation_views.len(),
            contrast,
            next: config.critic.target_views.len(),
            windows,
        }
    }
}

impl Views {
    /// One view of each observation for all that learn from it, and one of the next.
    pub const PLAIN: Self =
        Self { observation: 1, contrast: ContrastViews::None, next: 1, windows: None };
    /// The same, and a key: the views of CURL.
    pub const CURL: Self = Self { contrast: ContrastViews::Key, ..Self::PLAIN };

    /// Views of one sample.
    pub fn count(&self) -> usize {
        self.observation + self.of_contrast() + self.next
    }

    /// Whether the contrast's query is what critic and actor see.
    pub(crate) fn shares_query(&self) -> bool {
        matches!(self.contrast, ContrastViews::None | ContrastViews::Key)
    }

    /// Those of the contrast alone, which come between those of the observation and of the next.
    pub(crate) fn of_contrast(&self) -> usize {
        match self.contrast {
            ContrastViews::None => 0,
            ContrastViews::Key | ContrastViews::Query => 1,
            ContrastViews::QueryAndKey => 2,
        }
    }
}

/// Sampled transitions with their views. Images are u8, (B, H, W, C), channels last; states are float32,
/// (B, length).
#[derive(Debug)]
pub struct Batch {
    pub shape: BatchShape,
    /// All views, one kind after the other: observations, queries, keys, next observations.
    pub inputs: Tensor,
    pub windows: Option<Windows>,
    /// The actions' numbers: (B, |A|) in [-1, 1], or (B, 1) choices.
    pub action: Tensor,
    /// (B, 1).
    pub reward: Tensor,
    /// (B, 1): 0 where the episode terminated, else 1. A time limit is no termination.
    pub not_done: Tensor,
}

/// Windows of episodes, S of T observations each.
#[derive(Debug)]
pub struct Windows {
    /// (S T, ...), window by window, the oldest first; zero beyond the end of an episode.
    pub inputs: Tensor,
    /// (S, T), of kind Bool: what lies within the episode.
    pub valid: Tensor,
}

impl BatchShape {
    /// How many windows a batch has.
    pub fn windows(&self) -> usize {
        self.views.windows.map_or(0, |window| self.size / window.length)
    }
}

impl Batch {
    /// A batch of zeros, to be filled.
    pub fn new(shape: BatchShape) -> Self {
        let BatchShape { size, input, views, action } = shape;
        let floats = |cols| Tensor::zeros([size as i64, cols], (Kind::Float, Device::Cpu));
        let windows = views.windows.map(|WindowShape { length, .. }| {
            let lengths = [shape.windows() as i64, length as i64];
            Windows {
                inputs: input.zeros(shape.windows() * length),
                valid: Tensor::zeros(lengths, (Kind::Bool, Device::Cpu)),
            }
        });
        Self {
            shape,
            inputs: input.zeros(views.count() * size),
            windows,
            action: floats(action.numbers() as i64),
            reward: floats(1),
            not_done: floats(1),
        }
    }

    /// All views of the observations that critic and actor learn from, (M B, ...).
    pub fn observations(&self) -> Tensor {
        self.part(0, self.shape.views.observation)
    }

    /// The queries of the contrast: the first of them, or views of their own.
    pub fn query(&self) -> Tensor {
        let views = self.shape.views;
        self.part(if views.shares_query() { 0 } else { views.observation }, 1)
    }

    /// Second views of the same observations, where the batch has them.
    pub fn key(&self) -> Option<Tensor> {
        let Views { observation, contrast, .. } = self.shape.views;
        match contrast {
            ContrastViews::Key => Some(self.part(observation, 1)),
            ContrastViews::QueryAndKey => Some(self.part(observation + 1, 1)),
            ContrastViews::None | ContrastViews::Query => None,
        }
    }

    /// All views of the next observations, (K B, ...).
    pub fn next(&self) -> Tensor {
        let views = self.shape.views;
        self.part(views.count() - views.next, views.next)
    }

    /// The keys and all views of the next observations in one piece, where the batch has keys.
    pub fn key_and_next(&self) -> Option<Tensor> {
        let views = self.shape.views;
        let is_there = matches!(views.contrast, ContrastViews::Key | ContrastViews::QueryAndKey);
        is_there.then(|| self.part(views.count() - views.next - 1, views.next + 1))
    }

    /// The rows of the first view, (B, ...), of numbers that were computed for all.
    pub(crate) fn first(&self, rows: &Tensor) -> Tensor {
        rows.narrow(0, 0, self.shape.size as i64)
    }

    /// A part of the inputs: so many views.
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
