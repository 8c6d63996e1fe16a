//! Cutout: a random box of the image is black (RAD).
//!
//! Height and width are those of RAD's code, 10 to 29 pixels of an image of 84, scaled with the image. There
//! a box is as far from the upper border as it is high and as far from the left as it is wide; here it is
//! anywhere within the image.

use std::ops::Range;

use rand::{Rng, RngExt};

use super::ImageShape;

/// RAD's range of heights and widths, in pixels of an image of [`SIDE`].
const SIZES: Range<usize> = 10..30;
const SIDE: usize = 84;

/// What is cut out, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    pub y: usize,
    pub x: usize,
    pub height: usize,
    pub width: usize,
}

/// A random hole of an image of so many pixels' height and width.
pub fn random_hole(side: usize, rng: &mut impl Rng) -> Hole {
    let sizes = sizes(side);
    let (height, width) = (rng.random_range(sizes.clone()), rng.random_range(sizes));
    let (y, x) = (rng.random_range(0..=side - height), rng.random_range(0..=side - width));
    Hole { y, x, height, width }
}

/// At least one size, of at least a pixel, however small the image.
fn sizes(side: usize) -> Range<usize> {
    let smallest = (SIZES.start * side / SIDE).max(1);
    smallest..(SIZES.end * side / SIDE).max(smallest + 1)
}

/// Makes a hole of the image black, in all its frames.
pub fn cutout(image: &mut [u8], shape: ImageShape, hole: Hole) {
    let pixel = shape.pixel_bytes();
    let rows = image.chunks_exact_mut(shape.row_bytes());
    for row in rows.skip(hole.y).take(hole.height) {
        row[hole.x * pixel..][..hole.width * pixel].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn the_hole_is_black_in_all_frames_and_nothing_else_is() {
        let shape = ImageShape { side: 3, channels: 1, frames: 2 };
        let mut image: Vec<u8> = (1..=18).collect();
        cutout(&mut image, shape, Hole { y: 1, x: 0, height: 2, width: 1 });
        assert_eq!(image, [1, 2, 3, 4, 5, 6, 0, 0, 9, 10, 11, 12, 0, 0, 15, 16, 17, 18]);
    }

    #[test]
    fn sizes_are_rad_s_and_scale_with_the_image() {
        assert_eq!(sizes(84), 10..30);
        assert_eq!(sizes(168), 20..60);
        assert_eq!(sizes(1), 1..2);
    }

    #[test]
    fn holes_are_uniform_and_within_the_image() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let (mut heights, mut widths) = ([0; 30], [0; 30]);
        let (mut top, mut bottom) = (0, 0);
        for _ in 0..4000 {
            let hole = random_hole(84, &mut stream);
            assert!(hole.y + hole.height <= 84 && hole.x + hole.width <= 84, "{hole:?}");
            heights[hole.height] += 1;
            widths[hole.width] += 1;
            top += usize::from(hole.y == 0);
            bottom += usize::from(hole.y + hole.height == 84);
        }
        for counts in [heights, widths] {
            assert_eq!(counts[..10], [0; 10]);
            assert!(counts[10..].iter().all(|count| (140..270).contains(count)), "{counts:?}");
        }
        // One place of 56 to 75.
        assert!((30..100).contains(&top) && (30..100).contains(&bottom), "{top} {bottom}");
    }

    #[test]
    fn the_smallest_image_has_a_hole_too() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        assert_eq!(random_hole(1, &mut stream), Hole { y: 0, x: 0, height: 1, width: 1 });
    }
}
