//! What our own passes of the convolutions have in common: what they take, what they give, and how a
//! batch is cut into tasks.

use std::ops::Range;

use rayon::prelude::*;

use super::slice::Element;

/// The width that the passes are written for: that of the paper.
pub(super) const FILTERS: usize = 32;
/// Images of one task.
pub(super) const IMAGES: usize = 8;

/// Slices of a layer's weight (out, in, 3, 3) and bias.
pub(super) type Layer<'a> = (&'a [f32], &'a [f32]);

/// A batch of images, channels last.
#[derive(Clone, Copy, Debug)]
pub(super) enum Images<'a> {
    /// Of 0 to 255.
    Bytes(&'a [u8]),
    /// Of 0 to 1.
    Floats(&'a [f32]),
}

impl Images<'_> {
    /// How many there are of `len` numbers each.
    pub fn count(&self, len: usize) -> usize {
        let numbers = match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        };
        numbers / len
    }
}

/// Convolutions of [`FILTERS`] filters over images of one size: 3x3 with ReLU, the first with stride
/// 2. An image goes through all layers while its maps are in the caches.
pub(super) trait ImagePasses {
    /// Of maps and features, and of the gradients at these.
    type Number: Element;

    /// Numbers in the features of an image.
    fn features_len(&self) -> usize;

    /// Numbers in all maps of an image, which [`Self::record`] fills.
    fn maps_len(&self) -> usize;

    /// Images -> features (B, C x H x W).
    fn features(&self, layers: &[Layer<'_>], images: Images<'_>, features: &mut [Self::Number]);

    /// The same, and keeps the maps for the way back.
    fn record(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &mut [Self::Number],
        features: &mut [Self::Number],
    );

    /// For each loss, given its gradient at the features: its gradients for weight and bias of each
    /// layer. `maps` are those that [`Self::record`] kept of the same images and parameters.
    fn gradients(
        &self,
        layers: &[Layer<'_>],
        images: Images<'_>,
        maps: &[Self::Number],
        at_features: &[&[Self::Number]],
    ) -> Vec<Vec<Vec<f32>>>;
}

/// The sum over so many images, taken in blocks of fixed length, one after the other, so that it does
/// not depend on the number of threads.
pub(super) fn sum_of_blocks<S: Send>(
    count: usize,
    of_block: impl Fn(Range<usize>) -> S + Sync + Send,
    add: impl Fn(S, S) -> S,
) -> S {
    let of_block = |block: usize| of_block(block * IMAGES..count.min((block + 1) * IMAGES));
    let blocks: Vec<S> = (0..count.div_ceil(IMAGES)).into_par_iter().map(of_block).collect();
    blocks.into_iter().reduce(add).expect("a batch is not empty")
}
