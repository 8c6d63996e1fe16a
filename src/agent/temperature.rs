//! The entropy temperature alpha of soft actor-critic, learned through its logarithm
//! (Haarnoja et al. 2018b, section 5).

use tch::{Device, Kind, Tensor};

use crate::action::ActionSpace;
use crate::config::TemperatureConfig;
use crate::nn::Parameters;

/// alpha = exp(log alpha). It is float64 in every precision, as in the authors' code.
#[derive(Debug)]
pub struct Temperature {
    log_alpha: Tensor,
}

impl Temperature {
    pub fn new(initial: f64, device: Device) -> Self {
        let log_alpha = Tensor::from(initial.ln()).to_kind(Kind::Double).to_device(device);
        Self { log_alpha: log_alpha.set_requires_grad(true) }
    }

    /// alpha as a constant, a scalar.
    pub fn alpha(&self) -> Tensor {
        self.log_alpha.exp().detach()
    }

    /// mean( alpha (- log pi(a|s) - target entropy) ), for log-probabilities (B, 1).
    pub fn loss(&self, log_prob: &Tensor, target_entropy: f64) -> Tensor {
        (self.log_alpha.exp() * (-log_prob.detach() - target_entropy)).mean(None::<Kind>)
    }
}

/// The entropy that the temperature aims at: -|A| for continuous actions (Haarnoja et al. 2018b), a
/// share of the greatest possible, log |A|, for discrete ones (Christodoulou 2019).
pub fn target_entropy(space: ActionSpace, config: &TemperatureConfig) -> f64 {
    match space {
        ActionSpace::Continuous(dimensions) => -(dimensions as f64),
        ActionSpace::Discrete(choices) => {
            config.discrete_target_entropy.get() * (choices as f64).ln()
        }
    }
}

impl Parameters for Temperature {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        visit(format!("{path}.log_alpha"), &self.log_alpha);
    }
}
