//! The update of the authors' code: its order, its cadences, its optimisers, and its two steps of
//! the encoder on the contrastive gradient. Each part computes the passes that it needs itself, with
//! the parameters that the part before it left.

use tch::{Tensor, no_grad};

use super::contrast::Head;
use super::contrast_loss::{ContrastLoss, Key, Query};
use super::finite::FiniteGradients;
use super::update::{HeadGradients, is_due};
use super::{ActorLosses, Agent, ContrastLosses, CriticLosses, Losses, NotFinite};
use crate::batch::{Batch, Noise, Windows};
use crate::config::KeyEncoding;

impl Agent {
    pub(super) fn update_as_in_the_paper(
        &mut self,
        batch: &Batch,
        noise: &Noise,
        agent_step: u64,
    ) -> Result<Losses, NotFinite> {
        let observed = self.prepare(&batch.observations());
        let critic = self.update_critic(&observed, batch, &noise.next_action)?;
        let actor = is_due(agent_step, self.config.actor.update_every)
            .then(|| self.update_actor_and_temperature(&batch.first(&observed), &noise.action))
            .transpose()
            .map_err(NotFinite::after_a_step)?;
        if is_due(agent_step, self.config.critic.target_update_every) {
            self.update_targets();
        }
        let contrast = match &self.head {
            Some(Head::Views(_)) => {
                let (query, key) = (self.prepare(&batch.query()), self.positive(batch, noise));
                Some(self.update_contrast(&query, &key).map_err(NotFinite::after_a_step)?)
            }
            Some(Head::Time(_)) => {
                let windows = batch.windows.as_ref().expect("the batch has windows");
                Some(self.update_contrast_in_time(windows).map_err(NotFinite::after_a_step)?)
            }
            None => None,
        };
        Ok(Losses { batch_reward: self.mean_reward(batch), critic, actor, contrast })
    }

    /// One step of the Q functions and the query encoder on the critic's loss, which it returns.
    /// `observed` are all views of the observations, prepared.
    ///
    /// # Errors
    /// If the temperature, the loss or its gradient is not finite. The step is then not made.
    pub fn update_critic(
        &mut self,
        observed: &Tensor,
        batch: &Batch,
        next_noise: &Tensor,
    ) -> Result<CriticLosses, NotFinite> {
        let (losses, gradients) = self.critic_gradients(observed, batch, next_noise)?;
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

    /// The contrastive steps of encoder and head, for prepared views of the same observations.
    ///
    /// # Errors
    /// If the loss or its gradient is not finite. No step is then made.
    ///
    /// # Panics
    /// If the agent's objective compares no views.
    pub fn update_contrast(
        &mut self,
        query: &Tensor,
        key: &Tensor,
    ) -> Result<ContrastLosses, NotFinite> {
        let Some(Head::Views(comparison)) = &self.head else {
            panic!("the objective compares no views")
        };
        let convs = &self.query_encoder.convs;
        let key = match self.config.contrast.key_encoder {
            KeyEncoding::Ema => Key::Encoded(self.key_encoder.encode(key)),
            KeyEncoding::Shared => Key::Own(convs.record(key)),
        };
        let loss = self.compare(comparison, Query::Own(convs.record(query)), key);
        self.step_contrast_on(loss)
    }

    /// The contrastive steps of encoder and head, for windows of episodes.
    ///
    /// # Errors
    /// If the loss or its gradient is not finite. No step is then made.
    ///
    /// # Panics
    /// If the agent's objective is none in time.
    pub fn update_contrast_in_time(
        &mut self,
        windows: &Windows,
    ) -> Result<ContrastLosses, NotFinite> {
        let Some(Head::Time(prediction)) = &self.head else {
            panic!("the objective predicts nothing")
        };
        let loss = self.predict(prediction, windows);
        self.step_contrast_on(loss)
    }

    fn step_contrast_on(&mut self, loss: ContrastLoss) -> Result<ContrastLosses, NotFinite> {
        let gradients = loss.gradients(&self.query_encoder.convs, None);
        let (losses, gradients) = self.check_contrast(&loss.loss, loss.told, gradients)?;
        self.step_contrast(&gradients);
        Ok(losses)
    }

    /// The critic's loss and its gradients. They reach the convolutions unless those are detached.
    fn critic_gradients(
        &self,
        observed: &Tensor,
        batch: &Batch,
        next_noise: &Tensor,
    ) -> Result<(CriticLosses, FiniteGradients), NotFinite> {
        let next = self.prepare(&batch.next());
        let next_features = self.query_encoder.convs.features(&next);
        let next_latent = self.key_encoder.encode(&next);
        let target = self.critic_target(&next_features, &next_latent, batch, next_noise)?;

        let pass = self.query_encoder.convs.record(observed);
        let latent = self.query_encoder.projection.forward(pass.features());
        let loss = self.critic_loss(&latent, batch, &target);
        let heads = self.optimisers.critic_heads();
        let gradients = if self.critic_trains_convolutions() {
            let HeadGradients { at_features, heads } = HeadGradients::new(&loss, &[&pass], heads);
            let of_convs = self.query_encoder.convs.gradients(&pass, &[&at_features[0]]);
            of_convs.into_iter().flatten().chain(heads).collect()
        } else {
            HeadGradients::new(&loss, &[], heads).heads
        };
        self.check_critic(&loss, gradients)
    }
}
