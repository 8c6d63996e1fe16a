//! The policy of soft actor-critic: a squashed Gaussian for continuous actions, a categorical
//! distribution for discrete ones.

use std::f64::consts::PI;

use tch::Tensor;

use super::{Categorical, Init, Mlp, Parameters};
use crate::action::ActionSpace;

/// Latent vectors -> distributions over actions.
#[derive(Debug)]
pub struct Policy {
    trunk: Mlp,
    family: Family,
}

/// What the trunk's outputs mean.
#[derive(Clone, Copy, Debug)]
enum Family {
    /// Means, and logarithms of standard deviations once they are moved between these bounds.
    SquashedGaussian { log_std_min: f64, log_std_max: f64 },
    /// Logits.
    Categorical,
}

impl Policy {
    /// A trunk of two hidden layers over `latent` inputs; log standard deviations lie within
    /// `log_std`.
    pub fn new(
        latent: i64,
        hidden: i64,
        space: ActionSpace,
        (log_std_min, log_std_max): (f64, f64),
        init: &mut Init,
    ) -> Self {
        let (outputs, family) = match space {
            ActionSpace::Continuous(dimensions) => {
                (2 * dimensions, Family::SquashedGaussian { log_std_min, log_std_max })
            }
            ActionSpace::Discrete(choices) => (choices, Family::Categorical),
        };
        Self { trunk: Mlp::new(&[latent, hidden, hidden, outputs as i64], init), family }
    }

    /// (B, latent) -> a distribution for each row.
    pub fn forward(&self, latent: &Tensor) -> Distribution {
        let outputs = self.trunk.forward(latent);
        match self.family {
            Family::SquashedGaussian { log_std_min, log_std_max } => {
                let outputs = outputs.chunk(2, -1);
                let half_range = 0.5 * (log_std_max - log_std_min);
                let log_std = log_std_min + half_range * (outputs[1].tanh() + 1.0);
                Distribution::Gaussian(Gaussian { mean: outputs[0].shallow_clone(), log_std })
            }
            Family::Categorical => Distribution::Categorical(Categorical::new(&outputs)),
        }
    }
}

/// A distribution over actions for each row of a batch.
#[derive(Debug)]
pub enum Distribution {
    Gaussian(Gaussian),
    Categorical(Categorical),
}

impl Distribution {
    /// The actions without randomness: the squashed mean (B, |A|), or the most probable choice
    /// (B, 1).
    pub fn deterministic(&self) -> Tensor {
        match self {
            Self::Gaussian(gaussian) => gaussian.mean_action(),
            Self::Categorical(categorical) => categorical.most_probable(),
        }
    }

    /// The actions that [`ActionSpace::exploration_noise`] selects.
    pub fn sample(&self, noise: &Tensor) -> Tensor {
        match self {
            Self::Gaussian(gaussian) => gaussian.action(noise),
            Self::Categorical(categorical) => categorical.sample(noise),
        }
    }

    /// Mean over the batch of the entropy, of a Gaussian's before squashing, a scalar.
    pub fn entropy(&self) -> Tensor {
        match self {
            Self::Gaussian(gaussian) => gaussian.entropy(),
            Self::Categorical(categorical) => categorical.entropy(),
        }
    }
}

impl Parameters for Policy {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.trunk.visit(path, visit);
    }
}

/// A diagonal Gaussian before the squashing tanh; `mean` and `log_std` are (B, |A|).
#[derive(Debug)]
pub struct Gaussian {
    mean: Tensor,
    log_std: Tensor,
}

impl Gaussian {
    /// The deterministic action, (B, |A|) in (-1, 1).
    pub fn mean_action(&self) -> Tensor {
        self.mean.tanh()
    }

    /// The action that standard normal `noise` (B, |A|) selects, in (-1, 1), by reparameterisation.
    pub fn action(&self, noise: &Tensor) -> Tensor {
        (&self.mean + noise * self.log_std.exp()).tanh()
    }

    /// That action and its log-probability (B, 1), with the correction for tanh (Haarnoja et al.
    /// 2018, appendix C) in the authors' form, log(relu(1 - a^2) + 1e-6).
    pub fn action_and_log_prob(&self, noise: &Tensor) -> (Tensor, Tensor) {
        let action = self.action(noise);
        let kind = noise.kind();
        let sum = |x: Tensor| x.sum_dim_intlist(-1, true, kind);
        let gaussian = sum(-0.5 * noise.square() - &self.log_std)
            - 0.5 * (2.0 * PI).ln() * noise.size()[1] as f64;
        let squash = sum(((-action.square() + 1.0).relu() + 1e-6).log());
        (action, gaussian - squash)
    }

    /// Mean over the batch of the entropy before squashing, a scalar.
    pub fn entropy(&self) -> Tensor {
        let kind = self.log_std.kind();
        let constant = 0.5 * self.log_std.size()[1] as f64 * (1.0 + (2.0 * PI).ln());
        (self.log_std.sum_dim_intlist(-1, false, kind) + constant).mean(kind)
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    /// The density of a squashed variable integrates to one over (-1, 1).
    #[test]
    fn log_prob_is_a_density() {
        let n = 20_001;
        let policy = Gaussian {
            mean: Tensor::full([n, 1], 0.3, (Kind::Double, tch::Device::Cpu)),
            log_std: Tensor::full([n, 1], -0.5, (Kind::Double, tch::Device::Cpu)),
        };
        let noise = Tensor::linspace(-8.0, 8.0, n, (Kind::Double, tch::Device::Cpu)).view([n, 1]);
        let (action, log_prob) = policy.action_and_log_prob(&noise);
        let widths = action.diff(1, 0, None::<Tensor>, None::<Tensor>);
        let density = log_prob.exp();
        let integral = (widths * density.narrow(0, 0, n - 1)).sum(Kind::Double).double_value(&[]);
        assert!((integral - 1.0).abs() < 1e-3, "{integral}");
    }
}
