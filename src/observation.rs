//! What the agent observes: as it is stored, and as the networks take it.
//!
//! An agent step leaves one frame: a picture, or the environment's flat observation. A stack of
//! neighbouring frames is one input of the networks.

use tch::{Device, Kind, Tensor};

use crate::augment::{Augmentation, Pipeline, PipelineError, Sizes};

/// How frames become inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Pictures, of which images are made.
    Pixels {
        /// For critic and actor.
        plain: Pipeline,
        /// For the contrast.
        contrast: Pipeline,
    },
    /// The flat observation: so many little-endian float32 numbers.
    State { len: usize },
}

/// One input of the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// An image, (H, W, C), of bytes: `size` pixels a side, `channels` for each frame, the oldest first.
    Image { size: usize, frames: usize, channels: usize },
    /// So many states of `len` float32 numbers each, the oldest first.
    State { frames: usize, len: usize },
}

impl Observation {
    /// Pictures that are cropped at random, for all that see them.
    ///
    /// # Errors
    /// If they leave no room for that.
    pub fn cropped(sizes: Sizes) -> Result<Self, PipelineError> {
        let plain = Pipeline::new(&[Augmentation::Crop], sizes, 0.0)?;
        Ok(Self::Pixels { contrast: plain.clone(), plain })
    }

    /// Bytes of a stored frame.
    pub fn frame_bytes(&self) -> usize {
        match self {
            Self::Pixels { plain, .. } => plain.sizes().frame_bytes(),
            Self::State { len } => len * size_of::<f32>(),
        }
    }

    /// The input that a stack of so many frames makes.
    pub fn input(&self, frames: usize) -> Input {
        match self {
            Self::Pixels { plain, .. } => {
                let Sizes { image, channels, .. } = plain.sizes();
                Input::Image { size: image, frames, channels }
            }
            Self::State { len } => Input::State { frames, len: *len },
        }
    }
}

impl Input {
    /// Numbers of one input.
    pub fn len(&self) -> usize {
        match *self {
            Self::Image { size, frames, channels } => size * size * frames * channels,
            Self::State { frames, len } => frames * len,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// So many inputs, zero: (count, H, W, C) of bytes, or (count, length) of float32.
    pub fn zeros(&self, count: usize) -> Tensor {
        let count = count as i64;
        match *self {
            Self::Image { size, frames, channels } => {
                let (size, channels) = (size as i64, (frames * channels) as i64);
                Tensor::zeros([count, size, size, channels], (Kind::Uint8, Device::Cpu))
            }
            Self::State { .. } => {
                Tensor::zeros([count, self.len() as i64], (Kind::Float, Device::Cpu))
            }
        }
    }
}

/// Writes a stack of states, the oldest first, one behind the other.
pub(crate) fn copy_states(stack: &[&[u8]], to: &mut [f32]) {
    let bytes = stack.iter().flat_map(|frame| frame.chunks_exact(size_of::<f32>()));
    for (to, bytes) in to.iter_mut().zip(bytes) {
        *to = f32::from_le_bytes(bytes.try_into().expect("chunks are of four bytes"));
    }
}

/// A state as it is stored, as numbers.
pub(crate) fn state(frame: &[u8]) -> Vec<f32> {
    let mut numbers = vec![0.0; frame.len() / size_of::<f32>()];
    copy_states(&[frame], &mut numbers);
    numbers
}
