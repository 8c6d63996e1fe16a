//! The encoder's convolutions on a processor with matrix units (AMX): products of tiles in bfloat16,
//! summed in float32.
//!
//! A map lies in memory as rows of positions, each the 32 bfloat16 of its channels: one row of a
//! tile. All maps of an image keep the pitch of the first one, so that a filter's element is a fixed
//! distance between positions, blocks of positions need not end where rows end, and the product of a
//! block with a filter is a sum over distances. What lies beyond the edge of a map is zero, which
//! makes the way back the same product.
//!
//! An image goes through all layers while its maps are in the second-level cache. Sums over images
//! are taken in blocks of fixed length, so that the result does not depend on the number of threads.

mod filters;
mod geometry;
mod image;
mod rows;
mod tiles;

use rayon::prelude::*;

use super::images::{Images, Layer};
use filters::Weights;
use geometry::Geometry;
use image::{Gradients, Patches, Scratch};
use rows::{Row, as_rows, as_rows_mut};
use tiles::Tiles;

/// The width that the passes are written for: that of the paper, and of a tile.
pub(super) const FILTERS: usize = 32;
/// Images of one task.
const IMAGES: usize = 8;

/// Convolutions of [`FILTERS`] filters over images of one size: 3x3 with ReLU, the first with stride
/// 2. Numbers of type `u16` are bfloat16.
#[derive(Debug)]
pub(super) struct Amx(Geometry);

impl Amx {
    /// The passes for images of `size` pixels a side, if the processor has matrix units and the
    /// system lets us use them.
    pub fn new(size: usize, channels: usize, layers: usize) -> Option<Self> {
        let available = tiles::are_available() && rows::are_available();
        available.then(|| Self(Geometry::new(size, channels, layers)))
    }

    /// Numbers in the features of an image.
    pub fn features_len(&self) -> usize {
        self.0.features_len()
    }

    /// Numbers in all maps of an image, which [`Amx::record`] fills.
    pub fn maps_len(&self) -> usize {
        self.0.maps_len() * FILTERS
    }

    /// Images -> features (B, C x H x W).
    pub fn features(&self, layers: &[Layer<'_>], images: Images<'_>, features: &mut [u16]) {
        let weights = Weights::new(layers);
        let blocks = features.par_chunks_mut(IMAGES * self.features_len());
        blocks.enumerate().for_each(|(block, features)| {
            let mut maps = vec![Row::ZERO; self.0.maps_len()];
            let mut task = Task::new(&self.0, &weights, images);
            for (index, features) in
                (block * IMAGES..).zip(features.chunks_exact_mut(self.features_len()))
            {
                task.forward(index, &mut maps, features);
            }
        });
    }

    /// The same, and keeps the maps for the way back.
    pub fn record(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &mut [u16],
        features: &mut [u16],
    ) {
        let weights = Weights::new(layers);
        let maps = as_rows_mut(maps).par_chunks_mut(IMAGES * self.0.maps_len());
        let blocks = features.par_chunks_mut(IMAGES * self.features_len()).zip(maps);
        blocks.enumerate().for_each(|(block, (features, maps))| {
            let mut task = Task::new(&self.0, &weights, images);
            let maps = maps.chunks_exact_mut(self.0.maps_len());
            let features = features.chunks_exact_mut(self.features_len());
            for (index, (features, maps)) in (block * IMAGES..).zip(features.zip(maps)) {
                task.forward(index, maps, features);
            }
        });
    }

    /// For each loss, given its gradient at the features: its gradients for weight and bias of each
    /// layer. `maps` are those that [`Amx::record`] kept of the same images and parameters.
    pub fn gradients(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &[u16],
        at_features: &[&[u16]],
    ) -> Vec<Vec<Vec<f32>>> {
        let weights = Weights::new(layers);
        let count = images.len() / self.0.image_len();
        let maps = as_rows(maps);
        let of_block = |block: usize| {
            let mut task = Task::new(&self.0, &weights, images);
            let mut scratch = Scratch::new(&self.0);
            let mut losses: Vec<_> = at_features.iter().map(|_| Gradients::new(&self.0)).collect();
            for index in block * IMAGES..count.min((block + 1) * IMAGES) {
                let maps = &maps[index * self.0.maps_len()..][..self.0.maps_len()];
                task.backward(index, (maps, at_features), &mut losses, &mut scratch);
            }
            losses
        };
        let blocks: Vec<_> = (0..count.div_ceil(IMAGES)).into_par_iter().map(of_block).collect();
        let losses = blocks.into_iter().reduce(add_all).expect("a batch is not empty");
        losses.into_iter().map(|loss| loss.into_parameters(&self.0)).collect()
    }
}

/// Sums of the blocks, one after the other.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in [-0.5, 0.5) without a pattern that matters.
    fn numbers(len: usize, seed: u32) -> Vec<f32> {
        let hash = |i: u32| i.wrapping_add(seed).wrapping_mul(2_654_435_769) ^ (i << 7);
        (0..len as u32).map(|i| (hash(i) >> 8) as f32 / (1 << 24) as f32 - 0.5).collect()
    }

    /// That they are the right ones is shown beside libtorch's, in `convolutions`.
    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let (size, channels, count) = (36, 9, 20);
        let Some(passes) = Amx::new(size, channels, 2) else { return };
        let (first, second) =
            (numbers(FILTERS * channels * 9, 1), numbers(FILTERS * FILTERS * 9, 2));
        let bias = numbers(FILTERS, 3);
        let layers = [(&first[..], &bias[..]), (&second[..], &bias[..])];
        let pixels = numbers(count * size * size * channels, 4);
        let images = Images::Floats(&pixels);
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut maps = vec![Row::ZERO; count * passes.0.maps_len()];
                let maps = rows::as_numbers_mut(&mut maps);
                let mut features = vec![0; count * passes.features_len()];
                passes.record(&layers, images, maps, &mut features);
                let gradients = passes.gradients(&layers, images, maps, &[&features]);
                (features, gradients)
            })
        };
        assert_eq!(with_threads(1), with_threads(3));
    }
}
