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

use super::images::{Images, Layer};
use filters::Weights;
use geometry::{Geometry, Image};
use image::Gradients;
use layers::Scratch;

/// The width that the passes are written for: that of the paper.
pub(super) const FILTERS: usize = 32;
/// Images of one task.
const IMAGES: usize = 8;

/// Convolutions of [`FILTERS`] filters over images of one size: 3x3 with ReLU, the first with stride
/// 2.
#[derive(Debug)]
pub(super) struct Winograd(Geometry);

impl Winograd {
    /// The passes for images of `size` pixels a side, if the processor has the vector instructions
    /// that they are compiled for.
    pub fn new(size: usize, channels: usize, layers: usize) -> Option<Self> {
        let image = Image { size, channels };
        is_available().then(|| Self(Geometry::new(image, layers)))
    }

    /// Numbers in the features of an image.
    pub fn features_len(&self) -> usize {
        self.0.features_len()
    }

    /// Numbers in all maps of an image, which [`Winograd::record`] fills.
    pub fn maps_len(&self) -> usize {
        self.0.maps_len()
    }

    /// Images -> features (B, C x H x W).
    pub fn features(&self, layers: &[Layer<'_>], images: Images<'_>, features: &mut [f32]) {
        let weights = Weights::new(layers);
        let blocks = features.par_chunks_mut(IMAGES * self.features_len());
        blocks.enumerate().for_each(|(block, features)| {
            let mut maps = vec![0.0; self.maps_len()];
            let mut task = Task::new(self, &weights, images);
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
        maps: &mut [f32],
        features: &mut [f32],
    ) {
        let weights = Weights::new(layers);
        let maps = maps.par_chunks_mut(IMAGES * self.maps_len());
        let blocks = features.par_chunks_mut(IMAGES * self.features_len()).zip(maps);
        blocks.enumerate().for_each(|(block, (features, maps))| {
            let mut task = Task::new(self, &weights, images);
            let maps = maps.chunks_exact_mut(self.maps_len());
            let features = features.chunks_exact_mut(self.features_len());
            for (index, (features, maps)) in (block * IMAGES..).zip(features.zip(maps)) {
                task.forward(index, maps, features);
            }
        });
    }

    /// For each loss, given its gradient at the features: its gradients for weight and bias of each
    /// layer. `maps` are those that [`Winograd::record`] kept of the same images and parameters.
    pub fn gradients(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &[f32],
        at_features: &[&[f32]],
    ) -> Vec<Vec<Vec<f32>>> {
        let weights = Weights::new(layers);
        let count = images.len() / self.0.image_len();
        let of_block = |block: usize| {
            let mut task = Task::new(self, &weights, images);
            let mut losses: Vec<_> = at_features.iter().map(|_| Gradients::new(&self.0)).collect();
            for index in block * IMAGES..count.min((block + 1) * IMAGES) {
                let maps = &maps[index * self.maps_len()..][..self.maps_len()];
                task.backward(index, maps, at_features, &mut losses);
            }
            losses.into_iter().map(Gradients::into_parameters).collect::<Vec<_>>()
        };
        let blocks: Vec<_> = (0..count.div_ceil(IMAGES)).into_par_iter().map(of_block).collect();
        blocks.into_iter().reduce(add_all).expect("a batch is not empty")
    }
}

/// Sums of the blocks, one after the other.
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
        let passes = Winograd::new(size, channels, 2).unwrap();
        let (first, second) =
            (numbers(FILTERS * channels * 9, 1), numbers(FILTERS * FILTERS * 9, 2));
        let bias = numbers(FILTERS, 3);
        let layers = [(&first[..], &bias[..]), (&second[..], &bias[..])];
        let pixels = numbers(count * size * size * channels, 4);
        let images = Images::Floats(&pixels);
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut maps = vec![0.0; count * passes.maps_len()];
                let mut features = vec![0.0; count * passes.features_len()];
                passes.record(&layers, images, &mut maps, &mut features);
                let gradients = passes.gradients(&layers, images, &maps, &[&features]);
                (features, gradients)
            })
        };
        assert_eq!(with_threads(1), with_threads(3));
    }
}
