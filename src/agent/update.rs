//! What both forms of the update are made of: losses, their gradients, and steps.

use tch::{Kind, Tensor, no_grad};

use super::critic::Worth;
use super::finite::FiniteGradients;
use super::{
    ActorLosses, Agent, ContrastLosses, CriticLosses, Loss, Losses, NotFinite, Told, actor, critic,
};
use crate::batch::{Batch, Noise};
use crate::config::{Count, CriticGradient, Positives, Update};
use crate::nn::{Adam, Recorded};

/// The gradients of the actor's and the temperature's loss, each for its own optimiser.
struct ActorGradients {
    actor: FiniteGradients,
    temperature: FiniteGradients,
}

/// The gradients of a loss: at the features of each pass that it was computed from, and for the
/// parameters beyond the convolutions.
pub(super) struct HeadGradients {
    pub(super) at_features: Vec<Tensor>,
    pub(super) heads: Vec<Tensor>,
}

impl HeadGradients {
    #[tracing::instrument(level = "trace", name = "heads, way back", skip_all)]
    pub(super) fn new(loss: &Tensor, passes: &[&Recorded], heads: Vec<Tensor>) -> Self {
        let features = passes.iter().map(|pass| pass.features().shallow_clone());
        let inputs: Vec<Tensor> = features.chain(heads).collect();
        // The graph is kept because losses may share a part of it.
        let mut at_features = Tensor::run_backward(&[loss], &inputs, true, false);
        let heads = at_features.split_off(passes.len());
        Self { at_features, heads }
    }
}

impl Agent {
    /// One update on a batch. The cadences look at `agent_step`.
    ///
    /// # Errors
    /// If a loss, a gradient or the temperature is not finite. No step is made on it.
    pub fn update(
        &mut self,
        batch: &Batch,
        noise: &Noise,
        agent_step: u64,
    ) -> Result<Losses, NotFinite> {
        let losses = match self.config.update {
            Update::Paper => self.update_as_in_the_paper(batch, noise, agent_step),
            Update::Shared => self.update_with_shared_passes(batch, noise, agent_step),
        };
        losses.map_err(|error| NotFinite { origin: self.origin(batch), ..error })
    }

    /// The value that the critic learns, (B, 1): from the features of all views of the next observations
    /// under the query encoder's convolutions, which the policy sees, and their latent vectors under the
    /// key encoder. It is averaged over the views (DrQ, Kostrikov et al. 2020, equation 3).
    #[tracing::instrument(level = "trace", name = "critic's target", skip_all)]
    pub(super) fn critic_target(
        &self,
        next_features: &Tensor,
        next_latent: &Tensor,
        batch: &Batch,
        noise: &Tensor,
    ) -> Result<Tensor, NotFinite> {
        let alpha = self.finite_alpha()?;
        Ok(no_grad(|| {
            let policy = self.actor.forward(next_features);
            let Worth { log_prob, value } =
                self.target_critic.worth(&policy, next_latent, &self.convert(noise));
            let soft_value = mean_over_views(&(value - alpha * log_prob), batch.shape.views.next);
            let (reward, not_done) = (self.convert(&batch.reward), self.convert(&batch.not_done));
            critic::target(&reward, &not_done, &soft_value, self.config.discount.get())
        }))
    }

    /// From the latent vectors of all views of the observations, (M B, D). The losses of the views are
    /// summed, as in DrQ's code.
    #[tracing::instrument(level = "trace", name = "critic's loss", skip_all)]
    pub(super) fn critic_loss(&self, latent: &Tensor, batch: &Batch, target: &Tensor) -> Tensor {
        let views = batch.shape.views.observation as i64;
        let of_each_view = |tensor: &Tensor| self.convert(tensor).repeat([views, 1]);
        let values = self.critic.forward(latent, &of_each_view(&batch.action));
        critic::loss(&values, &of_each_view(target)) * views as f64
    }

    /// The critic's loss and gradients, found finite.
    pub(super) fn check_critic(
        &self,
        loss: &Tensor,
        gradients: Vec<Tensor>,
    ) -> Result<(CriticLosses, FiniteGradients), NotFinite> {
        let optimiser = &self.optimisers.critic;
        let gradients = FiniteGradients::new(Loss::Critic, loss, gradients, optimiser)?;
        Ok((CriticLosses { loss: loss.detach(), gradient_norm: gradients.norm() }, gradients))
    }

    pub(super) fn step_critic(&mut self, gradients: &FiniteGradients) {
        self.optimisers.critic.step(gradients.tensors());
    }

