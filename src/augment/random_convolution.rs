//! Random convolutions: each frame through one random 3x3 filter (RAD; Lee et al. 2019, "Network
//! Randomization"), which mixes the channels of a frame and blurs or sharpens, and leaves shapes in place.
//!
//! Weights are Xavier-normal, N(0, 2 / (9 c + 9 c)) for c channels, drawn for each image; the frames of a
//! stack share them, and the border is repeated. RAD's code pads with zeros, which darkens the border.
//!
//! There the results, negative ones among them, go to the network as they are. A byte cannot hold them, and
//! to cut them would leave about half of the channels black. So where results lie outside 0..=255, that range
//! is widened to hold all results of the stack, and mapped to bytes: one scale and one offset for all frames
//! and channels. Results that are bytes already, such as those of the identity, stay as they are.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::planes::{gather, spread};
use super::{ImageShape, Scratch};

/// Height and width of the filter.
const SIDE: usize = 3;

/// The weights of one image's filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// For each channel that comes out, for each that goes in, three rows of three.
    weights: Vec<[f32; SIDE * SIDE]>,
}

impl Filter {
    /// A random filter for frames of so many channels, drawn output by output, input by input, row by
    /// row.
    pub fn random(channels: usize, rng: &mut impl Rng) -> Self {
        let fan = channels * SIDE * SIDE;
        let deviation = (2.0 / (fan + fan) as f32).sqrt();
        let mut weight = || {
            let normal: f32 = StandardNormal.sample(rng);
            deviation * normal
        };
        let weights = (0..channels * channels).map(|_| std::array::from_fn(|_| weight()));
        Self { weights: weights.collect() }
    }
}

/// Sends all frames of an image through a filter.
pub fn random_convolution(
    image: &mut [u8],
    shape: ImageShape,
    filter: &Filter,
    scratch: &mut Scratch,
) {
    let Scratch { planes, filtered, .. } = scratch;
    spread(image, shape, SIDE / 2, planes);
    filtered.clear();
    filtered.resize(image.len(), 0.0);
    let padded = shape.side + SIDE - 1;
    let sources = planes.chunks_exact(shape.channels * padded * padded);
    let results = filtered.chunks_exact_mut(shape.channels * shape.side * shape.side);
    for (source, result) in sources.zip(results) {
        convolve(source, shape, filter, result);
    }
    let range = (0.0_f32, 255.0_f32);
    let (low, high) = filtered.iter().fold(range, |(low, high), &result| {
        (if result < low { result } else { low }, if result > high { result } else { high })
    });
    let scale = 255.0 / (high - low);
    gather(filtered, scale, -low * scale, shape, image);
}

/// Adds the convolution of a frame's planes, which have a border of a pixel, to the planes of the result.
fn convolve(source: &[f32], shape: ImageShape, filter: &Filter, result: &mut [f32]) {
    let (side, padded) = (shape.side, shape.side + SIDE - 1);
    let outputs = result.chunks_exact_mut(side * side);
    for (output, weights) in outputs.zip(filter.weights.chunks_exact(shape.channels)) {
        for (y, row) in output.chunks_exact_mut(side).enumerate() {
            for (input, weights) in source.chunks_exact(padded * padded).zip(weights) {
                let rows = input[y * padded..].chunks_exact(padded);
                for (from, weights) in rows.zip(weights.as_chunks::<SIDE>().0) {
                    add_row(from, weights, row);
                }
            }
        }
    }
}

