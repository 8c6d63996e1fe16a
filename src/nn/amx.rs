//! The encoder's convolutions on a processor with matrix units (AMX): products of tiles in bfloat16,
//! summed in float32.
//!
//! A map lies in memory as rows of positions, each the 32 bfloat16 of its channels: one row of a
//! tile. All maps of an image keep the pitch of the first one, so that a filter's element is a fixed
//! distance between positions, blocks of positions need not end where rows end, and the product of a
//! block with a filter is a sum over distances. What lies beyond the edge of a map is zero, which
//! makes the way back the same product.
//!
//! An image goes through all layers while its maps are in the second-level cache.

mod filters;
mod geometry;
mod image;
mod rows;
mod tiles;

use rayon::prelude::*;

use super::images::{FILTERS, IMAGES, ImagePasses, Images, Layer, sum_of_blocks};
use filters::Weights;
use geometry::Geometry;
use image::{Gradients, Patches, Scratch};
use rows::{Row, as_rows, as_rows_mut};
use tiles::Tiles;

/// Numbers of type `u16` are bfloat16.
#[derive(Debug)]
pub(super) struct Amx(Geometry);

impl Amx {
    /// The passes for images of `size` pixels a side, if the processor has matrix units and the
    /// system lets us use them.
    pub fn new(size: usize, channels: usize, layers: usize) -> Option<Self> {
        Self::is_available().then(|| Self(Geometry::new(size, channels, layers)))
    }

    pub fn is_available() -> bool {
        tiles::are_available() && rows::are_available()
    }
}

impl ImagePasses for Amx {
    type Number = u16;

    fn features_len(&self) -> usize {
        self.0.features_len()
    }

    fn maps_len(&self) -> usize {
        self.0.maps_len() * FILTERS
    }

    fn features(&self, layers: &[Layer<'_>], images: Images<'_>, features: &mut [u16]) {
        let weights = Weights::new(layers);
        let task = || (Task::new(&self.0, &weights, images), vec![Row::ZERO; self.0.maps_len()]);
        let features = features.par_chunks_exact_mut(self.features_len()).enumerate();
        features.with_min_len(IMAGES).for_each_init(task, |(task, maps), (index, features)| {
            task.forward(index, maps, features);
        });
    }

    fn record(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &mut [u16],
        features: &mut [u16],
    ) {
        let weights = Weights::new(layers);
        let task = || Task::new(&self.0, &weights, images);
        let maps = as_rows_mut(maps).par_chunks_exact_mut(self.0.maps_len());
        let images = features.par_chunks_exact_mut(self.features_len()).zip(maps).enumerate();
        images.with_min_len(IMAGES).for_each_init(task, |task, (index, (features, maps))| {
            task.forward(index, maps, features);
        });
    }

    fn gradients(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &[u16],
        at_features: &[&[u16]],
    ) -> Vec<Vec<Vec<f32>>> {
        let weights = Weights::new(layers);
        let maps = as_rows(maps);
        let of_block = |block| {
            let mut task = Task::new(&self.0, &weights, images);
            let mut scratch = Scratch::new(&self.0);
            let mut losses: Vec<_> = at_features.iter().map(|_| Gradients::new(&self.0)).collect();
            for index in block {
                let maps = &maps[index * self.0.maps_len()..][..self.0.maps_len()];
                task.backward(index, (maps, at_features), &mut losses, &mut scratch);
            }
            losses
        };
        let losses = sum_of_blocks(images.count(self.0.image_len()), of_block, add_all);
        losses.into_iter().map(|loss| loss.into_parameters(&self.0)).collect()
    }
}

fn add_all(mut sums: Vec<Gradients>, block: Vec<Gradients>) -> Vec<Gradients> {
    for (sum, gradients) in sums.iter_mut().zip(&block) {
        sum.add(gradients);
    }
    sums
}

/// What one thread needs for a block of images.
struct Task<'a> {
    geometry: &'a Geometry,
    weights: &'a Weights,
    images: Images<'a>,
    tiles: Tiles,
    patches: Patches,
}

impl<'a> Task<'a> {
    fn new(geometry: &'a Geometry, weights: &'a Weights, images: Images<'a>) -> Self {
        let (tiles, patches) = (Tiles::configure(), Patches::new(geometry));
        Self { geometry, weights, images, tiles, patches }
    }

    fn forward(&mut self, index: usize, maps: &mut [Row], features: &mut [u16]) {
        let (geometry, weights, tiles) = (self.geometry, self.weights, &self.tiles);
        // SAFETY: `Amx::new` has found the instructions that the function is compiled for.
        unsafe {
            self.patches.read(geometry, self.images, index);
            image::forward(geometry, weights, tiles, (maps, features), &self.patches);
        }
    }

    fn backward(
        &mut self,
        index: usize,
        (maps, at_features): (&[Row], &[&[u16]]),
        losses: &mut [Gradients],
        scratch: &mut Scratch,
    ) {
        let len = self.geometry.features_len();
        let of_image: Vec<_> =
            at_features.iter().map(|gradient| &gradient[index * len..][..len]).collect();
        let (geometry, weights, tiles) = (self.geometry, self.weights, &self.tiles);
        // SAFETY: as above.
        unsafe {
            self.patches.read(geometry, self.images, index);
            for (loss, at_features) in losses.iter_mut().zip(of_image) {
                loss.start(geometry, maps, at_features);
            }
            let from = (&self.patches, scratch);
            image::backward(geometry, weights, tiles, (maps, losses), from);
        }
    }
}
