//! Where the frames of the replay lie: as they are, or as differences from key frames.

use std::ops::Range;

use super::delta::DeltaFrames;
use super::raw::RawFrames;
use super::shape::{Codec, ReplayShape};
use crate::observation::Observation;

/// The frames of a ring of slots, numbered from 0 in the order in which they came. Those of the last
/// so many slots can be read.
#[derive(Debug)]
pub(super) enum Frames {
    Raw(RawFrames),
    Delta(DeltaFrames),
}

/// A frame as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code<'a> {
    /// The frame itself.
    Whole(&'a [u8]),
    /// Its difference from the latest whole frame of its segment.
    Difference(&'a [u8]),
}

/// The newest frame of a replay. Segments are numbered from 0; a frame can be decoded with the frames
/// of its own segment alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<'a> {
    pub(super) segment: u64,
    pub(super) code: Code<'a>,
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
        match (shape.codec, &shape.observation) {
            (Codec::Delta, Observation::Pixels { plain, .. }) => {
                Self::Delta(DeltaFrames::new(shape.slots(), plain.sizes()))
            }
            // The numbers of a state are too few and too different for the codec of pictures.
            (Codec::Raw, _) | (Codec::Delta, Observation::State { .. }) => {
                Self::Raw(RawFrames::new(shape.slots(), shape.frame_bytes()))
            }
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

    /// Goes on at a slot number, which begins a segment; nothing before it can be read.
    pub(super) fn begin_at(&mut self, number: u64, segment: u64) {
        match self {
            Self::Raw(frames) => frames.begin_at(number),
            Self::Delta(frames) => frames.begin_at(number, segment),
        }
    }

    /// Takes over the next frame as it was stored.
    ///
    /// # Errors
    /// If it is not one of these frames'.
    pub(super) fn restore(&mut self, segment: u64, code: Code<'_>) -> Result<(), String> {
        match self {
            Self::Raw(frames) => frames.restore(code),
            Self::Delta(frames) => frames.restore(segment, code),
        }
    }

    /// The newest frame. There must be one.
    pub(super) fn newest(&self) -> Stored<'_> {
        match self {
            Self::Raw(frames) => frames.newest(),
            Self::Delta(frames) => frames.newest(),
        }
    }

    /// The oldest segment that has a frame which can still be read, and its first slot's number.
    pub(super) fn oldest_segment(&self) -> (u64, u64) {
        match self {
            Self::Raw(frames) => frames.oldest_segment(),
            Self::Delta(frames) => frames.oldest_segment(),
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
