//! Translations: the whole frame at a random place of a larger black image (RAD, "random translate"; its
//! DMControl runs put 100 x 100 pixels into 108 x 108).
//!
//! All places are drawn alike, the largest offset included, as in RAD's code. There the next observation
//! has the place of its observation; here each image is drawn for itself, as crops are.

use rand::{Rng, RngExt};

use super::Corner;
use super::square::{self, Place};

/// How square frames are put into larger images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translate {
    /// Height and width of a frame.
    pub frame: usize,
    /// Height and width of an image.
    pub image: usize,
    /// Channels of a frame.
    pub channels: usize,
}

impl Translate {
    /// A random place of the frame's top left corner in the image.
    pub fn random_corner(&self, rng: &mut impl Rng) -> Corner {
        let room = self.image - self.frame;
        Corner { y: rng.random_range(0..=room), x: rng.random_range(0..=room) }
    }

    /// The place at the centre, which acting and evaluation see.
    pub fn centre_corner(&self) -> Corner {
        let offset = (self.image - self.frame) / 2;
        Corner { y: offset, x: offset }
    }

    /// Writes a stack at a place of a black image: `image` holds image x image x k c bytes, channels
    /// last.
    pub fn place(&self, stack: &[&[u8]], corner: Corner, image: &mut [u8]) {
        image.fill(0);
        let to = Place { side: self.image, corner };
        square::copy(stack, self.channels, self.frame, Place::first(self.frame), to, image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn grey_frames_lie_where_they_are_put() {
        let translate = Translate { frame: 2, image: 3, channels: 1 };
        let mut image = [9; 18];
        translate.place(&[&[1, 2, 3, 4], &[5, 6, 7, 8]], Corner { y: 1, x: 0 }, &mut image);
        assert_eq!(image, [0, 0, 0, 0, 0, 0, 1, 5, 2, 6, 0, 0, 3, 7, 4, 8, 0, 0]);
    }

    #[test]
    fn every_pixel_of_the_frames_is_kept_and_the_rest_is_black() {
        let translate = Translate { frame: 5, image: 8, channels: 3 };
        let frame = |base: u8| (0..75).map(|i| base + i).collect::<Vec<u8>>();
        let (old, new) = (frame(1), frame(101));
        for corner in [Corner { y: 0, x: 3 }, Corner { y: 2, x: 1 }, Corner { y: 3, x: 3 }] {
            let mut image = [9; 8 * 8 * 6];
            translate.place(&[&old, &new], corner, &mut image);
            for (place, pixel) in image.chunks_exact(6).enumerate() {
                let (y, x) =
                    ((place / 8).wrapping_sub(corner.y), (place % 8).wrapping_sub(corner.x));
                if y < 5 && x < 5 {
                    let start = (y * 5 + x) * 3;
                    assert_eq!(pixel[..3], old[start..start + 3]);
                    assert_eq!(pixel[3..], new[start..start + 3]);
                } else {
                    assert_eq!(pixel, [0; 6]);
                }
            }
        }
    }

    #[test]
    fn places_are_uniform_to_the_end() {
        let translate = Translate { frame: 100, image: 108, channels: 3 };
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let mut seen = [[0; 9]; 9];
        for _ in 0..81 * 100 {
            let corner = translate.random_corner(&mut stream);
            seen[corner.y][corner.x] += 1;
        }
        assert!(seen.as_flattened().iter().all(|&count| (55..150).contains(&count)), "{seen:?}");
        assert_eq!(translate.centre_corner(), Corner { y: 4, x: 4 });
    }
}
