//! Greyscale: with probability [`PROBABILITY`] each frame's colours become its luminance, in all three
//! channels (RAD; the weights are those of ITU-R BT.601).
//!
//! RAD's code cuts the luminance to a whole number, of weights that sum to 0.9999. Here the weights sum to
//! one and the luminance is rounded, so that what is grey stays as it is. So do grey frames.

use curl_envs::FRAME_CHANNELS;
use rand::{Rng, RngExt};

use super::ImageShape;

/// How often an image loses its colours.
pub const PROBABILITY: f64 = 0.3;

/// 0.299, 0.587 and 0.114, in 65536ths.
const WEIGHTS: [u32; FRAME_CHANNELS] = [19595, 38470, 7471];
const BITS: u32 = 16;

/// Whether this image is to lose its colours.
pub fn is_drawn(rng: &mut impl Rng) -> bool {
    rng.random_bool(PROBABILITY)
}

/// Takes the colours of all frames away.
pub fn greyscale(image: &mut [u8], shape: ImageShape) {
    if shape.channels != FRAME_CHANNELS {
        return;
    }
    // The frames of a pixel follow each other, so the image is one row of colours.
    for colour in image.as_chunks_mut::<FRAME_CHANNELS>().0 {
        *colour = [luminance(*colour); FRAME_CHANNELS];
    }
}

fn luminance(colour: [u8; FRAME_CHANNELS]) -> u8 {
    let weighted = |(channel, weight)| u32::from(channel) * weight;
    let sum: u32 = colour.into_iter().zip(WEIGHTS).map(weighted).sum();
    ((sum + (1 << (BITS - 1))) >> BITS) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    const SHAPE: ImageShape = ImageShape { side: 1, channels: 3, frames: 2 };

    #[test]
    fn each_frame_becomes_its_luminance() {
        // 0.299 x 200 + 0.587 x 100 + 0.114 x 50 = 124.2, and 0.587 x 255 = 149.685.
        let mut image = [200, 100, 50, 0, 255, 0];
        greyscale(&mut image, SHAPE);
        assert_eq!(image, [124, 124, 124, 150, 150, 150]);
    }

    #[test]
    fn grey_stays_as_it_is() {
        assert_eq!(WEIGHTS.iter().sum::<u32>(), 1 << BITS);
        for grey in 0..=255 {
            let mut image = [grey; 6];
            greyscale(&mut image, SHAPE);
            assert_eq!(image, [grey; 6]);
        }
        let mut image = [1, 2, 3, 4, 5, 6];
        greyscale(&mut image, ImageShape { side: 1, channels: 1, frames: 6 });
        assert_eq!(image, [1, 2, 3, 4, 5, 6], "frames of one channel");
    }

    #[test]
    fn three_images_of_ten_lose_their_colours() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let drawn = (0..10_000).filter(|_| is_drawn(&mut stream)).count();
        assert!((2850..3150).contains(&drawn), "{drawn}");
    }
}
