//! Every random number of a run: counter-based streams, addressed by (seed, purpose, index).
//!
//! A stream is made where it is needed, used for one thing (one batch, one action, one episode's
//! start) and dropped. So the only random state of a run is its seed and the counters that it has
//! anyway (agent step, update, episode), and nothing drawn for one purpose shifts what another
//! gets.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Open01, StandardNormal};
use tch::{Kind, Tensor};

/// A sequence of random numbers.
pub type Stream = ChaCha8Rng;

/// What random numbers are for. The discriminants are part of the meaning of a seed: changing one
/// changes every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; one index a module.
    Weights = 1,
    /// Start of a training episode; indexed by episode.
    TrainEpisode = 2,
    /// Start of an evaluation episode; indexed by evaluation episode.
    EvalEpisode = 3,
    /// Uniform actions of the warm-up; indexed by agent step.
    WarmupAction = 4,
    /// Noise of the acting policy; indexed by agent step.
    Exploration = 5,
    /// Which transitions are sampled and where they are cropped; indexed by update.
    Batch = 6,
    /// Noise of the policy's actions inside the losses; indexed by update.
    PolicyNoise = 7,
    /// Noise of Gaussian positives; indexed by update.
    PositiveNoise = 8,
    /// Start of a probe's episode; indexed by episode.
    ProbeEpisode = 16,
    /// Uniform actions of a probe's episode; indexed by episode.
    ProbeAction = 17,
    /// Which of a probe's episodes are for fitting and which for testing; index 0.
    ProbeSplit = 18,
    /// Where a probe's observations are cropped; one index a view.
    ProbeCrop = 19,
    /// Which of a probe's observations are compared with each other, and which are shown; index 0 and 1.
    ProbeOrder = 20,
    /// The random projection of a probe's features; index 0.
    ProbeProjection = 21,
    /// First weights and batches of a probe's readouts; two indices a representation.
    ProbeReadout = 22,
}

/// The streams of one seed.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    pub fn stream(&self, purpose: Purpose, index: u64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(index);
        stream
    }
}

/// An action of so many dimensions, each uniform in [-1, 1].
pub fn uniform_action(dimensions: usize, rng: &mut impl Rng) -> Vec<f32> {
    (0..dimensions).map(|_| rng.random_range(-1.0..=1.0)).collect()
}

/// Standard normal numbers of the given shape, drawn in row-major order.
pub fn normal(shape: &[i64], kind: Kind, rng: &mut impl Rng) -> Tensor {
    let len = shape.iter().product::<i64>() as usize;
    let values: Vec<f32> = StandardNormal.sample_iter(rng).take(len).collect();
    Tensor::from_slice(&values).view(shape).to_kind(kind)
}

/// Gumbel-distributed numbers of the given shape, -log(-log u) of uniform u, drawn in row-major order.
pub fn gumbel(shape: &[i64], kind: Kind, rng: &mut impl Rng) -> Tensor {
    let len = shape.iter().product::<i64>() as usize;
    // Of the open interval: neither logarithm is infinite.
    let gumbel = |u: f64| (-(-u.ln()).ln()) as f32;
    let values: Vec<f32> = Open01.sample_iter(rng).take(len).map(gumbel).collect();
    Tensor::from_slice(&values).view(shape).to_kind(kind)
}

/// Numbers uniform in [0, 1) of the given shape, drawn in row-major order.
pub fn uniform(shape: &[i64], kind: Kind, rng: &mut impl Rng) -> Tensor {
    let len = shape.iter().product::<i64>() as usize;
    let values: Vec<f32> = rng.random_iter().take(len).collect();
    Tensor::from_slice(&values).view(shape).to_kind(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, purpose: Purpose, index: u64) -> u64 {
        Streams::new(seed).stream(purpose, index).next_u64()
    }

    #[test]
    fn a_stream_depends_on_its_address_alone() {
        assert_eq!(first(1, Purpose::Batch, 5), first(1, Purpose::Batch, 5));
        assert_ne!(first(1, Purpose::Batch, 5), first(2, Purpose::Batch, 5));
        assert_ne!(first(1, Purpose::Batch, 5), first(1, Purpose::Batch, 6));
        assert_ne!(first(1, Purpose::Batch, 5), first(1, Purpose::Exploration, 5));
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut stream = Streams::new(3).stream(Purpose::PolicyNoise, 0);
        let values = normal(&[100, 1000], Kind::Double, &mut stream);
        assert!(values.mean(Kind::Double).double_value(&[]).abs() < 0.02);
        assert!((values.var(true).double_value(&[]) - 1.0).abs() < 0.02);
    }
}
