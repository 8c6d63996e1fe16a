//! What one update learns from: crops, actions, rewards, and the random numbers of its losses.

use tch::{Device, Kind, Tensor};

use crate::action::ActionSpace;

/// Sizes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchShape {
    /// Samples.
    pub size: usize,
    /// Height and width of the cropped images.
    pub image: usize,
    /// Channels of an image: frames of a stack times 3.
    pub channels: usize,
    pub action: ActionSpace,
}

impl BatchShape {
    /// Bytes of all images of one kind.
    pub fn image_bytes(&self) -> usize {
        self.size * self.image * self.image * self.channels
    }
}

/// Sampled transitions with their augmented images. Images are u8, (B, H, W, C), channels last.
#[derive(Debug)]
pub struct Batch {
    pub shape: BatchShape,
    /// All images, (3B, H, W, C): queries, keys, next images.
    pub images: Tensor,
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
        let BatchShape { size, image, channels, action } = shape;
        let images = [3 * size, image, image, channels].map(|length| length as i64);
        let floats = |cols| Tensor::zeros([size as i64, cols], (Kind::Float, Device::Cpu));
        Self {
            shape,
            images: Tensor::zeros(images, (Kind::Uint8, Device::Cpu)),
            action: floats(action.numbers() as i64),
            reward: floats(1),
            not_done: floats(1),
        }
    }

    /// Crops of the observations: what the critic and the actor see, and the queries of the
    /// contrast.
    pub fn query(&self) -> Tensor {
        self.part(0, 1)
    }

    /// Second, independent crops of the same observations.
    pub fn key(&self) -> Tensor {
        self.part(1, 1)
    }

    /// Crops of the next observations.
    pub fn next(&self) -> Tensor {
        self.part(2, 1)
    }

    /// Keys and next images, (2B, H, W, C).
    pub fn key_and_next(&self) -> Tensor {
        self.part(1, 2)
    }

    /// A view of so many parts of the images.
    fn part(&self, first: i64, count: i64) -> Tensor {
        let size = self.shape.size as i64;
        self.images.narrow(0, first * size, count * size)
    }
}

/// The random numbers that an update's losses use, standard normal. They come with the batch, so
/// that an update is a function of its inputs.
#[derive(Debug)]
pub struct Noise {
    /// (B, |A|), or (B, 0) with discrete actions: selects the next actions of the critic's target.
    pub next_action: Tensor,
    /// The same shape: selects the actions of the actor's loss.
    pub action: Tensor,
    /// (B, H, W, C) where positives are Gaussian.
    pub positive: Option<Tensor>,
}
