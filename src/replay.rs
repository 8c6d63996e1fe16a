//! The replay: frames stored once, stacks formed when they are sampled.
//!
//! A ring of slots. A slot holds one frame and, unless it is the last of its episode, the
//! transition that starts there: action, reward and whether the value of what follows is
//! bootstrapped. The observation of a transition is the stack of the frames up to its own, that of
//! the next one the stack up to the frame after it. Before an episode's start the first frame
//! repeats.

pub mod codec;
mod delta;
mod frames;
mod raw;
mod record;
mod sample;
pub mod segments;
mod shape;

use std::ops::Range;

use curl_envs::Ended;
use rand::Rng;

use crate::batch::Batch;

pub use frames::Code;
use frames::{Frames, Scratch};
pub use record::{Record, ReplayPosition, Transition};
pub use sample::{Ages, sample};
pub use shape::{Codec, ReplayShape};

/// Stored experience.
#[derive(Debug)]
pub struct Replay {
    shape: ReplayShape,
    frames: Frames,
    /// slots x action dimensions.
    actions: Vec<f32>,
    slots: Vec<Slot>,
    /// Slots written since the beginning; slot number n lies at n modulo the ring's length.
    written: u64,
    /// The oldest slot that may be read.
    oldest: u64,
    /// Transitions between `oldest` and `written`.
    transitions: usize,
}

/// All of a slot but its frame and action.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Position of the frame in its episode, from 0.
    position: u32,
    /// The transition to the next slot, once it is known.
    transition: Option<Outcome>,
}

#[derive(Clone, Copy, Debug)]
struct Outcome {
    reward: f32,
    bootstrap: bool,
}

impl Replay {
    /// An empty replay. Its memory is reserved now and used as it fills.
    pub fn new(shape: ReplayShape) -> Self {
        let slots = shape.slots();
        Self {
            frames: Frames::new(&shape),
            actions: vec![0.0; slots * shape.action.numbers()],
            shape,
            slots: vec![Slot::default(); slots],
            written: 0,
            oldest: 0,
            transitions: 0,
        }
    }

    /// Transitions that can be sampled.
    pub fn len(&self) -> usize {
        self.transitions
    }

    pub fn is_empty(&self) -> bool {
        self.transitions == 0
    }

    pub fn shape(&self) -> &ReplayShape {
        &self.shape
    }

    /// Bytes of memory that the stored frames take.
    pub fn frame_bytes(&self) -> usize {
        self.frames.used()
    }

    /// Stored frames, readable or about to be overwritten.
    pub fn frames(&self) -> usize {
        self.slots.len().min(self.written as usize)
    }

    /// Stores the first frame of an episode.
    pub fn start_episode(&mut self, frame: &[u8]) {
        self.push_slot(0);
        self.frames.start_episode(frame);
    }

    /// Stores a transition from the newest frame by `action` to `next_frame`. After a termination
    /// nothing follows; a time limit is only the end of the recording, and the value of what would
    /// follow is bootstrapped.
    pub fn push(&mut self, action: &[f32], reward: f32, ended: Option<Ended>, next_frame: &[u8]) {
        assert!(self.written > 0, "an episode starts with its first frame");
        if self.transitions == self.shape.capacity {
            self.drop_oldest();
        }
        let index = self.index(self.written - 1);
        let bootstrap = ended != Some(Ended::Terminated);
        self.set_transition(index, &Transition { action, reward, bootstrap });
        self.transitions += 1;
        self.push_slot(self.slots[index].position + 1);
        self.frames.push(next_frame);
    }

    fn set_transition(&mut self, index: usize, transition: &Transition<'_>) {
        let Transition { action, reward, bootstrap } = *transition;
        self.slots[index].transition = Some(Outcome { reward, bootstrap });
        let len = self.shape.action.numbers();
        self.actions[index * len..(index + 1) * len].copy_from_slice(action);
    }

    /// Opens the slot of a frame at a position of its episode.
    fn push_slot(&mut self, position: u32) {
        // A transition's stack reaches `stack - 1` slots back, so those are kept behind `oldest`.
        let history = self.shape.stack as u64 - 1;
        while self.written + history >= self.oldest + self.slots.len() as u64 {
            self.drop_oldest();
        }
        let index = self.index(self.written);
        self.slots[index] = Slot { position, transition: None };
        self.written += 1;
    }

    /// Forgets the oldest transition, and the episode's end if it comes first.
    fn drop_oldest(&mut self) {
        while self.oldest < self.written {
            let dropped = self.slots[self.index(self.oldest)].transition;
            self.oldest += 1;
            if dropped.is_some() {
                self.transitions -= 1;
                return;
            }
        }
    }

    fn index(&self, number: u64) -> usize {
        (number % self.slots.len() as u64) as usize
    }

    /// Fills a batch as [`fn@sample`] does.
    pub fn sample(&self, batch: &mut Batch, rng: &mut impl Rng) -> Ages {
        sample(&[self], batch, rng)
    }

    /// The frames of the stacks that end in some slots of one episode, oldest first: each once, and none
    /// from before the episode.
    fn frames_of<'a>(&'a self, slots: Range<u64>, scratch: &'a mut Scratch) -> Vec<&'a [u8]> {
        let position = u64::from(self.slots[self.index(slots.start)].position);
        let history = position.min(self.shape.stack as u64 - 1);
        self.frames.get(slots.start - history..slots.end, scratch)
    }

    /// The stack that ends with one of some frames. Their first repeats where they do not reach back
    /// far enough.
    fn stack<'a>(&self, frames: &[&'a [u8]], last: usize) -> Vec<&'a [u8]> {
        (0..self.shape.stack).rev().map(|back| frames[last.saturating_sub(back)]).collect()
    }
}
