//! What one update learns from: crops, actions, rewards, and the random numbers of its losses.

use tch::{Device, Kind, Tensor};

/// Sizes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchShape {
    /// Samples.
    pub size: usize,
    /// Height and width of the cropped images.
    pub image: usize,
    /// Channels of an image: frames of a stack times 3.
    pub channels: usize,
    /// Dimensions of an action.
    pub action: usize,
}

impl BatchShape {
    /// Bytes of all images of one kind.
    pub fn image_bytes(&self) -> usize {
        self.size * self.image * self.image * self.channels
    }

    fn images(&self) -> Tensor {
        let (size, image, channels) = (self.size as i64, self.image as i64, self.channels as i64);
        Tensor::zeros([size, image, image, channels], (Kind::Uint8, Device::Cpu))
    }
}

/// Sampled transitions with their augmented images. Images are u8, (B, H, W, C), channels last.
#[derive(Debug)]
pub struct Batch {
    pub shape: BatchShape,
    /// Crops of the observations: what the critic and the actor see, and the queries of the
    /// contrast.
    pub query: Tensor,
    /// Second, independent crops of the same observations.
    pub key: Tensor,
    /// Crops of the next observations.
    pub next: Tensor,
    /// (B, |A|), in [-1, 1].
    pub action: Tensor,
    /// (B, 1).
    pub reward: Tensor,
    /// (B, 1): 0 where the episode terminated, else 1. A time limit is no termination.
    pub not_done: Tensor,
}

impl Batch {
    /// A batch of zeros, to be filled.
    pub fn new(shape: BatchShape) -> Self {
        let floats = |cols| Tensor::zeros([shape.size as i64, cols], (Kind::Float, Device::Cpu));
        Self {
            shape,
            query: shape.images(),
            key: shape.images(),
            next: shape.images(),
            action: floats(shape.action as i64),
            reward: floats(1),
            not_done: floats(1),
        }
    }
}

/// The random numbers that an update's losses use, standard normal. They come with the batch, so
/// that an update is a function of its inputs.
#[derive(Debug)]
pub struct Noise {
    /// (B, |A|): selects the next actions of the critic's target.
    pub next_action: Tensor,
    /// (B, |A|): selects the actions of the actor's loss.
    pub action: Tensor,
    /// (B, H, W, C) where positives are Gaussian.
    pub positive: Option<Tensor>,
}
