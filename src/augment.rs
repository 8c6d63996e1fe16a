//! Image augmentations, on bytes: what turns stored frames into the images that networks see.
//!
//! A frame is height x width x c bytes, three channels or one. A stack of k frames becomes one image with
//! k c channels, channels last, the oldest frame first. What is drawn for an image holds for all its
//! frames, so that an augmentation never looks like motion; noise alone differs from byte to byte.
//!
//! [`Pipeline`] puts augmentations in a row. It separates what is drawn ([`Drawn`]) from what is done with
//! it, so that numbers come from one stream in the order of a batch while images are made in parallel.
//!
//! RAD is Laskin et al. 2020, "Reinforcement Learning with Augmented Data"; its code is meant at commit
//! 18d079e of MishaLaskin/rad. Each file says where it departs from its source.

pub mod colour_jitter;
pub mod crop;
pub mod cutout;
pub mod flip;
pub mod gaussian;
pub mod greyscale;
mod hsv;
pub mod pipeline;
mod planes;
pub mod random_convolution;
pub mod rotate;
pub mod shift;
mod square;
pub mod translate;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crop::{Corner, Crop};
pub use pipeline::{Drawn, Pipeline, PipelineError, Sizes};

/// One augmentation of a [`Pipeline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Augmentation {
    /// Cut at a random place of larger frames ([`crop`]).
    Crop,
    /// Moved by up to four pixels, the border repeated ([`shift`]).
    Shift,
    /// Cut at the centre of larger frames ([`crop`]).
    CentreCrop,
    /// Put at a random place of a larger black image ([`translate`]).
    Translate,
    /// A random box of it black ([`cutout`]).
    Cutout,
    /// Brightness, contrast, saturation and hue changed ([`colour_jitter`]).
    ColourJitter,
    /// Without colours, now and then ([`greyscale`]).
    Greyscale,
    /// Left and right swapped, half of the time ([`flip`]).
    Flip,
    /// Turned by a random number of right angles ([`rotate`]).
    Rotate,
    /// Through a random 3x3 filter ([`random_convolution`]).
    RandomConvolution,
    /// Noise on every byte ([`gaussian`]).
    Gaussian,
}

/// The name that configurations have for it.
impl fmt::Display for Augmentation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// Sizes of one image: side x side pixels, each the channels of all frames of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    /// Height and width.
    pub side: usize,
    /// Channels of a frame, 3 or 1.
    pub channels: usize,
    /// Frames of the stack.
    pub frames: usize,
}

impl ImageShape {
    /// Bytes of a pixel: the channels of all frames.
    pub fn pixel_bytes(&self) -> usize {
        self.channels * self.frames
    }

    /// Bytes of a row of pixels.
    pub fn row_bytes(&self) -> usize {
        self.side * self.pixel_bytes()
    }
}

/// Room to work in, kept from image to image: its content never matters.
#[derive(Debug, Default)]
pub struct Scratch {
    /// A copy of an image.
    bytes: Vec<u8>,
    /// An image as numbers, plane by plane.
    planes: Vec<f32>,
    /// The same of what a convolution makes of it.
    filtered: Vec<f32>,
}

impl Scratch {
    fn copy_of(&mut self, image: &[u8]) -> &[u8] {
        self.bytes.clear();
        self.bytes.extend_from_slice(image);
        &self.bytes
    }
}
