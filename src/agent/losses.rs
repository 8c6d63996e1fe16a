//! What an update reports.

use tch::Tensor;

use crate::objective::info_nce;

/// The losses of an update and what is told with them. Values stay tensors until someone reads them.
#[derive(Debug)]
pub struct Losses {
    pub batch_reward: Tensor,
    pub critic: Tensor,
    /// At the updates of the actor and the temperature.
    pub actor: Option<ActorLosses>,
    /// Where there is a contrastive objective.
    pub contrast: Option<ContrastLosses>,
}

#[derive(Debug)]
pub struct ActorLosses {
    pub actor: Tensor,
    pub entropy: Tensor,
    pub temperature: Tensor,
    /// alpha before this update.
    pub alpha: Tensor,
}

#[derive(Debug)]
pub struct ContrastLosses {
    pub loss: Tensor,
    /// (B, B), queries by keys.
    pub logits: Tensor,
}

impl ActorLosses {
    /// Every value with its name.
    pub fn scalars(&self) -> [(&'static str, f64); 4] {
        let Self { actor, entropy, temperature, alpha } = self;
        [("actor", actor), ("entropy", entropy), ("temperature", temperature), ("alpha", alpha)]
            .map(|(name, tensor)| (name, tensor.double_value(&[])))
    }
}

impl Losses {
    /// Every value with its name.
    pub fn scalars(&self) -> Vec<(&'static str, f64)> {
        let mut values = vec![
            ("batch_reward", self.batch_reward.double_value(&[])),
            ("critic", self.critic.double_value(&[])),
        ];
        values.extend(self.actor.iter().flat_map(ActorLosses::scalars));
        if let Some(ContrastLosses { loss, logits }) = &self.contrast {
            values.push(("contrast", loss.double_value(&[])));
            values.push(("contrast_accuracy", info_nce::accuracy(logits).double_value(&[])));
        }
        values
    }
}
