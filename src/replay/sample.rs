//! Batches drawn from the replay.

use std::cell::RefCell;

use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::Replay;
use super::frames::Scratch;
use crate::augment::{Corner, Crop};
use crate::batch::{Batch, BatchShape};
use crate::nn::slice::{bytes_mut, floats_mut};
use crate::observation::{Observation, copy_states};

/// How long ago the transitions of a batch were stored, in slots: one an agent step, and one more an
/// episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ages {
    pub mean: f64,
    pub oldest: u64,
}

/// One drawn sample: a transition, and where each of its images is cropped.
struct Drawn<'a> {
    replay: &'a Replay,
    number: u64,
    /// One a view; none where there are no images.
    corners: Vec<Corner>,
}

/// Fills a batch with transitions drawn uniformly, with replacement, from all of some replays, one
/// for each environment. Images are cut straight from the stored frames, and each view has a crop
/// position of its own.
///
/// # Panics
/// If no replay holds a transition.
pub fn sample(replays: &[&Replay], batch: &mut Batch, rng: &mut impl Rng) -> Ages {
    let empty = replays.iter().all(|replay| replay.is_empty());
    assert!(!empty, "the warm-up stores transitions before the first batch");
    let shape = batch.shape;
    let drawn: Vec<Drawn<'_>> = (0..shape.size).map(|_| draw(replays, &shape, rng)).collect();
    copy_outcomes(&drawn, batch);
    match replays[0].shape.observation {
        Observation::Pixels(crop) => cut_images(&drawn, crop, batch),
        Observation::State { .. } => fill_states(&drawn, batch),
    }
    ages(&drawn, replays.len() as u64)
}

/// With several replays a slot of each is filled while one is of a single one.
fn ages(drawn: &[Drawn<'_>], replays: u64) -> Ages {
    let ages = drawn.iter().map(|drawn| replays * (drawn.replay.written - 1 - drawn.number));
    let sum: u64 = ages.clone().sum();
    Ages { mean: sum as f64 / drawn.len() as f64, oldest: ages.max().unwrap_or_default() }
}

fn draw<'a>(replays: &[&'a Replay], shape: &BatchShape, rng: &mut impl Rng) -> Drawn<'a> {
    let slots = |replay: &Replay| replay.written - replay.oldest;
    let all = replays.iter().map(|replay| slots(replay)).sum();
    // Slots without a transition are few, one an episode, so drawing again is cheap.
    let (replay, number) = loop {
        let mut place = rng.random_range(0..all);
        let replay = replays.iter().find(|replay| {
            let is_here = place < slots(replay);
            place -= if is_here { 0 } else { slots(replay) };
            is_here
        });
        let replay = replay.expect("the place is below the sum of all");
        let number = replay.oldest + place;
        if replay.slots[replay.index(number)].transition.is_some() {
            break (*replay, number);
        }
    };
    let corners = match replay.shape.observation {
        Observation::Pixels(crop) => {
            (0..shape.views.count()).map(|_| crop.random_corner(rng)).collect()
        }
        Observation::State { .. } => Vec::new(),
    };
    Drawn { replay, number, corners }
}

fn copy_outcomes(drawn: &[Drawn<'_>], batch: &mut Batch) {
    let actions = floats_mut(&mut batch.action).chunks_exact_mut(batch.shape.action.numbers());
    let rewards = floats_mut(&mut batch.reward);
    let not_done = floats_mut(&mut batch.not_done);
    for (((drawn, action), reward), not_done) in
        drawn.iter().zip(actions).zip(rewards).zip(not_done)
    {
        let Drawn { replay, number, .. } = *drawn;
        let index = replay.index(number);
        let outcome = replay.slots[index].transition.expect("only transitions are drawn");
        action.copy_from_slice(&replay.actions[index * action.len()..(index + 1) * action.len()]);
        *reward = outcome.reward;
        *not_done = if outcome.bootstrap { 1.0 } else { 0.0 };
    }
}

fn cut_images(drawn: &[Drawn<'_>], crop: Crop, batch: &mut Batch) {
    let shape = batch.shape;
    let samples = by_sample(bytes_mut(&mut batch.inputs), &shape);
    samples.into_par_iter().zip(drawn).for_each(|(views, drawn)| {
        drawn.with_stacks(|observation, next| {
            let stacks = stacks_of_views(&shape, observation, next);
            for ((view, stack), &corner) in views.into_iter().zip(stacks).zip(&drawn.corners) {
                crop.cut(stack, corner, view);
            }
        });
    });
}

fn fill_states(drawn: &[Drawn<'_>], batch: &mut Batch) {
    let shape = batch.shape;
    for (views, drawn) in by_sample(floats_mut(&mut batch.inputs), &shape).into_iter().zip(drawn) {
        drawn.with_stacks(|observation, next| {
            let stacks = stacks_of_views(&shape, observation, next);
            views.into_iter().zip(stacks).for_each(|(view, stack)| copy_states(stack, view));
        });
    }
}

/// The places of each sample's views. In the batch lies one kind of view of all samples after the other.
fn by_sample<'a, T>(inputs: &'a mut [T], shape: &BatchShape) -> Vec<Vec<&'a mut [T]>> {
    let mut samples: Vec<_> =
        (0..shape.size).map(|_| Vec::with_capacity(shape.views.count())).collect();
    for (index, place) in inputs.chunks_exact_mut(shape.input.len()).enumerate() {
        samples[index % shape.size].push(place);
    }
    samples
}

/// The stack that each view of a sample shows.
fn stacks_of_views<'a>(
    shape: &BatchShape,
    observation: &'a [&'a [u8]],
    next: &'a [&'a [u8]],
) -> impl Iterator<Item = &'a [&'a [u8]]> {
    let of_next = shape.views.next;
    let of_observation = shape.views.count() - of_next;
    let repeat = |stack, count| std::iter::repeat_n(stack, count);
    repeat(observation, of_observation).chain(repeat(next, of_next))
}

impl Drawn<'_> {
    /// Calls `show` with the transition's two stacks of frames, oldest first.
    fn with_stacks(&self, show: impl FnOnce(&[&[u8]], &[&[u8]])) {
        SCRATCH.with_borrow_mut(|scratch| {
            let frames = self.replay.frames_of(self.number, scratch);
            let (last, next_last) = (frames.len() - 2, frames.len() - 1);
            show(&self.replay.stack(&frames, last), &self.replay.stack(&frames, next_last));
        });
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}
