//! The critic: two Q functions and their loss (Haarnoja et al. 2018, equations 5 and 7; for discrete
//! actions Christodoulou 2019, section 3).

use tch::{Kind, Reduction, Tensor, no_grad};

use crate::action::ActionSpace;
use crate::config::AgentConfig;
use crate::nn::{Distribution, Init, Mlp, Parameters, move_towards};

/// Two Q functions over latent vectors and actions. With continuous actions each takes the action
/// beside the latent vector, with discrete ones it has an output for each choice.
#[derive(Debug)]
pub struct Critic {
    q1: Mlp,
    q2: Mlp,
    space: ActionSpace,
}

/// What a policy is worth to a critic, (B, 1) each.
#[derive(Debug)]
pub struct Worth {
    /// log pi(a|s).
    pub log_prob: Tensor,
    /// The smaller of the two Q(s, a).
    pub value: Tensor,
}

impl Critic {
    pub fn new(space: ActionSpace, config: &AgentConfig, init: &mut Init) -> Self {
        let (latent, hidden) = (config.encoder.feature_dim.dim(), config.hidden_dim.dim());
        let (inputs, outputs) = match space {
            ActionSpace::Continuous(dimensions) => (latent + dimensions as i64, 1),
            ActionSpace::Discrete(choices) => (latent, choices as i64),
        };
        let widths = [inputs, hidden, hidden, outputs];
        Self { q1: Mlp::new(&widths, init), q2: Mlp::new(&widths, init), space }
    }

    /// The actions of a stored critic, as the shapes of its tensors tell by their names within it.
    /// `None` where they are no critic's.
    pub fn actions(
        config: &AgentConfig,
        shape: impl Fn(&str) -> Option<Vec<i64>>,
    ) -> Option<ActionSpace> {
        // (outputs, inputs) each.
        let (inputs, outputs) = (*shape("q1.0.weight")?.get(1)?, *shape("q1.2.weight")?.first()?);
        let beside_latent = usize::try_from(inputs - config.encoder.feature_dim.dim()).ok()?;
        match (beside_latent, usize::try_from(outputs).ok()?) {
            (0, choices) => Some(ActionSpace::Discrete(choices)),
            (dimensions, 1) => Some(ActionSpace::Continuous(dimensions)),
            _ => None,
        }
    }

    /// Latent vectors (B, D) and the numbers of actions -> both values, (B, 1) each.
    pub fn forward(&self, latent: &Tensor, action: &Tensor) -> (Tensor, Tensor) {
        match self.space {
            ActionSpace::Continuous(_) => {
                let input = Tensor::cat(&[latent, action], 1);
                (self.q1.forward(&input), self.q2.forward(&input))
            }
            ActionSpace::Discrete(_) => {
                let choice = action.to_kind(Kind::Int64);
                let of_choice = |q: &Mlp| q.forward(latent).gather(1, &choice, false);
                (of_choice(&self.q1), of_choice(&self.q2))
            }
        }
    }

    /// What the policy's actions are worth: of one action a row that `noise` (B, |A|) selects, or
    /// in expectation over all discrete ones, which is exact.
    pub fn worth(&self, policy: &Distribution, latent: &Tensor, noise: &Tensor) -> Worth {
        match policy {
            Distribution::Gaussian(gaussian) => {
                let (action, log_prob) = gaussian.action_and_log_prob(noise);
                let (q1, q2) = self.forward(latent, &action);
                Worth { log_prob, value: q1.minimum(&q2) }
            }
            Distribution::Categorical(categorical) => {
                let of_choices = self.q1.forward(latent).minimum(&self.q2.forward(latent));
                Worth {
                    log_prob: categorical.expectation(categorical.log_probs()),
                    value: categorical.expectation(&of_choices),
                }
            }
        }
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

    /// As [`Critic::worth`], without gradient.
    pub fn worth(&self, policy: &Distribution, latent: &Tensor, noise: &Tensor) -> Worth {
        no_grad(|| self.0.worth(policy, latent, noise))
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
