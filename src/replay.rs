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
pub mod segments;
mod shape;

use std::cell::RefCell;

use curl_envs::Ended;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::augment::Corner;
use crate::batch::Batch;
use crate::nn::slice::{bytes_mut, floats_mut};

pub use frames::Code;
use frames::{Frames, Scratch};
pub use record::{Record, ReplayPosition, Transition};
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

/// How long ago the transitions of a batch were stored, in slots: one an agent step, and one more an
/// episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ages {
    pub mean: f64,
    pub oldest: u64,
}

/// One drawn sample: a transition and where its three images are cropped.
struct Drawn {
    number: u64,
    query: Corner,
    key: Corner,
    next: Corner,
}

impl Replay {
    /// An empty replay. Its memory is reserved now and used as it fills.
    pub fn new(shape: ReplayShape) -> Self {
        let slots = shape.slots();
        Self {
            shape,
            frames: Frames::new(&shape),
            actions: vec![0.0; slots * shape.action.numbers()],
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

    /// Fills a batch with transitions drawn uniformly, with replacement. Images are cut straight
    /// from the stored frames. A sample's query, key and next image have a crop position each.
    pub fn sample(&self, batch: &mut Batch, rng: &mut impl Rng) -> Ages {
        assert!(!self.is_empty(), "the warm-up stores transitions before the first batch");
        let drawn: Vec<Drawn> = (0..batch.shape.size).map(|_| self.draw(rng)).collect();
        self.copy_outcomes(&drawn, batch);
        self.cut_images(&drawn, batch);
        self.ages(&drawn)
    }

    fn ages(&self, drawn: &[Drawn]) -> Ages {
        let ages = drawn.iter().map(|drawn| self.written - 1 - drawn.number);
        let sum: u64 = ages.clone().sum();
        Ages { mean: sum as f64 / drawn.len() as f64, oldest: ages.max().unwrap_or_default() }
    }

    fn draw(&self, rng: &mut impl Rng) -> Drawn {
        let crop = self.shape.crop;
        // Slots without a transition are few, one an episode, so drawing again is cheap.
        let number = loop {
            let number = rng.random_range(self.oldest..self.written);
            if self.slots[self.index(number)].transition.is_some() {
                break number;
            }
        };
        Drawn {
            number,
            query: crop.random_corner(rng),
            key: crop.random_corner(rng),
            next: crop.random_corner(rng),
        }
    }

    fn copy_outcomes(&self, drawn: &[Drawn], batch: &mut Batch) {
        let actions = floats_mut(&mut batch.action).chunks_exact_mut(self.shape.action.numbers());
        let rewards = floats_mut(&mut batch.reward);
        let not_done = floats_mut(&mut batch.not_done);
        for (((drawn, action), reward), not_done) in
            drawn.iter().zip(actions).zip(rewards).zip(not_done)
        {
            let index = self.index(drawn.number);
            let outcome = self.slots[index].transition.expect("only transitions are drawn");
            action.copy_from_slice(&self.actions[index * action.len()..(index + 1) * action.len()]);
            *reward = outcome.reward;
            *not_done = if outcome.bootstrap { 1.0 } else { 0.0 };
        }
    }

    fn cut_images(&self, drawn: &[Drawn], batch: &mut Batch) {
        let len = batch.shape.image_bytes() / batch.shape.size;
        let (queries, rest) = bytes_mut(&mut batch.images).split_at_mut(len * drawn.len());
        let (keys, nexts) = rest.split_at_mut(len * drawn.len());
        let [queries, keys, nexts] =
            [queries, keys, nexts].map(|images| images.par_chunks_exact_mut(len));
        queries.zip(keys).zip(nexts).zip(drawn).for_each(|(((query, key), next), drawn)| {
            SCRATCH.with_borrow_mut(|scratch| {
                let frames = self.frames_of(drawn.number, scratch);
                let crop = self.shape.crop;
                let (last, next_last) = (frames.len() - 2, frames.len() - 1);
                let observation = self.stack(&frames, last);
                crop.cut(&observation, drawn.query, query);
                crop.cut(&observation, drawn.key, key);
                crop.cut(&self.stack(&frames, next_last), drawn.next, next);
            });
        });
    }

    /// The frames of a transition's two stacks, oldest first: each once, and none from before the
    /// episode.
    fn frames_of<'a>(&'a self, number: u64, scratch: &'a mut Scratch) -> Vec<&'a [u8]> {
        let position = u64::from(self.slots[self.index(number)].position);
        let history = position.min(self.shape.stack as u64 - 1);
        self.frames.get(number - history..number + 2, scratch)
    }

    /// The stack that ends with one of some frames. Their first repeats where they do not reach back
    /// far enough.
    fn stack<'a>(&self, frames: &[&'a [u8]], last: usize) -> Vec<&'a [u8]> {
        (0..self.shape.stack).rev().map(|back| frames[last.saturating_sub(back)]).collect()
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}
