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
mod layers;
mod product;
mod transform;

use rayon::prelude::*;

use super::images::{FILTERS, IMAGES, ImagePasses, Images, Layer, sum_of_blocks};
use filters::Weights;
use geometry::{Geometry, Image};
use image::Gradients;
use layers::Scratch;

#[derive(Debug)]
pub(super) struct Winograd(Geometry);

impl Winograd {
    /// The passes for images of `size` pixels a side, if the processor has the vector instructions
    /// that they are compiled for.
    pub fn new(size: usize, channels: usize, layers: usize) -> Option<Self> {
        let image = Image { size, channels };
        is_available().then(|| Self(Geometry::new(image, layers)))
    }
}

impl ImagePasses for Winograd {
    type Number = f32;

    fn features_len(&self) -> usize {
        self.0.features_len()
    }

    fn maps_len(&self) -> usize {
        self.0.maps_len()
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
            let mut losses: Vec<_> = at_features.iter().map(|_| Gradients::new(&self.0)).collect();
            for index in block {
                let maps = &maps[index * self.maps_len()..][..self.maps_len()];
                task.backward(index, maps, at_features, &mut losses);
            }
            losses.into_iter().map(Gradients::into_parameters).collect::<Vec<_>>()
        };
        sum_of_blocks(images.count(self.0.image_len()), of_block, add_all)
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
    geometry: &'a Geometry,
    weights: &'a Weights,
    images: Images<'a>,
    pixels: Vec<f32>,
    scratch: Scratch,
}

impl<'a> Task<'a> {
    fn new(passes: &'a Winograd, weights: &'a Weights, images: Images<'a>) -> Self {
        let pixels = vec![0.0; passes.0.image_len()];
        Self { geometry: &passes.0, weights, images, pixels, scratch: Scratch::new() }
    }

    #[allow(unused_unsafe, reason = "only some processors need the check that it stands for")]
    fn forward(&mut self, index: usize, maps: &mut [f32], features: &mut [f32]) {
        read(self.images, index, &mut self.pixels);
        let to = (maps, features);
        // SAFETY: `Winograd::new` has found the instructions that the function is compiled for.
        unsafe { image::forward(self.geometry, self.weights, &self.pixels, to, &mut self.scratch) }
    }

    #[allow(unused_unsafe, reason = "only some processors need the check that it stands for")]
    fn backward(
        &mut self,
        index: usize,
        maps: &[f32],
        at_features: &[&[f32]],
        losses: &mut [Gradients],
    ) {
        read(self.images, index, &mut self.pixels);
        let len = self.geometry.features_len();
        let of_image = at_features.iter().map(|gradient| &gradient[index * len..][..len]);
        let mut losses: Vec<_> = losses.iter_mut().zip(of_image).collect();
        let from = (&self.pixels[..], maps);
        // SAFETY: as above.
        unsafe {
            image::backward(self.geometry, self.weights, from, &mut losses, &mut self.scratch)
        }
    }
}

/// Puts one image of a batch, scaled to 0 to 1, into `pixels`.
fn read(images: Images<'_>, index: usize, pixels: &mut [f32]) {
    let range = index * pixels.len()..(index + 1) * pixels.len();
    match images {
        Images::Bytes(bytes) => {
            for (pixel, byte) in pixels.iter_mut().zip(&bytes[range]) {
                *pixel = f32::from(*byte) / 255.0;
            }
        }
        Images::Floats(floats) => pixels.copy_from_slice(&floats[range]),
    }
}

#[cfg(target_arch = "x86_64")]
fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

/// Elsewhere the compiler may use vectors of the base instruction set; without a fused multiply-add
/// in it the passes would be slow.
#[cfg(not(target_arch = "x86_64"))]
fn is_available() -> bool {
    cfg!(target_arch = "aarch64")
}
