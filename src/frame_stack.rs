//! The last few frames of an episode, as the image that the acting agent sees.

use std::collections::VecDeque;

use tch::{Device, Kind, Tensor};

use crate::augment::Crop;
use crate::nn::slice::bytes_mut;

/// A stack of frames. Its buffers are kept from step to step.
#[derive(Debug)]
pub struct FrameStack {
    crop: Crop,
    /// Oldest first.
    frames: VecDeque<Vec<u8>>,
    /// (1, H, W, C), u8.
    image: Tensor,
}

impl FrameStack {
    pub fn new(crop: Crop, frames: usize) -> Self {
        let (side, channels) = (crop.image as i64, (crop.channels * frames) as i64);
        Self {
            crop,
            frames: vec![vec![0; crop.frame_bytes()]; frames].into(),
            image: Tensor::zeros([1, side, side, channels], (Kind::Uint8, Device::Cpu)),
        }
    }

    /// Begins an episode: its first frame fills the stack.
    pub fn start(&mut self, frame: &[u8]) {
        self.frames.iter_mut().for_each(|stored| stored.copy_from_slice(frame));
    }

    /// Adds a frame in place of the oldest.
    pub fn push(&mut self, frame: &[u8]) {
        if let Some(mut oldest) = self.frames.pop_front() {
            oldest.copy_from_slice(frame);
            self.frames.push_back(oldest);
        }
    }

    /// The centre crop of the stack, (1, H, W, C).
    pub fn image(&mut self) -> &Tensor {
        let stack: Vec<&[u8]> = self.frames.iter().map(Vec::as_slice).collect();
        self.crop.cut(&stack, self.crop.centre_corner(), bytes_mut(&mut self.image));
        &self.image
    }
}
