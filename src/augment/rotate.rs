//! Rotations by 0, 90, 180 or 270 degrees, each as often (RAD).
//!
//! RAD's code leaves seven images of ten as they are unless told otherwise, and turns the others by 90, 180
//! or 270 degrees; its paper draws from all four.

use rand::{Rng, RngExt};

use super::ImageShape;

/// A rotation that changes the image, counterclockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

/// A random rotation; none in a quarter of the draws.
pub fn random_turn(rng: &mut impl Rng) -> Option<Turn> {
    match rng.random_range(0..4) {
        0 => None,
        1 => Some(Turn::Quarter),
        2 => Some(Turn::Half),
        _ => Some(Turn::ThreeQuarters),
    }
}

/// Writes the source turned.
pub fn rotate(source: &[u8], shape: ImageShape, turn: Turn, image: &mut [u8]) {
    let (pixel, last) = (shape.pixel_bytes(), shape.side - 1);
    for (y, row) in image.chunks_exact_mut(shape.row_bytes()).enumerate() {
        for (x, to) in row.chunks_exact_mut(pixel).enumerate() {
            let (y, x) = match turn {
                Turn::Quarter => (x, last - y),
                Turn::Half => (last - y, last - x),
                Turn::ThreeQuarters => (last - x, y),
            };
            to.copy_from_slice(&source[(y * shape.side + x) * pixel..][..pixel]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    const SHAPE: ImageShape = ImageShape { side: 2, channels: 1, frames: 2 };
    /// The older frame counts from 0, the newer from 10.
    const IMAGE: [u8; 8] = [0, 10, 1, 11, 2, 12, 3, 13];

    fn turned(source: &[u8], shape: ImageShape, turn: Turn) -> Vec<u8> {
        let mut image = vec![0; source.len()];
        rotate(source, shape, turn, &mut image);
        image
    }

    #[test]
    fn turns_are_counterclockwise_and_the_same_for_all_frames() {
        assert_eq!(turned(&IMAGE, SHAPE, Turn::Quarter), [1, 11, 3, 13, 0, 10, 2, 12]);
        assert_eq!(turned(&IMAGE, SHAPE, Turn::Half), [3, 13, 2, 12, 1, 11, 0, 10]);
        assert_eq!(turned(&IMAGE, SHAPE, Turn::ThreeQuarters), [2, 12, 0, 10, 3, 13, 1, 11]);
    }

    #[test]
    fn turns_add_up() {
        let shape = ImageShape { side: 5, channels: 3, frames: 2 };
        let original: Vec<u8> = (0..150).collect();
        let mut image = original.clone();
        let mut after = Vec::new();
        for _ in 0..4 {
            image = turned(&image, shape, Turn::Quarter);
            after.push(image.clone());
        }
        assert_eq!(after[1], turned(&original, shape, Turn::Half));
        assert_eq!(after[2], turned(&original, shape, Turn::ThreeQuarters));
        assert_eq!(after[3], original);
        assert_ne!(after[0], after[2]);
    }

    #[test]
    fn all_four_are_drawn_as_often() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let draws: Vec<Option<Turn>> = (0..10_000).map(|_| random_turn(&mut stream)).collect();
        let all = [None, Some(Turn::Quarter), Some(Turn::Half), Some(Turn::ThreeQuarters)];
        for turn in all {
            let count = draws.iter().filter(|&&drawn| drawn == turn).count();
            assert!((2350..2650).contains(&count), "{turn:?}: {count}");
        }
    }
}
