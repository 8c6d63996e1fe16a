//! Batches drawn from the replay.

use std::cell::RefCell;

use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::Replay;
use super::frames::Scratch;
use crate::augment::Corner;
use crate::batch::Batch;
use crate::nn::slice::{bytes_mut, floats_mut};

/// How long ago the transitions of a batch were stored, in slots: one an agent step, and one more an
/// episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ages {
    pub mean: f64,
    pub oldest: u64,
}

/// One drawn sample: a transition and where its three images are cropped.
struct Drawn<'a> {
    replay: &'a Replay,
    number: u64,
    query: Corner,
    key: Corner,
    next: Corner,
}

/// Fills a batch with transitions drawn uniformly, with replacement, from all of some replays, one
/// for each environment. Images are cut straight from the stored frames. A sample's query, key and
/// next image have a crop position each.
///
/// # Panics
/// If no replay holds a transition.
pub fn sample(replays: &[&Replay], batch: &mut Batch, rng: &mut impl Rng) -> Ages {
    let empty = replays.iter().all(|replay| replay.is_empty());
    assert!(!empty, "the warm-up stores transitions before the first batch");
    let drawn: Vec<Drawn<'_>> = (0..batch.shape.size).map(|_| draw(replays, rng)).collect();
    copy_outcomes(&drawn, batch);
    cut_images(&drawn, batch);
    ages(&drawn, replays.len() as u64)
}

/// With several replays a slot of each is filled while one is of a single one.
fn ages(drawn: &[Drawn<'_>], replays: u64) -> Ages {
    let ages = drawn.iter().map(|drawn| replays * (drawn.replay.written - 1 - drawn.number));
    let sum: u64 = ages.clone().sum();
    Ages { mean: sum as f64 / drawn.len() as f64, oldest: ages.max().unwrap_or_default() }
}

fn draw<'a>(replays: &[&'a Replay], rng: &mut impl Rng) -> Drawn<'a> {
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
    let crop = replay.shape.crop;
    Drawn {
        replay,
        number,
        query: crop.random_corner(rng),
        key: crop.random_corner(rng),
        next: crop.random_corner(rng),
    }
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

fn cut_images(drawn: &[Drawn<'_>], batch: &mut Batch) {
    let len = batch.shape.image_bytes() / batch.shape.size;
    let (queries, rest) = bytes_mut(&mut batch.images).split_at_mut(len * drawn.len());
    let (keys, nexts) = rest.split_at_mut(len * drawn.len());
    let [queries, keys, nexts] =
        [queries, keys, nexts].map(|images| images.par_chunks_exact_mut(len));
    queries.zip(keys).zip(nexts).zip(drawn).for_each(|(((query, key), next), drawn)| {
        SCRATCH.with_borrow_mut(|scratch| {
            let replay = drawn.replay;
            let frames = replay.frames_of(drawn.number, scratch);
            let crop = replay.shape.crop;
            let (last, next_last) = (frames.len() - 2, frames.len() - 1);
            let observation = replay.stack(&frames, last);
            crop.cut(&observation, drawn.query, query);
            crop.cut(&observation, drawn.key, key);
            crop.cut(&replay.stack(&frames, next_last), drawn.next, next);
        });
    });
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}
