//! The actor: a policy over its own projection of the shared convolutional features, and its loss.

use tch::{Kind, Tensor};

use crate::action::ActionSpace;
use crate::config::AgentConfig;
use crate::nn::{Distribution, Init, Parameters, Policy, Projection};
use crate::observation::Input;

/// Convolutional features -> distributions over actions. The convolutions are the query encoder's;
/// the actor's loss does not train them.
#[derive(Debug)]
pub struct Actor {
    projection: Projection,
    policy: Policy,
}

impl Actor {
    pub fn new(input: Input, space: ActionSpace, config: &AgentConfig, init: &mut Init) -> Self {
        let latent = config.encoder.feature_dim.dim();
        let log_std = (config.actor.log_std_min, config.actor.log_std_max);
        Self {
            projection: Projection::new(input, config, init),
            policy: Policy::new(latent, config.hidden_dim.dim(), space, log_std, init),
        }
    }

    /// (B, features) -> a distribution for each row.
    pub fn forward(&self, features: &Tensor) -> Distribution {
        self.policy.forward(&self.projection.forward(features))
    }
}

impl Parameters for Actor {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.projection.visit(path, visit);
        self.policy.visit(&format!("{path}.trunk"), visit);
    }
}

/// mean( alpha log pi(a|s) - min Q(s, a) ), for (B, 1) each (CURL paper, equation 3, as a loss;
/// with expectations over discrete actions, Christodoulou 2019, equation 12).
pub fn loss(log_prob: &Tensor, value: &Tensor, alpha: &Tensor) -> Tensor {
    (alpha * log_prob - value).mean(None::<Kind>)
}
