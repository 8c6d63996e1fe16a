//! Shifts of a few pixels, the border repeated (DrQ: Kostrikov, Yarats and Fergus 2020, "Image Augmentation
//! Is All You Need"): the image is padded by [`PAD`] pixels on each side, each the nearest of the border,
//! and cropped back to its size at a random place.
//!
//! All 9 x 9 places are drawn alike, the largest included.

use rand::{Rng, RngExt};

use super::{Corner, ImageShape};

/// Pixels added on each side.
pub const PAD: usize = 4;

/// Where the image leaves the padded one as it was.
pub const CENTRE: Corner = Corner { y: PAD, x: PAD };

/// A random corner of the padded image.
pub fn random_corner(rng: &mut impl Rng) -> Corner {
    Corner { y: rng.random_range(0..=2 * PAD), x: rng.random_range(0..=2 * PAD) }
}

/// Writes the crop of the padded source at a corner of the padded image.
pub fn shift(source: &[u8], shape: ImageShape, corner: Corner, image: &mut [u8]) {
    let (pixel, row) = (shape.pixel_bytes(), shape.row_bytes());
    let nearest = |padded: usize| padded.saturating_sub(PAD).min(shape.side - 1);
    for (y, to) in image.chunks_exact_mut(row).enumerate() {
        let from = &source[nearest(y + corner.y) * row..][..row];
        for (x, to) in to.chunks_exact_mut(pixel).enumerate() {
            to.copy_from_slice(&from[nearest(x + corner.x) * pixel..][..pixel]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    /// Four pixels of two grey frames: the older counts from 0, the newer from 10.
    const SHAPE: ImageShape = ImageShape { side: 2, channels: 1, frames: 2 };
    const IMAGE: [u8; 8] = [0, 10, 1, 11, 2, 12, 3, 13];

    fn shifted(corner: Corner) -> [u8; 8] {
        let mut image = [0; 8];
        shift(&IMAGE, SHAPE, corner, &mut image);
        image
    }

    #[test]
    fn at_the_centre_nothing_moves() {
        assert_eq!(shifted(CENTRE), IMAGE);
    }

    #[test]
    fn the_border_is_repeated_in_both_frames_alike() {
        let down = shifted(Corner { y: PAD - 1, x: PAD });
        assert_eq!(down, [0, 10, 1, 11, 0, 10, 1, 11]);
        let left = shifted(Corner { y: PAD, x: PAD + 1 });
        assert_eq!(left, [1, 11, 1, 11, 3, 13, 3, 13]);
        let far = shifted(Corner { y: 2 * PAD, x: 0 });
        assert_eq!(far, [2, 12, 2, 12, 2, 12, 2, 12]);
    }

    #[test]
    fn corners_are_uniform_to_the_end() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let mut seen = [[0; 9]; 9];
        for _ in 0..81 * 100 {
            let corner = random_corner(&mut stream);
            seen[corner.y][corner.x] += 1;
        }
        assert!(seen.as_flattened().iter().all(|&count| (55..150).contains(&count)), "{seen:?}");
    }
}
