//! The last few frames of an episode, as the input that the acting agent sees.

use std::collections::VecDeque;

use tch::Tensor;

use crate::nn::slice::{bytes_mut, floats_mut};
use crate::observation::{Observation, copy_states};

/// A stack of frames. Its buffers are kept from step to step.
#[derive(Debug)]
pub struct FrameStack {
    observation: Observation,
    /// Oldest first.
    frames: VecDeque<Vec<u8>>,
    /// One, as [`crate::observation::Input::zeros`] makes it.
    input: Tensor,
}

impl FrameStack {
    pub fn new(observation: &Observation, frames: usize) -> Self {
        Self {
            observation: observation.clone(),
            frames: vec![vec![0; observation.frame_bytes()]; frames].into(),
            input: observation.input(frames).zeros(1),
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

    /// What the networks see of the stack, without any augmentation: the centre crop, (1, H, W, C), or the
    /// states, (1, length).
    pub fn input(&mut self) -> &Tensor {
        let stack: Vec<&[u8]> = self.frames.iter().map(Vec::as_slice).collect();
        match &self.observation {
            Observation::Pixels { plain, .. } => plain.centre(&stack, bytes_mut(&mut self.input)),
            Observation::State { .. } => copy_states(&stack, floats_mut(&mut self.input)),
        }
        &self.input
    }
}
