//! Windows of episodes.

use rand::Rng;
use rayon::prelude::*;
use tch::Tensor;

use super::{Place, draw_place, with_scratch};
use crate::augment::{self, Pipeline};
use crate::batch::{Batch, WindowShape, Windows};
use crate::nn::slice::{bytes_mut, floats_mut};
use crate::observation::{Observation, copy_states};
use crate::replay::Replay;

/// Fills the windows of a batch, if it has any. Each starts at a transition drawn uniformly and ends with
/// its episode at the latest; what lies behind is zero.
pub(super) fn fill(replays: &[&Replay], batch: &mut Batch, rng: &mut impl Rng) {
    let (Some(windows), Some(shape)) = (&mut batch.windows, batch.shape.views.windows) else {
        return;
    };
    let pipeline = match &replays[0].shape.observation {
        Observation::Pixels { contrast, .. } => Some(contrast),
        Observation::State { .. } => None,
    };
    let drawn: Vec<(Place<'_>, Vec<augment::Drawn>)> = (0..batch.shape.windows())
        .map(|_| {
            let place = draw_place(replays, rng);
            let augmentations = pipeline.map_or_else(Vec::new, |pipeline| {
                (0..shape.length).map(|_| pipeline.draw(rng)).collect()
            });
            (place, augmentations)
        })
        .collect();
    let length = batch.shape.input.len() * shape.length;
    match pipeline {
        Some(pipeline) => {
            let images = bytes_mut(&mut windows.inputs).par_chunks_exact_mut(length);
            images.zip(&drawn).for_each(|(images, (place, augmentations))| {
                cut(place, shape, (pipeline, augmentations), images);
            });
        }
        None => {
            let states = floats_mut(&mut windows.inputs).chunks_exact_mut(length);
            states.zip(&drawn).for_each(|(states, (place, _))| copy(place, shape, states));
        }
    }
    windows.valid = valid(drawn.iter().map(|(place, _)| place), shape, windows);
}

/// Which observations lie within the episodes, (S, T).
fn valid<'a>(
    places: impl Iterator<Item = &'a Place<'a>>,
    shape: WindowShape,
    windows: &Windows,
) -> Tensor {
    let lengths = places.map(|place| place.reach(shape));
    let flags: Vec<bool> =
        lengths.flat_map(|length| (0..shape.length).map(move |at| at < length)).collect();
    Tensor::from_slice(&flags).view(&windows.valid.size()[..])
}

fn cut(
    place: &Place<'_>,
    shape: WindowShape,
    (pipeline, drawn): (&Pipeline, &[augment::Drawn]),
    images: &mut [u8],
) {
    let images = images.chunks_exact_mut(images.len() / shape.length).zip(drawn);
    place.with_window(shape, images, |stack, (image, drawn), scratch| match stack {
        Some(stack) => pipeline.apply(stack, drawn, image, scratch),
        None => image.fill(0),
    });
}

fn copy(place: &Place<'_>, shape: WindowShape, states: &mut [f32]) {
    let states = states.chunks_exact_mut(states.len() / shape.length);
    place.with_window(shape, states, |stack, state, _| match stack {
        Some(stack) => copy_states(stack, state),
        None => state.fill(0.0),
    });
}

impl Place<'_> {
    /// How many observations of a window that begins here lie within the episode.
    fn reach(&self, shape: WindowShape) -> usize {
        let Self { replay, number } = *self;
        let position = |number| u64::from(replay.slots[replay.index(number)].position);
        // A later episode's positions begin again, so that none of them lies as far from the first.
        let is_within = |&at: &usize| {
            let ahead = (at * shape.stride) as u64;
            number + ahead < replay.written && position(number + ahead) == position(number) + ahead
        };
        (0..shape.length).take_while(is_within).count()
    }

    /// Calls `show` for each observation of a window with its stack of frames, if it lies within the episode,
    /// and the place where it belongs.
    fn with_window<T>(
        &self,
        shape: WindowShape,
        places: impl Iterator<Item = T>,
        mut show: impl FnMut(Option<&[&[u8]]>, T, &mut augment::Scratch),
    ) {
        let Self { replay, number } = *self;
        let reach = self.reach(shape);
        let ahead = (reach - 1) * shape.stride;
        with_scratch(|frames, scratch| {
            let frames = replay.frames_of(number..number + ahead as u64 + 1, frames);
            let first = frames.len() - 1 - ahead;
            for (at, place) in places.enumerate() {
                let stack = (at < reach).then(|| replay.stack(&frames, first + at * shape.stride));
                show(stack.as_deref(), place, scratch);
            }
        });
    }
}
