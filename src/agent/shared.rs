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

use super::update::{HeadGradients, is_due};
use super::{Agent, Losses, NotFinite, paper};
use crate::batch::{Batch, Noise};
use crate::config::{KeyEncoding, Objective, Positives};
use crate::nn::Recorded;

/// The gradients that reach the query encoder, each in the order of its optimiser's parameters.
struct EncoderGradients {
    critic: Vec<Tensor>,
    contrast: Option<Vec<Tensor>>,
}

/// Latent vectors of the key encoder, (B, D) each.
struct Keys {
    next: Tensor,
    /// Of the other view of the observations, where the key encoder makes them.
    positive: Option<Tensor>,
}

/// The contrastive loss and, where the query encoder makes the keys, its pass over them.
struct Contrast {
    loss: Tensor,
    logits: Tensor,
    gradients: HeadGradients,
    key_pass: Option<Recorded>,
}

impl Agent {
    pub(super) fn update_with_shared_passes(
        &mut self,
        batch: &Batch,
        noise: &Noise,
        agent_step: u64,
    ) -> Result<Losses, NotFinite> {
        let query = self.query_encoder.convs.record(&self.prepare(&batch.query()));
        let latent = self.query_encoder.projection.forward(query.features());
        let keys = self.keys(batch, noise);

        let next_features = self.query_encoder.convs.features(&self.prepare(&batch.next()));
        let target = self.critic_target(&next_features, &keys.next, batch, &noise.next_action)?;
        let critic_loss = self.critic_loss(&latent, batch, &target);
        let contrast = match self.config.contrast.objective {
            Objective::InfoNce => Some(self.contrast(&query, &latent, keys.positive, batch, noise)),
            Objective::Off => None,
        };
        let gradients = self.encoder_gradients(&query, &critic_loss, contrast.as_ref());

        // Both are checked before the first step, so that the agent is whole where one fails.
        let (critic, of_critic) = self.check_critic(&critic_loss, gradients.critic)?;
        let contrast = contrast
            .zip(gradients.contrast)
            .map(|(Contrast { loss, logits, .. }, gradients)| {
                self.check_contrast(&loss, logits, gradients)
            })
            .transpose()?;

        self.step_critic(&of_critic);
        let actor = is_due(agent_step, self.config.actor.update_every)
            .then(|| self.update_actor_on(query.features(), &latent, &noise.action))
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

    /// The key encoder's one pass: over the next images and, where they are crops, the positives.
    fn keys(&self, batch: &Batch, noise: &Noise) -> Keys {
        let contrast = &self.config.contrast;
        match (contrast.objective, contrast.key_encoder, contrast.positive) {
            (Objective::Off, _, _) | (_, KeyEncoding::Shared, _) => {
                Keys { next: self.key_encoder.encode(&self.prepare(&batch.next())), positive: None }
            }
            (Objective::InfoNce, KeyEncoding::Ema, Positives::Crop) => {
                let latents = self.key_encoder.encode(&self.prepare(&batch.key_and_next()));
                let [positive, next] = latents.chunk(2, 0).try_into().expect("two halves");
                Keys { next, positive: Some(positive) }
            }
            (Objective::InfoNce, KeyEncoding::Ema, Positives::Gaussian) => {
                let positive = self.key_encoder.encode(&self.positive(batch, noise));
                let next = self.key_encoder.encode(&self.prepare(&batch.next()));
                Keys { next, positive: Some(positive) }
            }
        }
    }

    /// The contrastive loss of the recorded queries.
    fn contrast(
        &self,
        query: &Recorded,
        queries: &Tensor,
        keys: Option<Tensor>,
        batch: &Batch,
        noise: &Noise,
    ) -> Contrast {
        let heads = self.optimisers.contrast_heads();
        match keys {
            Some(keys) => {
                let (loss, logits) = self.contrast_loss(queries, &keys);
                let gradients = HeadGradients::new(&loss, &[query], heads);
                Contrast { loss, logits, gradients, key_pass: None }
            }
            None => {
                let key_pass = self.query_encoder.convs.record(&self.positive(batch, noise));
                let keys = self.query_encoder.projection.forward(key_pass.features());
                let (loss, logits) = self.contrast_loss(queries, &keys);
                let gradients = HeadGradients::new(&loss, &[query, &key_pass], heads);
                Contrast { loss, logits, gradients, key_pass: Some(key_pass) }
            }
        }
    }

    /// The way back: through the heads loss by loss, through the convolutions for all at once.
    fn encoder_gradients(
        &self,
        query: &Recorded,
        critic_loss: &Tensor,
        contrast: Option<&Contrast>,
    ) -> EncoderGradients {
        let convs = &self.query_encoder.convs;
        let passes: &[&Recorded] = if self.critic_trains_convolutions() { &[query] } else { &[] };
        let critic = HeadGradients::new(critic_loss, passes, self.optimisers.critic_heads());

        let of_contrast = contrast.map(|contrast| &contrast.gradients.at_features[0]);
        let at_features: Vec<&Tensor> = critic.at_features.iter().chain(of_contrast).collect();
        let mut of_convs = convs.gradients(query, &at_features).into_iter();

        let mut critic_gradients =
            if passes.is_empty() { Vec::new() } else { of_convs.next().expect("the critic's") };
        critic_gradients.extend(critic.heads);
        let contrast_gradients = contrast.map(|contrast| {
            let mut gradients = of_convs.next().expect("those of the contrast");
            if let Some(key_pass) = &contrast.key_pass {
                let of_keys = convs.gradients(key_pass, &[&contrast.gradients.at_features[1]]);
                gradients = of_keys.into_iter().fold(gradients, paper::add);
            }
            gradients.extend(contrast.gradients.heads.iter().map(Tensor::shallow_clone));
            gradients
        });
        EncoderGradients { critic: critic_gradients, contrast: contrast_gradients }
    }
}