    /// Whether the critic's loss trains the convolutions.
    pub(super) fn critic_trains_convolutions(&self) -> bool {
        self.config.encoder.critic_gradient == CriticGradient::On
    }

    /// The losses of actor and temperature and their gradients, found finite. Features and latent
    /// vectors are constants here: only the actor's own projection and trunk learn from the actor's
    /// loss.
    #[tracing::instrument(level = "trace", name = "actor and temperature", skip_all)]
    fn actor_gradients(
        &self,
        features: &Tensor,
        latent: &Tensor,
        noise: &Tensor,
    ) -> Result<(ActorLosses, ActorGradients), NotFinite> {
        let policy = self.actor.forward(&features.detach());
        let Worth { log_prob, value } =
            self.critic.worth(&policy, &latent.detach(), &self.convert(noise));
        let alpha = self.finite_alpha()?;
        let actor = actor::loss(&log_prob, &value, &alpha);
        let temperature = self.temperature.loss(&log_prob, self.target_entropy);
        let checked = |name, loss: &Tensor, optimiser: &Adam| {
            FiniteGradients::new(name, loss, optimiser.gradients(loss), optimiser)
        };
        let gradients = ActorGradients {
            actor: checked(Loss::Actor, &actor, &self.optimisers.actor)?,
            temperature: checked(Loss::Temperature, &temperature, &self.optimisers.temperature)?,
        };
        let losses = ActorLosses {
            actor: actor.detach(),
            entropy: policy.entropy().detach(),
            temperature: temperature.detach(),
            alpha,
            actor_gradient_norm: gradients.actor.norm(),
            temperature_gradient_norm: gradients.temperature.norm(),
        };
        Ok((losses, gradients))
    }

    /// One step of the actor and one of the temperature, or neither.
    pub(super) fn update_actor_on(
        &mut self,
        features: &Tensor,
        latent: &Tensor,
        noise: &Tensor,
    ) -> Result<ActorLosses, NotFinite> {
        let (losses, gradients) = self.actor_gradients(features, latent, noise)?;
        self.optimisers.actor.step(gradients.actor.tensors());
        self.optimisers.temperature.step(gradients.temperature.tensors());
        Ok(losses)
    }

    /// The contrastive loss and its gradients, found finite.
    pub(super) fn check_contrast(
        &self,
        loss: &Tensor,
        told: Told,
        gradients: Vec<Tensor>,
    ) -> Result<(ContrastLosses, FiniteGradients), NotFinite> {
        let optimiser = &self.optimisers.contrast;
        let gradients = FiniteGradients::new(Loss::Contrast, loss, gradients, optimiser)?;
        let losses = ContrastLosses { loss: loss.detach(), told, gradient_norm: gradients.norm() };
        Ok((losses, gradients))
    }

    /// The query encoder moves twice on the same gradient, once by each of the two optimisers that
    /// the authors' code gives it to, and the head (W) once. The gradients are those of the query encoder
    /// and then of the head.
    pub(super) fn step_contrast(&mut self, gradients: &FiniteGradients) {
        let gradients = gradients.tensors();
        let (of_encoder, _of_head) = gradients.split_at(self.optimisers.encoder.len());
        self.optimisers.encoder.step(of_encoder);
        self.optimisers.contrast.step(gradients);
    }

    /// The moving averages. The key encoder's is CURL's momentum update and SAC's target update in
    /// one.
    #[tracing::instrument(level = "trace", name = "moving averages", skip_all)]
    pub fn update_targets(&mut self) {
        self.target_critic.follow(&self.critic, self.config.critic.tau.get());
        self.key_encoder.follow(&self.query_encoder, self.config.encoder.tau.get());
    }

    /// The other view of the observations, prepared.
    pub(super) fn positive(&self, batch: &Batch, noise: &Noise) -> Tensor {
        match self.config.contrast.positive {
            Positives::Augmented => self.prepare(&batch.key().expect("the batch has keys")),
            Positives::Gaussian => {
                let noise =
                    noise.positive.as_ref().expect("Gaussian positives come with their noise");
                self.disturb(&batch.query(), noise, self.config.contrast.sigma.get())
            }
        }
    }

    pub(super) fn mean_reward(&self, batch: &Batch) -> Tensor {
        self.convert(&batch.reward).mean(None::<Kind>)
    }
}

/// Numbers of all views of a batch, (K B, 1) -> their means over the views, (B, 1).
fn mean_over_views(numbers: &Tensor, views: usize) -> Tensor {
    numbers.view([views as i64, -1, 1]).mean_dim(0, false, None::<Kind>)
}

pub(super) fn is_due(agent_step: u64, every: Count) -> bool {
    agent_step.is_multiple_of(every.get())
}