fn add_row(from: &[f32], &[left, middle, right]: &[f32; SIDE], row: &mut [f32]) {
    for (sum, near) in row.iter_mut().zip(from.windows(SIDE)) {
        *sum += left * near[0] + middle * near[1] + right * near[2];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};
    use crate::statistics::mean_and_std;

    fn convolved(image: &[u8], shape: ImageShape, weights: &[[f32; 9]]) -> Vec<u8> {
        let mut image = image.to_vec();
        let filter = Filter { weights: weights.to_vec() };
        random_convolution(&mut image, shape, &filter, &mut Scratch::default());
        image
    }

    const NOTHING: [f32; 9] = [0.0; 9];
    const MIDDLE: [f32; 9] = [0., 0., 0., 0., 1., 0., 0., 0., 0.];

    #[test]
    fn the_identity_leaves_every_image_as_it_is() {
        let shape = ImageShape { side: 4, channels: 3, frames: 2 };
        let image: Vec<u8> = (0..96).map(|i| (i * 37 % 256) as u8).collect();
        let mut identity = [NOTHING; 9];
        (0..3).for_each(|channel| identity[channel * 4] = MIDDLE);
        assert_eq!(convolved(&image, shape, &identity), image);
    }

    #[test]
    fn channels_mix_within_their_frame() {
        // Red becomes green, green blue, blue half of red plus half of green.
        let half = MIDDLE.map(|weight| weight / 2.0);
        let weights = [NOTHING, MIDDLE, NOTHING, NOTHING, NOTHING, MIDDLE, half, half, NOTHING];
        let shape = ImageShape { side: 1, channels: 3, frames: 2 };
        let image = convolved(&[10, 20, 30, 100, 200, 250], shape, &weights);
        assert_eq!(image, [20, 30, 15, 200, 250, 150]);
    }

    #[test]
    fn neighbours_are_where_the_weights_say_and_the_border_is_repeated() {
        let shape = ImageShape { side: 2, channels: 1, frames: 1 };
        // What lies above on the right comes down to the left.
        let above_right = [0., 0., 1., 0., 0., 0., 0., 0., 0.];
        assert_eq!(convolved(&[1, 2, 3, 4], shape, &[above_right]), [2, 2, 2, 2]);
        let below = [0., 0., 0., 0., 0., 0., 0., 1., 0.];
        assert_eq!(convolved(&[1, 2, 3, 4], shape, &[below]), [3, 4, 3, 4]);
        let sum = [0., 0., 0., 1., 1., 1., 0., 0., 0.];
        assert_eq!(convolved(&[1, 2, 3, 4], shape, &[sum]), [4, 5, 10, 11]);
    }

    #[test]
    fn results_outside_of_a_byte_share_one_scale_in_the_stack() {
        let shape = ImageShape { side: 1, channels: 1, frames: 3 };
        // -100, -50 and 0 of the range -100 to 255.
        let negative = MIDDLE.map(|weight| -weight);
        assert_eq!(convolved(&[100, 50, 0], shape, &[negative]), [0, 36, 72]);
        // 400, 160 and 0 of the range 0 to 400.
        let double = MIDDLE.map(|weight| 2.0 * weight);
        assert_eq!(convolved(&[200, 80, 0], shape, &[double]), [255, 102, 0]);
    }

    #[test]
    fn frames_that_are_equal_stay_equal() {
        let shape = ImageShape { side: 6, channels: 3, frames: 2 };
        let frame: Vec<u8> = (0..108).map(|i| (i * 53 % 256) as u8).collect();
        let mut image: Vec<u8> =
            frame.chunks(3).flat_map(|colour| [colour, colour].concat()).collect();
        let original = image.clone();
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let filter = Filter::random(3, &mut stream);
        random_convolution(&mut image, shape, &filter, &mut Scratch::default());
        assert_ne!(image, original);
        assert!(image.chunks(6).all(|pixel| pixel[..3] == pixel[3..]));
    }

    #[test]
    fn weights_are_xavier_normal() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        for (channels, expected) in [(3, (2.0_f64 / 54.0).sqrt()), (1, 1.0 / 3.0)] {
            let filters = (0..2000).map(|_| Filter::random(channels, &mut stream));
            let weights: Vec<f64> =
                filters.flat_map(|filter| filter.weights.concat()).map(f64::from).collect();
            assert_eq!(weights.len(), 2000 * channels * channels * 9);
            let (mean, deviation) = mean_and_std(&weights);
            assert!(mean.abs() < 0.01, "{mean}");
            assert!((deviation / expected - 1.0).abs() < 0.02, "{deviation}");
        }
    }
}
