//! Gaussian noise: N(0, sigma^2) on every byte, rounded, and cut to what a byte holds.
//!
//! Sigma is on the scale on which black is 0 and white is 1. It is the one augmentation whose numbers differ
//! between the frames of a stack and between the channels of a pixel, as a camera's noise does.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use crate::random::Stream;

/// The noise of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Standard deviation on the 0..1 scale.
    pub sigma: f64,
    /// Seed of the image's own stream.
    pub seed: u64,
}

impl Noise {
    /// Noise with a seed from a batch's stream: one draw, however large the image.
    pub fn draw(sigma: f64, rng: &mut impl Rng) -> Self {
        Self { sigma, seed: rng.next_u64() }
    }
}

/// Adds noise to every byte.
pub fn gaussian(image: &mut [u8], noise: Noise) {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&noise.seed.to_le_bytes());
    // No stream of a run has this key: the second eight bytes of theirs are a purpose, and none is 0.
    let mut stream = Stream::from_seed(key);
    let scale = 255.0 * noise.sigma as f32;
    for byte in image {
        let normal: f32 = StandardNormal.sample(&mut stream);
        // The conversion cuts to 0..=255 and drops the fraction.
        *byte = (f32::from(*byte) + scale * normal + 0.5) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};
    use crate::statistics::mean_and_std;

    fn noisy(byte: u8, noise: Noise) -> Vec<u8> {
        let mut image = vec![byte; 84 * 84 * 9];
        gaussian(&mut image, noise);
        image
    }

    #[test]
    fn noise_has_mean_zero_and_the_given_deviation() {
        let noise = Noise { sigma: 0.1, seed: 7 };
        let values: Vec<f64> = noisy(128, noise).into_iter().map(f64::from).collect();
        let (mean, deviation) = mean_and_std(&values);
        assert!((mean - 128.0).abs() < 0.4, "{mean}");
        assert!((deviation - 25.5).abs() < 0.4, "{deviation}");
    }

    #[test]
    fn channels_and_neighbours_are_independent() {
        let image = noisy(128, Noise { sigma: 0.1, seed: 7 });
        for distance in [1, 3, 9, 84 * 9] {
            let products = image.iter().zip(&image[distance..]);
            let products = products.map(|(&a, &b)| (f64::from(a) - 128.0) * (f64::from(b) - 128.0));
            let covariance = products.sum::<f64>() / (image.len() - distance) as f64;
            assert!(covariance.abs() < 0.02 * 25.5 * 25.5, "{distance}: {covariance}");
        }
    }

    #[test]
    fn black_and_white_do_not_wrap() {
        let noise = Noise { sigma: 0.1, seed: 7 };
        let (black, white) = (noisy(0, noise), noisy(255, noise));
        assert!(black.iter().all(|&byte| byte < 160) && white.iter().all(|&byte| byte > 95));
        let half = black.len() / 2;
        let unchanged = black.iter().filter(|&&byte| byte == 0).count();
        assert!(unchanged.abs_diff(half) < half / 10, "{unchanged}");
    }

    #[test]
    fn noise_depends_on_its_seed_and_vanishes_with_sigma() {
        let noise = Noise { sigma: 0.1, seed: 7 };
        assert_eq!(noisy(128, noise), noisy(128, noise));
        assert_ne!(noisy(128, noise), noisy(128, Noise { seed: 8, ..noise }));
        assert_eq!(noisy(128, Noise { sigma: 0.0, seed: 7 }), vec![128; 84 * 84 * 9]);
    }

    #[test]
    fn an_image_takes_one_number_of_its_batch() {
        let stream = || Streams::new(1).stream(Purpose::Batch, 0);
        let (mut drawn, mut skipped) = (stream(), stream());
        let noise = Noise::draw(0.1, &mut drawn);
        assert_eq!(noise.seed, skipped.next_u64());
        assert_eq!(drawn.next_u64(), skipped.next_u64());
    }
}
