//! Batches drawn from the replay.

mod windows;

use std::cell::RefCell;

use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::Replay;
use super::frames::Scratch;
use crate::augment::{self, Pipeline};
use crate::batch::{Batch, BatchShape};
use crate::nn::slice::{bytes_mut, floats_mut};
use crate::observation::{Input, Observation, copy_states};

/// How long ago the transitions of a batch were stored, in slots: one an agent step, and one more an
/// episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ages {
    pub mean: f64,
    pub oldest: u64,
}

/// A transition's place.
#[derive(Clone, Copy)]
struct Place<'a> {
    replay: &'a Replay,
    number: u64,
}

/// One drawn sample: a transition, and how each of its images is augmented.
struct Drawn<'a> {
    place: Place<'a>,
    /// One a view; none where there are no images.
    augmentations: Vec<augment::Drawn>,
}

/// Fills a batch with transitions drawn uniformly, with replacement, from all of some replays, one
/// for each environment. Images are cut straight from the stored frames, and each view is augmented
/// for itself.
///
/// # Panics
/// If no replay holds a transition.
pub fn sample(replays: &[&Replay], batch: &mut Batch, rng: &mut impl Rng) -> Ages {
    let empty = replays.iter().all(|replay| replay.is_empty());
    assert!(!empty, "the warm-up stores transitions before the first batch");
    let shape = batch.shape;
    let pipelines = match &replays[0].shape.observation {
        Observation::Pixels { plain, contrast } => pipelines(&shape, plain, contrast),
        Observation::State { .. } => Vec::new(),
    };
    let drawn: Vec<Drawn<'_>> = (0..shape.size).map(|_| draw(replays, &pipelines, rng)).collect();
    copy_outcomes(&drawn, batch);
    match shape.input {
        Input::Image { .. } => cut_images(&drawn, &pipelines, batch),
        Input::State { .. } => fill_states(&drawn, batch),
    }
    windows::fill(replays, batch, rng);
    ages(&drawn, replays.len() as u64)
}

/// With several replays a slot of each is filled while one is of a single one.
fn ages(drawn: &[Drawn<'_>], replays: u64) -> Ages {
    let age = |Place { replay, number }| replays * (replay.written - 1 - number);
    let ages = drawn.iter().map(|drawn| age(drawn.place));
    let sum: u64 = ages.clone().sum();
    Ages { mean: sum as f64 / drawn.len() as f64, oldest: ages.max().unwrap_or_default() }
}

fn draw<'a>(replays: &[&'a Replay], pipelines: &[&Pipeline], rng: &mut impl Rng) -> Drawn<'a> {
    let place = draw_place(replays, rng);
    Drawn { place, augmentations: pipelines.iter().map(|pipeline| pipeline.draw(rng)).collect() }
}

fn draw_place<'a>(replays: &[&'a Replay], rng: &mut impl Rng) -> Place<'a> {
    let slots = |replay: &Replay| replay.written - replay.oldest;
    let all = replays.iter().map(|replay| slots(replay)).sum();
    // Slots without a transition are few, one an episode, so drawing again is cheap.
    loop {
        let mut place = rng.random_range(0..all);
        let replay = replays.iter().find(|replay| {
            let is_here = place < slots(replay);
            place -= if is_here { 0 } else { slots(replay) };
            is_here
        });
        let replay = replay.expect("the place is below the sum of all");
        let number = replay.oldest + place;
        if replay.slots[replay.index(number)].transition.is_some() {
            return Place { replay, number };
        }
    }
}

/// How each view of a sample is augmented.
fn pipelines<'a>(
    shape: &BatchShape,
    plain: &'a Pipeline,
    contrast: &'a Pipeline,
) -> Vec<&'a Pipeline> {
    let views = shape.views;
    let parts = [(plain, views.observation), (contrast, views.of_contrast()), (plain, views.next)];
    parts.into_iter().flat_map(|(pipeline, count)| std::iter::repeat_n(pipeline, count)).collect()
}

fn copy_outcomes(drawn: &[Drawn<'_>], batch: &mut Batch) {
    let actions = floats_mut(&mut batch.action).chunks_exact_mut(batch.shape.action.numbers());
    let rewards = floats_mut(&mut batch.reward);
    let not_done = floats_mut(&mut batch.not_done);
    for (((drawn, action), reward), not_done) in
        drawn.iter().zip(actions).zip(rewards).zip(not_done)
    {
        let Place { replay, number } = drawn.place;
        let index = replay.index(number);
        let outcome = replay.slots[index].transition.expect("only transitions are drawn");
        action.copy_from_slice(&replay.actions[index * action.len()..(index + 1) * action.len()]);
        *reward = outcome.reward;
        *not_done = if outcome.bootstrap { 1.0 } else { 0.0 };
    }
}

fn cut_images(drawn: &[Drawn<'_>], pipelines: &[&Pipeline], batch: &mut Batch) {
    let shape = batch.shape;
    let samples = by_sample(bytes_mut(&mut batch.inputs), &shape);
    samples.into_par_iter().zip(drawn).for_each(|(views, drawn)| {
        drawn.place.with_stacks(|observation, next, scratch| {
            let stacks = stacks_of_views(&shape, observation, next);
            let drawn = pipelines.iter().zip(&drawn.augmentations);
            for ((view, stack), (pipeline, drawn)) in views.into_iter().zip(stacks).zip(drawn) {
                pipeline.apply(stack, drawn, view, scratch);
            }
        });
    });
}

fn fill_states(drawn: &[Drawn<'_>], batch: &mut Batch) {
    let shape = batch.shape;
    for (views, drawn) in by_sample(floats_mut(&mut batch.inputs), &shape).into_iter().zip(drawn) {
        drawn.place.with_stacks(|observation, next, _| {
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

impl Place<'_> {
    /// Calls `show` with the transition's two stacks of frames, oldest first, and room to work in.
    fn with_stacks(&self, show: impl FnOnce(&[&[u8]], &[&[u8]], &mut augment::Scratch)) {
        let Self { replay, number } = *self;
        with_scratch(|frames, scratch| {
            let frames = replay.frames_of(number..number + 2, frames);
            let (last, next_last) = (frames.len() - 2, frames.len() - 1);
            let stack = |last| replay.stack(&frames, last);
            show(&stack(last), &stack(next_last), scratch);
        });
    }
}

/// Calls `work` with the thread's room to decode frames and to augment images.
fn with_scratch(work: impl FnOnce(&mut Scratch, &mut augment::Scratch)) {
    FRAMES.with_borrow_mut(|frames| {
        AUGMENTATIONS.with_borrow_mut(|augmentations| work(frames, augmentations));
    });
}

thread_local! {
    static FRAMES: RefCell<Scratch> = RefCell::default();
    static AUGMENTATIONS: RefCell<augment::Scratch> = RefCell::default();
}
