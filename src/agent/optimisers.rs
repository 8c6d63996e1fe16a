//! Which optimiser moves which tensors: one Adam for each optimiser of the authors' code.
//!
//! | step | optimiser | tensors |
//! |---|---|---|
//! | critic | `critic` | convolutions (unless detached), query projection, Q1, Q2 |
//! | actor | `actor` | actor projection, actor trunk |
//! | temperature | `temperature` | log alpha |
//! | contrast | `encoder` | convolutions, query projection |
//! | contrast, again | `contrast` | convolutions, query projection, the head's (W) |
//!
//! They share tensors: the convolutions are in three of them, each with moments of its own.

use tch::Tensor;

use super::{Actor, Critic, Head, Temperature};
use crate::config::{AgentConfig, CriticGradient};
use crate::nn::{Adam, Encoder, Parameters};

#[derive(Debug)]
pub(crate) struct Optimisers {
    pub(crate) critic: Adam,
    pub(crate) actor: Adam,
    pub(crate) temperature: Adam,
    pub(crate) encoder: Adam,
    pub(crate) contrast: Adam,
    /// Tensors of the convolutions, with which the optimisers that move those begin.
    convolutions: usize,
    critic_convolutions: usize,
}

/// The trained parts of an agent.
pub(crate) struct Trained<'a> {
    pub(crate) query_encoder: &'a Encoder,
    pub(crate) actor: &'a Actor,
    pub(crate) critic: &'a Critic,
    pub(crate) temperature: &'a Temperature,
    pub(crate) head: Option<&'a Head>,
}

impl Optimisers {
    pub(crate) fn new(parts: &Trained<'_>, config: &AgentConfig) -> Self {
        let Trained { query_encoder, actor, critic, temperature, head } = parts;

        let convolutions = query_encoder.convs.named("").len();
        let mut critics = match config.encoder.critic_gradient {
            CriticGradient::On => query_encoder.named("query_encoder"),
            CriticGradient::Detached => query_encoder.projection.named("query_encoder"),
        };
        critics.extend(critic.named("critic"));

        let (encoders, contrasts) = match head {
            Some(head) => {
                let mut contrasts = query_encoder.named("query_encoder");
                contrasts.extend(head.named("contrast"));
                (query_encoder.named("query_encoder"), contrasts)
            }
            None => (Vec::new(), Vec::new()),
        };

        let (critic, actor_config) = (&config.critic, &config.actor);
        let encoder_rate = config.encoder.learning_rate.get();
        Self {
            critic: Adam::new(critics, critic.learning_rate.get(), critic.beta1.get()),
            actor: Adam::new(
                actor.named("actor"),
                actor_config.learning_rate.get(),
                actor_config.beta1.get(),
            ),
            temperature: Adam::new(
                temperature.named("temperature"),
                config.temperature.learning_rate.get(),
                config.temperature.beta1.get(),
            ),
            encoder: Adam::new(encoders, encoder_rate, CONTRAST_BETA1),
            contrast: Adam::new(contrasts, encoder_rate, CONTRAST_BETA1),
            convolutions,
            critic_convolutions: match config.encoder.critic_gradient {
                CriticGradient::On => convolutions,
                CriticGradient::Detached => 0,
            },
        }
    }

    /// What the critic's optimiser moves beyond the convolutions.
    pub(crate) fn critic_heads(&self) -> Vec<Tensor> {
        self.critic.parameters_from(self.critic_convolutions)
    }

    /// What the contrastive optimisers move beyond the convolutions.
    pub(crate) fn contrast_heads(&self) -> Vec<Tensor> {
        self.contrast.parameters_from(self.convolutions)
    }

    /// Every optimiser with its name, in the order of the table.
    pub(crate) fn all(&self) -> [(&'static str, &Adam); 5] {
        [
            ("critic", &self.critic),
            ("actor", &self.actor),
            ("temperature", &self.temperature),
            ("encoder", &self.encoder),
            ("contrast", &self.contrast),
        ]
    }

    pub(crate) fn all_mut(&mut self) -> [(&'static str, &mut Adam); 5] {
        [
            ("critic", &mut self.critic),
            ("actor", &mut self.actor),
            ("temperature", &mut self.temperature),
            ("encoder", &mut self.encoder),
            ("contrast", &mut self.contrast),
        ]
    }
}

/// The authors' code leaves the two contrastive optimisers at PyTorch's default.
const CONTRAST_BETA1: f64 = 0.9;
