//! The critic: two Q functions and their loss (Haarnoja et al. 2018, equations 5 and 7).

use tch::{Reduction, Tensor, no_grad};

use crate::config::AgentConfig;
use crate::nn::{Init, Mlp, Parameters, move_towards};

/// Two Q functions over latent vectors and actions.
#[derive(Debug)]
pub struct Critic {
    q1: Mlp,
    q2: Mlp,
}

impl Critic {
    pub fn new(actions: i64, config: &AgentConfig, init: &mut Init) -> Self {
        let (latent, hidden) = (config.encoder.feature_dim.dim(), config.hidden_dim.dim());
        let widths = [latent + actions, hidden, hidden, 1];
        Self { q1: Mlp::new(&widths, init), q2: Mlp::new(&widths, init) }
    }

    /// Latent vectors (B, D) and actions (B, |A|) -> both values, (B, 1) each.
    pub fn forward(&self, latent: &Tensor, action: &Tensor) -> (Tensor, Tensor) {
        let input = Tensor::cat(&[latent, action], 1);
        (self.q1.forward(&input), self.q2.forward(&input))
    }

    /// The smaller of the two values, (B, 1).
    pub fn min(&self, latent: &Tensor, action: &Tensor) -> Tensor {
        let (q1, q2) = self.forward(latent, action);
        q1.minimum(&q2)
    }
}

impl Parameters for Critic {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.q1.visit(&format!("{path}.q1"), visit);
        self.q2.visit(&format!("{path}.q2"), visit);
    }
}

/// The slowly moving copy of the critic that its target is computed from. It is never trained.
#[derive(Debug)]
pub struct TargetCritic(Critic);

impl TargetCritic {
    /// Takes over a critic that was made from the same stream as the online one, and so equals it.
    pub fn new(critic: Critic) -> Self {
        critic.freeze();
        Self(critic)
    }

    /// The smaller of the two values, (B, 1), without gradient.
    pub fn min(&self, latent: &Tensor, action: &Tensor) -> Tensor {
        no_grad(|| self.0.min(latent, action))
    }

    /// target <- tau critic + (1 - tau) target.
    pub fn follow(&mut self, critic: &Critic, tau: f64) {
        move_towards(&self.0, critic, tau);
    }
}

impl Parameters for TargetCritic {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.0.visit(path, visit);
    }
}

/// mean (Q1 - y)^2 + mean (Q2 - y)^2, for values and targets (B, 1).
pub fn loss((q1, q2): &(Tensor, Tensor), target: &Tensor) -> Tensor {
    q1.mse_loss(target, Reduction::Mean) + q2.mse_loss(target, Reduction::Mean)
}

/// y = r + not_done gamma (min Q_target(s', a') - alpha log pi(a'|s')), all (B, 1).
pub fn target(reward: &Tensor, not_done: &Tensor, soft_value: &Tensor, discount: f64) -> Tensor {
    reward + not_done * discount * soft_value
}
