//! The replay: frames stored once, stacks formed when they are sampled.
//!
//! A ring of slots. A slot holds one frame and, unless it is the last of its episode, the
//! transition that starts there: action, reward and whether the value of what follows is
//! bootstrapped. The observation of a transition is the stack of the frames up to its own, that of
//! the next one the stack up to the frame after it. Before an episode's start the first frame
//! repeats.

use curl_envs::{Ended, FRAME_CHANNELS};
use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::augment::{Corner, Crop};
use crate::batch::{Batch, BatchShape};
use crate::nn::slice::{bytes_mut, floats_mut};

/// What the replay holds and how it is sampled.
#[derive(Clone, Copy, Debug)]
pub struct ReplayShape {
    /// Transitions kept.
    pub capacity: usize,
    /// Agent steps of a full episode, where it has a time limit. Each episode needs one more slot
    /// than it has transitions.
    pub episode_len: Option<usize>,
    /// Frames of a stack.
    pub stack: usize,
    /// Dimensions of an action.
    pub action: usize,
    pub crop: Crop,
}

impl ReplayShape {
    /// Slots of the ring: one a transition, one for the end of each episode, and the history of the
    /// oldest transition.
    pub fn slots(&self) -> usize {
        let episodes =
            self.episode_len.map_or(self.capacity / 16, |len| self.capacity / len.max(1)) + 2;
        self.capacity.saturating_add(episodes).saturating_add(self.stack)
    }

    /// Bytes that the full replay takes, as a number that no setting overflows.
    pub fn bytes(&self) -> f64 {
        let side = self.crop.frame as f64;
        let numbers = self.action * size_of::<f32>() + size_of::<Slot>();
        self.slots() as f64 * (side * side * FRAME_CHANNELS as f64 + numbers as f64)
    }

    pub fn frame_bytes(&self) -> usize {
        self.crop.frame * self.crop.frame * FRAME_CHANNELS
    }

    /// The sizes of a batch of so many samples.
    pub fn batch(&self, size: usize) -> BatchShape {
        BatchShape {
            size,
            image: self.crop.image,
            channels: FRAME_CHANNELS * self.stack,
            action: self.action,
        }
    }
}

/// Stored experience.
#[derive(Debug)]
pub struct Replay {
    shape: ReplayShape,
    /// slots x frame bytes.
    frames: Vec<u8>,
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
            frames: vec![0; slots * shape.frame_bytes()],
            actions: vec![0.0; slots * shape.action],
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

    /// Stores the first frame of an episode.
    pub fn start_episode(&mut self, frame: &[u8]) {
        self.push_slot(frame, 0);
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
        self.slots[index].transition = Some(Outcome { reward, bootstrap });
        let actions = self.shape.action;
        self.actions[index * actions..(index + 1) * actions].copy_from_slice(action);
        self.transitions += 1;
        self.push_slot(next_frame, self.slots[index].position + 1);
    }

    fn push_slot(&mut self, frame: &[u8], position: u32) {
        // A transition's stack reaches `stack - 1` slots back, so those are kept behind `oldest`.
        let history = self.shape.stack as u64 - 1;
        while self.written + history >= self.oldest + self.slots.len() as u64 {
            self.drop_oldest();
        }
        let index = self.index(self.written);
        self.slots[index] = Slot { position, transition: None };
        let len = self.shape.frame_bytes();
        self.frames[index * len..(index + 1) * len].copy_from_slice(frame);
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

    fn frame(&self, number: u64) -> &[u8] {
        let (index, len) = (self.index(number), self.shape.frame_bytes());
        &self.frames[index * len..(index + 1) * len]
    }

    /// The frames of the stack that ends with a slot, oldest first.
    fn stack(&self, number: u64) -> Vec<&[u8]> {
        let position = u64::from(self.slots[self.index(number)].position);
        let back = (0..self.shape.stack as u64).rev();
        back.map(|back| self.frame(number - back.min(position))).collect()
    }

    /// Fills a batch with transitions drawn uniformly, with replacement. Images are cut straight
    /// from the stored frames. A sample's query, key and next image have a crop position each.
    pub fn sample(&self, batch: &mut Batch, rng: &mut impl Rng) {
        assert!(!self.is_empty(), "the warm-up stores transitions before the first batch");
        let drawn: Vec<Drawn> = (0..batch.shape.size).map(|_| self.draw(rng)).collect();
        self.copy_outcomes(&drawn, batch);
        let part_len = batch.shape.image_bytes();
        let (query, rest) = bytes_mut(&mut batch.images).split_at_mut(part_len);
        let (key, next) = rest.split_at_mut(part_len);
        self.cut_images(&drawn, query, |drawn| (drawn.number, drawn.query));
        self.cut_images(&drawn, key, |drawn| (drawn.number, drawn.key));
        self.cut_images(&drawn, next, |drawn| (drawn.number + 1, drawn.next));
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
        let actions = floats_mut(&mut batch.action).chunks_exact_mut(self.shape.action);
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

    fn cut_images(
        &self,
        drawn: &[Drawn],
        images: &mut [u8],
        place: impl Fn(&Drawn) -> (u64, Corner) + Sync,
    ) {
        let image_len = images.len() / drawn.len();
        images.par_chunks_exact_mut(image_len).zip(drawn).for_each(|(image, drawn)| {
            let (number, corner) = place(drawn);
            self.shape.crop.cut(&self.stack(number), corner, image);
        });
    }
}
