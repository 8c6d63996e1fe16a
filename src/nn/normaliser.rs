//! The running normalisation of states.

use tch::{Device, Kind, Tensor, no_grad};

use super::Parameters;

/// Further from the mean than so many standard deviations everything is alike, so that a rare state, or the
/// first ones, do not throw the networks.
const CLIP: f64 = 10.0;
/// Added to the variance: a number that has not varied yet is left at zero.
const EPSILON: f64 = 1e-8;

/// Mean and variance of each number of all states seen so far (Welford 1962), in float64.
#[derive(Debug)]
pub struct Normaliser {
    /// States seen, (1,).
    count: Tensor,
    /// (D,).
    mean: Tensor,
    /// Sums of squared differences from the mean, (D,).
    squares: Tensor,
}

impl Normaliser {
    /// For states of so many numbers.
    pub fn new(len: i64, device: Device) -> Self {
        let zeros = |len| Tensor::zeros([len], (Kind::Double, device));
        Self { count: zeros(1), mean: zeros(len), squares: zeros(len) }
    }

    /// Takes one more state into account.
    pub fn observe(&mut self, state: &[f32]) {
        let device = self.mean.device();
        let state = Tensor::from_slice(state).to_kind(Kind::Double).to_device(device);
        no_grad(|| {
            let _ = self.count.g_add_scalar_(1.0);
            let from_old_mean = &state - &self.mean;
            let _ = self.mean.g_add_(&(&from_old_mean / &self.count));
            let _ = self.squares.g_add_(&(from_old_mean * (&state - &self.mean)));
        });
    }

    /// Stacks of states (B, k D) -> the same in standard deviations from the mean, within 10 of them.
    pub fn apply(&self, stacks: &Tensor) -> Tensor {
        no_grad(|| {
            let stacks = stacks.to_device(self.mean.device()).to_kind(Kind::Double);
            let states = stacks.view([stacks.size()[0], -1, self.mean.size()[0]]);
            let variance = (&self.squares / self.count.clamp_min(1.0)).clamp_min(0.0);
            let deviations = (states - &self.mean) / (variance + EPSILON).sqrt();
            deviations.clamp(-CLIP, CLIP).view(&stacks.size()[..])
        })
    }
}

impl Parameters for Normaliser {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        visit(format!("{path}.count"), &self.count);
        visit(format!("{path}.mean"), &self.mean);
        visit(format!("{path}.squares"), &self.squares);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [[f32; 2]; 4] = [[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [9.0, 5.0]];

    fn normaliser() -> Normaliser {
        let mut normaliser = Normaliser::new(2, Device::Cpu);
        STATES.iter().for_each(|state| normaliser.observe(state));
        normaliser
    }

    #[test]
    fn states_are_told_in_standard_deviations_from_their_mean() {
        let stacks = Tensor::from_slice(&STATES.concat()).view([2, 4]);
        let got = normaliser().apply(&stacks).view([4, 2]);
        // Mean 4 and variance (9 + 4 + 0 + 25) / 4.
        let deviation = 9.5f64.sqrt();
        for (row, expected) in [-3.0, -2.0, 0.0, 5.0].into_iter().enumerate() {
            let got = |column| got.double_value(&[row as i64, column]);
            assert!((got(0) - expected / deviation).abs() < 1e-8);
            assert_eq!(got(1), 0.0, "what never varies is zero");
        }
    }

    #[test]
    fn what_is_far_away_is_cut_and_nothing_is_infinite() {
        let far = Tensor::from_slice(&[1e9f32, -1e9, 4.0, 5.0]).view([1, 4]);
        let got: Vec<f64> = Vec::try_from(normaliser().apply(&far).view(-1)).expect("a vector");
        assert_eq!(got, [10.0, -10.0, 0.0, 0.0]);
        let fresh = Normaliser::new(2, Device::Cpu).apply(&far);
        assert!(bool::try_from(fresh.isfinite().all()).expect("a truth value"));
    }
}
