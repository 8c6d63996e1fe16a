//! The encoder's convolutions on a processor without matrix units: in float32, by Winograd's
//! minimal filtering F(4x4, 3x3) (Lavin & Gray 2016), which needs a quarter of the multiplications.
//!
//! An image goes through all layers while its maps are in the second-level cache. The way back is
//! the exact adjoint of the way forward and serves several losses at once: they share the
//! transformed inputs. Sums over images are taken in blocks of fixed length, so that the result does
//! not depend on the number of threads.

mod filters;
mod geometry;
mod image;
mod instructions;
mod layers;
mod product;
mod tile;
mod transform;
mod vector;

use rayon::prelude::*;

use super::images::{FILTERS, IMAGES, ImagePasses, Images, Layer, sum_of_blocks};
use filters::Weights;
use geometry::{Geometry, Image};
use image::{Gradients, Source};
use instructions::{Instructions, Pass};
use layers::Scratch;

#[derive(Debug)]
pub(super) struct Winograd {
    geometry: Geometry,
    instructions: Instructions,
}

impl Winograd {
    /// The passes for images of `size` pixels a side, if the processor has the vector instructions
    /// that they are compiled for.
    pub fn new(size: usize, channels: usize, layers: usize) -> Option<Self> {
        let geometry = Geometry::new(Image { size, channels }, layers);
        Instructions::best().map(|instructions| Self { geometry, instructions })
    }
}

impl ImagePasses for Winograd {
    type Number = f32;

    fn features_len(&self) -> usize {
        self.geometry.features_len()
    }

    fn maps_len(&self) -> usize {
        self.geometry.maps_len()
    }

    fn features(&self, layers: &[Layer<'_>], images: Images<'_>, features: &mut [f32]) {
        let weights = Weights::new(layers);
        let task = || (Task::new(self, &weights, images), vec![0.0; self.maps_len()]);
        let features = features.par_chunks_exact_mut(self.features_len()).enumerate();
        features.with_min_len(IMAGES).for_each_init(task, |(task, maps), (index, features)| {
            task.forward(index, maps, features);
        });
    }

    fn record(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &mut [f32],
        features: &mut [f32],
    ) {
        let weights = Weights::new(layers);
        let task = || Task::new(self, &weights, images);
        let maps = maps.par_chunks_exact_mut(self.maps_len());
        let images = features.par_chunks_exact_mut(self.features_len()).zip(maps).enumerate();
        images.with_min_len(IMAGES).for_each_init(task, |task, (index, (features, maps))| {
            task.forward(index, maps, features);
        });
    }

    fn gradients(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &[f32],
        at_features: &[&[f32]],
    ) -> Vec<Vec<Vec<f32>>> {
        let weights = Weights::new(layers);
        let of_block = |block| {
            let mut task = Task::new(self, &weights, images);
            let mut losses: Vec<_> =
                at_features.iter().map(|_| Gradients::new(&self.geometry)).collect();
            for index in block {
                let maps = &maps[index * self.maps_len()..][..self.maps_len()];
                task.backward(index, maps, at_features, &mut losses);
            }
            losses.into_iter().map(Gradients::into_parameters).collect::<Vec<_>>()
        };
        sum_of_blocks(images.count(self.geometry.image_len()), of_block, add_all)
    }
}

fn add_all(mut sums: Vec<Vec<Vec<f32>>>, block: Vec<Vec<Vec<f32>>>) -> Vec<Vec<Vec<f32>>> {
    let values = block.iter().flatten().flatten();
    for (sum, value) in sums.iter_mut().flatten().flatten().zip(values) {
        *sum += value;
    }
    sums
}

/// What one thread needs for a block of images.
struct Task<'a> {
    passes: &'a Winograd,
    weights: &'a Weights,
    images: Images<'a>,
    pixels: Vec<f32>,
    scratch: Scratch,
}

impl<'a> Task<'a> {
    fn new(passes: &'a Winograd, weights: &'a Weights, images: Images<'a>) -> Self {
        let pixels = vec![0.0; passes.geometry.image_len()];
        Self { passes, weights, images, pixels, scratch: Scratch::new() }
    }

    fn forward(&mut self, index: usize, maps: &mut [f32], features: &mut [f32]) {
        let instructions = self.passes.instructions;
        self.pass(index).forward(instructions, maps, features);
    }

    fn backward(
        &mut self,
        index: usize,
        maps: &[f32],
        at_features: &[&[f32]],
        losses: &mut [Gradients],
    ) {
        let len = self.passes.features_len();
        let of_image = at_features.iter().map(|gradient| &gradient[index * len..][..len]);
        let mut losses: Vec<_> = losses.iter_mut().zip(of_image).collect();
        let instructions = self.passes.instructions;
        self.pass(index).backward(instructions, maps, &mut losses);
    }

    fn pass(&mut self, index: usize) -> Pass<'_> {
        Pass {
            geometry: &self.passes.geometry,
            weights: self.weights,
            image: Source { batch: self.images, index, pixels: &mut self.pixels },
            scratch: &mut self.scratch,
        }
    }
}

#[cfg(test)]
mod tests;
