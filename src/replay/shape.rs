//! What a replay holds, and what that will take.

use serde::{Deserialize, Serialize};

use super::Slot;
use crate::action::ActionSpace;
use crate::batch::{BatchShape, Views};
use crate::config::ReplayCodec;
use crate::observation::Observation;

/// Bytes of a frame as a difference, by those of the frame itself: what the worst of the six
/// benchmark tasks takes (docs/benchmarks/replay.md), and a little more.
const DELTA_SHARE: f64 = 0.33;

/// How frames are stored. What is sampled is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// As they are.
    Raw,
    /// As compressed differences from key frames.
    Delta,
}

impl Codec {
    /// What a configuration asks for, where a replay of raw frames takes `raw_bytes` and so many are
    /// available, if the system tells.
    pub fn choose(asked: ReplayCodec, raw_bytes: f64, available: Option<u64>) -> Self {
        match asked {
            ReplayCodec::Raw => Self::Raw,
            ReplayCodec::Delta => Self::Delta,
            ReplayCodec::Auto if available.is_some_and(|bytes| raw_bytes <= bytes as f64 / 2.0) => {
                Self::Raw
            }
            ReplayCodec::Auto => Self::Delta,
        }
    }

    /// Bytes of a stored frame by those of the frame, as a forecast that errs upwards.
    fn share(self) -> f64 {
        match self {
            Self::Raw => 1.0,
            Self::Delta => DELTA_SHARE,
        }
    }
}

/// What the replay holds and how it is sampled.
#[derive(Clone, Debug)]
pub struct ReplayShape {
    /// Transitions kept.
    pub capacity: usize,
    /// Agent steps of a full episode, where it has a time limit. Each episode needs one more slot
    /// than it has transitions.
    pub episode_len: Option<usize>,
    /// Frames of a stack.
    pub stack: usize,
    pub action: ActionSpace,
    pub observation: Observation,
    pub codec: Codec,
}

impl ReplayShape {
    /// The shape of one of so many replays that together keep as many transitions as this one.
    #[must_use]
    pub fn part_of(self, replays: usize) -> Self {
        Self { capacity: self.capacity.div_ceil(replays), ..self }
    }

    /// Slots of the ring: one a transition, one for the end of each episode, and the history of the
    /// oldest transition.
    pub fn slots(&self) -> usize {
        let episodes =
            self.episode_len.map_or(self.capacity / 16, |len| self.capacity / len.max(1)) + 2;
        self.capacity.saturating_add(episodes).saturating_add(self.stack)
    }

    /// Bytes that the full replay will take, as a number that no setting overflows. An estimate
    /// where frames are stored as differences.
    pub fn bytes(&self) -> f64 {
        self.bytes_at(self.observation.frame_bytes() as f64 * self.codec.share())
    }

    /// Bytes that the full replay takes if a frame takes so many.
    pub fn bytes_at(&self, frame_bytes: f64) -> f64 {
        let numbers = self.action.numbers() * size_of::<f32>() + size_of::<Slot>();
        self.slots() as f64 * (frame_bytes + numbers as f64)
    }

    pub fn frame_bytes(&self) -> usize {
        self.observation.frame_bytes()
    }

    /// The sizes of a batch of so many samples.
    pub fn batch(&self, size: usize, views: Views) -> BatchShape {
        BatchShape { size, input: self.observation.input(self.stack), views, action: self.action }
    }
}
