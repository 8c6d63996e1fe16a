//! Where the frames of the replay lie: as they are, or as differences from key frames.

use std::ops::Range;

use super::delta::DeltaFrames;
use super::raw::RawFrames;
use super::shape::{Codec, ReplayShape};

/// The frames of a ring of slots, numbered from 0 in the order in which they came. Those of the last
/// so many slots can be read.
#[derive(Debug)]
pub(super) enum Frames {
    Raw(RawFrames),
    Delta(DeltaFrames),
}

/// Room to decode into, kept by each thread from sample to sample.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// What the codec works in.
    pub(super) differences: Vec<u8>,
    /// The decoded frames, one after the other.
    pub(super) frames: Vec<u8>,
}

impl Frames {
    pub(super) fn new(shape: &ReplayShape) -> Self {
        match shape.codec {
            Codec::Raw => Self::Raw(RawFrames::new(shape.slots(), shape.frame_bytes())),
            Codec::Delta => Self::Delta(DeltaFrames::new(shape.slots(), shape.crop.frame)),
        }
    }

    /// Stores the first frame of an episode.
    pub(super) fn start_episode(&mut self, frame: &[u8]) {
        match self {
            Self::Raw(frames) => frames.push(frame),
            Self::Delta(frames) => frames.push_key(frame),
        }
    }

    /// Stores the next frame of an episode.
    pub(super) fn push(&mut self, frame: &[u8]) {
        match self {
            Self::Raw(frames) => frames.push(frame),
            Self::Delta(frames) => frames.push(frame),
        }
    }

    /// Frames with these numbers, in order.
    pub(super) fn get<'a>(
        &'a self,
        numbers: Range<u64>,
        scratch: &'a mut Scratch,
    ) -> Vec<&'a [u8]> {
        match self {
            Self::Raw(frames) => numbers.map(|number| frames.get(number)).collect(),
            Self::Delta(frames) => frames.get(numbers, scratch),
        }
    }

    /// Bytes of memory that the stored frames take.
    pub(super) fn used(&self) -> usize {
        match self {
            Self::Raw(frames) => frames.used(),
            Self::Delta(frames) => frames.used(),
        }
    }
}
