//! Crops of stacked frames: images cut straight from stored frames, one position for all frames of a stack
//! (CURL paper, section 4.3).
//!
//! The largest offset is never drawn, as in CURL's code; in RAD's it is.

use rand::{Rng, RngExt};

use super::square::{self, Place};

/// How images are cut from square frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Height and width of a frame.
    pub frame: usize,
    /// Height and width of an image.
    pub image: usize,
    /// Channels of a frame.
    pub channels: usize,
}

/// Where the top left corner of an image lies in its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corner {
    pub y: usize,
    pub x: usize,
}

impl Crop {
    /// A random corner, of frames that are larger than images. The largest offset, `frame - image`, is
    /// never drawn, as in the authors' code, whose `randint` excludes its upper end.
    pub fn random_corner(&self, rng: &mut impl Rng) -> Corner {
        let offsets = 0..self.frame - self.image;
        Corner { y: rng.random_range(offsets.clone()), x: rng.random_range(offsets) }
    }

    /// The corner of the centre crop, which acting and evaluation see.
    pub fn centre_corner(&self) -> Corner {
        let offset = (self.frame - self.image) / 2;
        Corner { y: offset, x: offset }
    }

    /// Writes the crop of a stack at a corner: `image` holds image x image x k c bytes, channels
    /// last.
    pub fn cut(&self, stack: &[&[u8]], corner: Corner, image: &mut [u8]) {
        let from = Place { side: self.frame, corner };
        square::copy(stack, self.channels, self.image, from, Place::first(self.image), image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    const CROP: Crop = Crop { frame: 100, image: 84, channels: 3 };

    #[test]
    fn corners_are_the_authors_offsets() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let mut seen = [0; 17];
        for _ in 0..4000 {
            let corner = CROP.random_corner(&mut stream);
            seen[corner.y] += 1;
            seen[corner.x] += 1;
        }
        assert!(seen[..16].iter().all(|&count| count > 350), "{seen:?}");
        assert_eq!(seen[16], 0);
        assert_eq!(CROP.centre_corner(), Corner { y: 8, x: 8 });
    }

    #[test]
    fn a_cut_interleaves_the_frames_of_a_stack() {
        let crop = Crop { frame: 4, image: 2, channels: 3 };
        let frame = |base: u8| (0..48).map(|i| base + i).collect::<Vec<u8>>();
        let (old, new) = (frame(0), frame(100));
        let mut image = [0; 2 * 2 * 6];
        crop.cut(&[&old, &new], Corner { y: 1, x: 2 }, &mut image);
        let first = (4 + 2) * 3;
        assert_eq!(
            image[..6],
            [first, first + 1, first + 2, first + 100, first + 101, first + 102]
        );
        assert_eq!(image[18], (2 * 4 + 3) * 3, "the last pixel of the older frame");
    }

    #[test]
    fn grey_frames_are_a_channel_each() {
        let crop = Crop { frame: 3, image: 2, channels: 1 };
        let (old, new): (Vec<u8>, Vec<u8>) = ((0..9).collect(), (10..19).collect());
        let mut image = [0; 2 * 2 * 2];
        crop.cut(&[&old, &new], Corner { y: 1, x: 0 }, &mut image);
        assert_eq!(image, [3, 13, 4, 14, 6, 16, 7, 17]);
    }
}
