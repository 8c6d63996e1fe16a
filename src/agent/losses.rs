//! What an update reports.

use tch::Tensor;

use crate::objective::info_nce;

/// The losses of an update and what is told with them. Values stay tensors until someone reads them.
#[derive(Debug)]
pub struct Losses {
    pub batch_reward: Tensor,
    pub critic: CriticLosses,
    /// At the updates of the actor and the temperature.
    pub actor: Option<ActorLosses>,
    /// Where there is a contrastive objective.
    pub contrast: Option<ContrastLosses>,
}

#[derive(Debug)]
pub struct CriticLosses {
    pub loss: Tensor,
    /// The L2 norm of the gradient that the step was made on.
    pub gradient_norm: f64,
}

#[derive(Debug)]
pub struct ActorLosses {
    pub actor: Tensor,
    pub entropy: Tensor,
    pub temperature: Tensor,
    /// alpha before this update.
    pub alpha: Tensor,
    pub actor_gradient_norm: f64,
    pub temperature_gradient_norm: f64,
}

#[derive(Debug)]
pub struct ContrastLosses {
    pub loss: Tensor,
    /// (B, B), queries by keys.
    pub logits: Tensor,
    /// The L2 norm of the one gradient that both optimisers of the encoder step on, and that of W.
    pub gradient_norm: f64,
}

impl ActorLosses {
    /// Every value with its name.
    pub fn scalars(&self) -> [(&'static str, f64); 6] {
        [
            ("actor", value(&self.actor)),
            ("entropy", value(&self.entropy)),
            ("temperature", value(&self.temperature)),
            ("alpha", value(&self.alpha)),
            ("gradient_norm/actor", self.actor_gradient_norm),
            ("gradient_norm/temperature", self.temperature_gradient_norm),
        ]
    }
}

impl Losses {
    /// Every value with its name.
    pub fn scalars(&self) -> Vec<(&'static str, f64)> {
        let mut scalars = vec![
            ("batch_reward", value(&self.batch_reward)),
            ("critic", value(&self.critic.loss)),
            ("gradient_norm/critic", self.critic.gradient_norm),
        ];
        scalars.extend(self.actor.iter().flat_map(ActorLosses::scalars));
        if let Some(ContrastLosses { loss, logits, gradient_norm }) = &self.contrast {
            scalars.extend([
                ("contrast", value(loss)),
                ("contrast_accuracy", value(&info_nce::accuracy(logits))),
                ("gradient_norm/contrast", *gradient_norm),
            ]);
        }
        scalars
    }
}

fn value(tensor: &Tensor) -> f64 {
    tensor.double_value(&[])
}
