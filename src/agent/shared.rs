//! The update with shared passes: the losses, optimisers and cadences of the authors' code, but one
//! pass of the query encoder over the observations serves critic, actor and contrast.
//!
//! What is kept: the critic's and the contrastive gradient stay apart, and each moves the encoder by
//! its own Adam steps. What differs from `paper`: all gradients of the encoder, and
//! the features and latent vectors that the actor's loss sees, are those of the parameters before
//! the update, where the authors compute each part's with the parameters that the part before it
//! left. Of the convolutions' passes over a batch four remain (one of them recorded) where the
//! authors' code makes seven at the updates that train the actor and five at the others, and the way
//! back through them is taken once, for both gradients together.

use tch::Tensor;

use super::contrast::Head;
use super::contrast_loss::{ContrastLoss, Key, Query};
use super::update::{HeadGradients, is_due};
use super::{Agent, Losses, NotFinite};
use crate::batch::{Batch, Noise};
use crate::config::{ContrastConfig, KeyEncoding, Positives};
use crate::nn::Recorded;

/// The gradients that reach the query encoder, each in the order of its optimiser's parameters.
struct EncoderGradients {
    critic: Vec<Tensor>,
    contrast: Option<Vec<Tensor>>,
}

/// Latent vectors of the key encoder.
struct Keys {
    /// Of all views of the next observations, (K B, D).
    next: Tensor,
    /// Of the other view of the observations, (B, D), where the key encoder makes them.
    positive: Option<Tensor>,
}

impl Agent {
    pub(super) fn update_with_shared_passes(
        &mut self,
        batch: &Batch,
        noise: &Noise,
        agent_step: u64,
    ) -> Result<Losses, NotFinite> {
        let observed = self.query_encoder.convs.record(&self.prepare(&batch.observations()));
        let latent = self.query_encoder.projection.forward(observed.features());
        let keys = self.keys(batch, noise);

        let next_features = self.query_encoder.convs.features(&self.prepare(&batch.next()));
        let target = self.critic_target(&next_features, &keys.next, batch, &noise.next_action)?;
        let critic_loss = self.critic_loss(&latent, batch, &target);
        let contrast = self.contrast(&observed, &latent, keys.positive, batch, noise);
        let gradients = self.encoder_gradients(&observed, &critic_loss, contrast.as_ref());

        // Both are checked before the first step, so that the agent is whole where one fails.
        let (critic, of_critic) = self.check_critic(&critic_loss, gradients.critic)?;
        let contrast = contrast
            .zip(gradients.contrast)
            .map(|(ContrastLoss { loss, told, .. }, gradients)| {
                self.check_contrast(&loss, told, gradients)
            })
            .transpose()?;

        self.step_critic(&of_critic);
        let actor = is_due(agent_step, self.config.actor.update_every)
            .then(|| {
                let (features, latent) = (batch.first(observed.features()), batch.first(&latent));
                self.update_actor_on(&features, &latent, &noise.action)
            })
            .transpose()
            .map_err(NotFinite::after_a_step)?;
        if is_due(agent_step, self.config.critic.target_update_every) {
            self.update_targets();
        }
        let contrast = contrast.map(|(losses, gradients)| {
            self.step_contrast(&gradients);
            losses
        });
        Ok(Losses { batch_reward: self.mean_reward(batch), critic, actor, contrast })
    }

    /// The key encoder's one pass: over the next observations and, where they are augmented views, the
    /// positives.
    fn keys(&self, batch: &Batch, noise: &Noise) -> Keys {
        let encode = |inputs: &Tensor| self.key_encoder.encode(&self.prepare(inputs));
        let ContrastConfig { objective, key_encoder, positive, .. } = self.config.contrast;
        match (key_encoder, positive) {
            (KeyEncoding::Ema, Positives::Augmented) if objective.compares_views() => {
                let latents = encode(&batch.key_and_next().expect("the batch has keys"));
                let next = latents.narrow(0, batch.shape.size as i64, batch.next().size()[0]);
                Keys { next, positive: Some(batch.first(&latents)) }
            }
            (KeyEncoding::Ema, Positives::Gaussian) if objective.compares_views() => {
                let positive = self.key_encoder.encode(&self.positive(batch, noise));
                Keys { next: encode(&batch.next()), positive: Some(positive) }
            }
            _ => Keys { next: encode(&batch.next()), positive: None },
        }
    }

    /// The contrastive loss, if there is one, by the recorded pass over the observations where it serves.
    fn contrast(
        &self,
        observed: &Recorded,
        latent: &Tensor,
        positive: Option<Tensor>,
        batch: &Batch,
        noise: &Noise,
    ) -> Option<ContrastLoss> {
        let record = |inputs: &Tensor| self.query_encoder.convs.record(inputs);
        match self.head.as_ref()? {
            Head::Views(comparison) => {
                let query = if batch.shape.views.shares_query() {
                    Query::Shared(observed, batch.first(latent))
                } else {
                    Query::Own(record(&self.prepare(&batch.query())))
                };
                let key = match positive {
                    Some(latents) => Key::Encoded(latents),
                    None => Key::Own(record(&self.positive(batch, noise))),
                };
                Some(self.compare(comparison, query, key))
            }
            Head::Time(prediction) => {
                let windows = batch.windows.as_ref().expect("the batch has windows");
                Some(self.predict(prediction, windows))
            }
        }
    }

    /// The way back: through the heads loss by loss, through the convolutions for all at once.
    fn encoder_gradients(
        &self,
        observed: &Recorded,
        critic_loss: &Tensor,
        contrast: Option<&ContrastLoss>,
    ) -> EncoderGradients {
        let convs = &self.query_encoder.convs;
        let passes: &[&Recorded] =
            if self.critic_trains_convolutions() { &[observed] } else { &[] };
        let critic = HeadGradients::new(critic_loss, passes, self.optimisers.critic_heads());

        let of_contrast = contrast.and_then(|contrast| contrast.at_shared.as_ref());
        let at_features: Vec<&Tensor> = critic.at_features.iter().chain(of_contrast).collect();
        let mut of_convs = convs.gradients(observed, &at_features).into_iter();

        let mut critic_gradients =
            if passes.is_empty() { Vec::new() } else { of_convs.next().expect("the critic's") };
        critic_gradients.extend(critic.heads);
        let contrast_gradients =
            contrast.map(|contrast| contrast.gradients(convs, of_convs.next()));
        EncoderGradients { critic: critic_gradients, contrast: contrast_gradients }
    }
}
