//! What an update reports.

use tch::Tensor;

use super::Told;
use crate::objective::cpc::{self, StepAhead};
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
    pub told: Told,
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
        if let Some(ContrastLosses { loss, told, gradient_norm }) = &self.contrast {
            let accuracy = match told {
                Told::Scores(scores) => info_nce::accuracy(scores),
                Told::Steps(steps) => cpc::mean_over_steps(steps).accuracy,
            };
            scalars.extend([
                ("contrast", value(loss)),
                ("contrast_accuracy", value(&accuracy)),
                ("gradient_norm/contrast", *gradient_norm),
            ]);
        }
        scalars
    }

    /// What a contrast in time tells of each step ahead, with its name.
    pub fn steps_ahead(&self) -> Vec<(String, f64)> {
        let Some(ContrastLosses { told: Told::Steps(steps), .. }) = &self.contrast else {
            return Vec::new();
        };
        let named = |(k, step): (u64, &StepAhead)| {
            let StepAhead { loss, accuracy, information } = step;
            let parts = [("loss", loss), ("accuracy", accuracy), ("information", information)];
            parts.map(|(part, tensor)| (format!("contrast_{k}_ahead/{part}"), value(tensor)))
        };
        (1..).zip(steps).flat_map(named).collect()
    }
}

fn value(tensor: &Tensor) -> f64 {
    tensor.double_value(&[])
}
