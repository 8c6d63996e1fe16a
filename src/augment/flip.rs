//! Flips: with probability [`PROBABILITY`] left and right are swapped (RAD).
//!
//! RAD's paper flips at random; its code does with a probability of 0.2 unless told otherwise.

use rand::{Rng, RngExt};

use super::ImageShape;

/// How often an image is flipped.
pub const PROBABILITY: f64 = 0.5;

/// Whether this image is to be flipped.
pub fn is_drawn(rng: &mut impl Rng) -> bool {
    rng.random_bool(PROBABILITY)
}

/// Swaps left and right.
pub fn flip(image: &mut [u8], shape: ImageShape) {
    let pixel = shape.pixel_bytes();
    for row in image.chunks_exact_mut(shape.row_bytes()) {
        let (left, right) = row.split_at_mut(shape.side / 2 * pixel);
        let right = right.chunks_exact_mut(pixel).rev();
        for (left, right) in left.chunks_exact_mut(pixel).zip(right) {
            left.swap_with_slice(right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn the_pixels_of_a_row_are_reversed_with_all_their_channels() {
        let shape = ImageShape { side: 2, channels: 3, frames: 1 };
        let mut image = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        flip(&mut image, shape);
        assert_eq!(image, [4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
    }

    #[test]
    fn the_middle_stays_and_twice_is_nothing() {
        let shape = ImageShape { side: 3, channels: 1, frames: 2 };
        let original: Vec<u8> = (0..18).collect();
        let mut image = original.clone();
        flip(&mut image, shape);
        assert_eq!(image[..6], [4, 5, 2, 3, 0, 1]);
        flip(&mut image, shape);
        assert_eq!(image, original);
    }

    #[test]
    fn half_of_the_images_are_flipped() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let drawn = (0..10_000).filter(|_| is_drawn(&mut stream)).count();
        assert!((4850..5150).contains(&drawn), "{drawn}");
    }
}
