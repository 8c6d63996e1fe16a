//! The update of the authors' code: its order, its cadences, its optimisers, and its two steps of
//! the encoder on the contrastive gradient. Each part computes the passes that it needs itself, with
//! the parameters that the part before it left.

use tch::{Tensor, no_grad};

use super::finite::FiniteGradients;
use super::update::{HeadGradients, is_due};
use super::{ActorLosses, Agent, ContrastLosses, CriticLosses, Losses, NotFinite};
use crate::batch::{Batch, Noise};
use crate::config::{KeyEncoding, Objective};
use crate::nn::Recorded;

impl Agent {
    pub(super) fn update_as_in_the_paper(
        &mut self,
        batch: &Batch,
        noise: &Noise,
        agent_step: u64,
    ) -> Result<Losses, NotFinite> {
        let query = self.prepare(&batch.query());
        let critic = self.update_critic(&query, batch, &noise.next_action)?;
        let actor = is_due(agent_step, self.config.actor.update_every)
            .then(|| self.update_actor_and_temperature(&query, &noise.action))
            .transpose()
            .map_err(NotFinite::after_a_step)?;
        if is_due(agent_step, self.config.critic.target_update_every) {
            self.update_targets();
        }
        let contrast = match self.config.contrast.objective {
            Objective::InfoNce => {
                let key = self.positive(batch, noise);
                Some(self.update_contrast(&query, &key).map_err(NotFinite::after_a_step)?)
            }
            Objective::Off => None,
        };
        Ok(Losses { batch_reward: self.mean_reward(batch), critic, actor, contrast })
    }

    /// One step of the Q functions and the query encoder on the critic's loss, which it returns.
    /// `query` are prepared images.
    ///
    /// # Errors
    /// If the temperature, the loss or its gradient is not finite. The step is then not made.
    pub fn update_critic(
        &mut self,
        query: &Tensor,
        batch: &Batch,
        next_noise: &Tensor,
    ) -> Result<CriticLosses, NotFinite> {
        let (losses, gradients) = self.critic_gradients(query, batch, next_noise)?;
        self.step_critic(&gradients);
        Ok(losses)
    }

    /// One step of the actor and one of the temperature, on the same sampled actions.
    ///
    /// # Errors
    /// If the temperature, a loss or a gradient is not finite. Neither step is then made.
    pub fn update_actor_and_temperature(
        &mut self,
        query: &Tensor,
        noise: &Tensor,
    ) -> Result<ActorLosses, NotFinite> {
        let features = self.query_encoder.convs.features(query);
        let latent = no_grad(|| self.query_encoder.projection.forward(&features));
        self.update_actor_on(&features, &latent, noise)
    }

    /// The contrastive steps of encoder and W, for prepared images.
    ///
    /// # Errors
    /// If the loss or its gradient is not finite. No step is then made.
    pub fn update_contrast(
        &mut self,
        query: &Tensor,
        key: &Tensor,
    ) -> Result<ContrastLosses, NotFinite> {
        let (losses, gradients) = self.contrast_gradients(query, key)?;
        self.step_contrast(&gradients);
        Ok(losses)
    }

    /// The critic's loss and its gradients. They reach the convolutions unless those are detached.
    fn critic_gradients(
        &self,
        query: &Tensor,
        batch: &Batch,
        next_noise: &Tensor,
    ) -> Result<(CriticLosses, FiniteGradients), NotFinite> {
        let next = self.prepare(&batch.next());
        let next_features = self.query_encoder.convs.features(&next);
        let next_latent = self.key_encoder.encode(&next);
        let target = self.critic_target(&next_features, &next_latent, batch, next_noise)?;

        let pass = self.query_encoder.convs.record(query);
        let latent = self.query_encoder.projection.forward(pass.features());
        let loss = self.critic_loss(&latent, batch, &target);
        let heads = self.optimisers.critic_heads();
        let gradients = if self.critic_trains_convolutions() {
            self.through_convolutions(&loss, &[&pass], heads)
        } else {
            HeadGradients::new(&loss, &[], heads).heads
        };
        self.check_critic(&loss, gradients)
    }

    /// The contrastive loss and its gradients, for the query encoder and then for W.
    fn contrast_gradients(
        &self,
        query: &Tensor,
        key: &Tensor,
    ) -> Result<(ContrastLosses, FiniteGradients), NotFinite> {
        let encoder = &self.query_encoder;
        let pass = encoder.convs.record(query);
        let queries = encoder.projection.forward(pass.features());
        let heads = self.optimisers.contrast_heads();
        let (loss, logits, gradients) = match self.config.contrast.key_encoder {
            KeyEncoding::Ema => {
                let (loss, logits) = self.contrast_loss(&queries, &self.key_encoder.encode(key));
                let gradients = self.through_convolutions(&loss, &[&pass], heads);
                (loss, logits, gradients)
            }
            KeyEncoding::Shared => {
                let key_pass = encoder.convs.record(key);
                let keys = encoder.projection.forward(key_pass.features());
                let (loss, logits) = self.contrast_loss(&queries, &keys);
                let gradients = self.through_convolutions(&loss, &[&pass, &key_pass], heads);
                (loss, logits, gradients)
            }
        };
        self.check_contrast(&loss, logits, gradients)
    }

    /// The gradients of a loss for the convolutions, summed over the passes that it was computed
    /// from, and then for the heads.
    fn through_convolutions(
        &self,
        loss: &Tensor,
        passes: &[&Recorded],
        heads: Vec<Tensor>,
    ) -> Vec<Tensor> {
        let HeadGradients { at_features, heads } = HeadGradients::new(loss, passes, heads);
        let of_passes = passes.iter().zip(&at_features).flat_map(|(pass, at_features)| {
            self.query_encoder.convs.gradients(pass, &[at_features])
        });
        let mut gradients = of_passes.reduce(add).expect("there is a pass");
        gradients.extend(heads);
        gradients
    }
}

/// Sums of gradients, one by one.
pub(super) fn add(a: Vec<Tensor>, b: Vec<Tensor>) -> Vec<Tensor> {
    a.into_iter().zip(b).map(|(a, b)| a + b).collect()
}
