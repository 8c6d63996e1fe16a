//! The update of the authors' code: its order, its cadences, its optimisers, and its two steps of
//! the encoder on the contrastive gradient. Each part computes the passes that it needs itself.

use tch::{Kind, Tensor, no_grad};

use super::{Agent, actor, critic};
use crate::batch::{Batch, Noise};
use crate::config::{Count, CriticGradient, KeyEncoding, Objective, Positives};
use crate::objective::info_nce;

/// What an update reports. Values stay tensors until someone reads them.
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

impl Losses {
    /// Every value with its name.
    pub fn scalars(&self) -> Vec<(&'static str, f64)> {
        let mut scalars = vec![("batch_reward", &self.batch_reward), ("critic", &self.critic)];
        if let Some(ActorLosses { actor, entropy, temperature, alpha }) = &self.actor {
            scalars.extend([("actor", actor), ("entropy", entropy)]);
            scalars.extend([("temperature", temperature), ("alpha", alpha)]);
        }
        let mut values: Vec<_> =
            scalars.into_iter().map(|(name, tensor)| (name, tensor.double_value(&[]))).collect();
        if let Some(ContrastLosses { loss, logits }) = &self.contrast {
            values.push(("contrast", loss.double_value(&[])));
            values.push(("contrast_accuracy", info_nce::accuracy(logits).double_value(&[])));
        }
        values
    }
}

/// The gradients of the actor's and the temperature's loss, each for its own optimiser.
pub(crate) struct ActorGradients {
    pub(crate) actor: Vec<Tensor>,
    pub(crate) temperature: Vec<Tensor>,
}

impl Agent {
    /// One update on a batch. The cadences look at `agent_step`.
    pub fn update(&mut self, batch: &Batch, noise: &Noise, agent_step: u64) -> Losses {
        let query = self.normalise(&batch.query);
        let critic = self.update_critic(&query, batch, &noise.next_action);
        let actor = is_due(agent_step, self.config.actor.update_every)
            .then(|| self.update_actor_and_temperature(&query, &noise.action));
        if is_due(agent_step, self.config.critic.target_update_every) {
            self.update_targets();
        }
        let contrast = match self.config.contrast.objective {
            Objective::InfoNce => {
                let key = self.positive(&query, batch, noise);
                Some(self.update_contrast(&query, &key))
            }
            Objective::Off => None,
        };
        let batch_reward = self.convert(&batch.reward).mean(None::<Kind>);
        Losses { batch_reward, critic, actor, contrast }
    }

    /// One step of the Q functions and the query encoder on the critic's loss, which it returns.
    pub fn update_critic(&mut self, query: &Tensor, batch: &Batch, next_noise: &Tensor) -> Tensor {
        let (loss, gradients) = self.critic_gradients(query, batch, next_noise);
        self.optimisers.critic.step(&gradients);
        loss
    }

    /// One step of the actor and one of the temperature, on the same sampled actions.
    pub fn update_actor_and_temperature(&mut self, query: &Tensor, noise: &Tensor) -> ActorLosses {
        let (losses, gradients) = self.actor_gradients(query, noise);
        self.optimisers.actor.step(&gradients.actor);
        self.optimisers.temperature.step(&gradients.temperature);
        losses
    }

    /// The moving averages. The key encoder's is CURL's momentum update and SAC's target update in
    /// one.
    pub fn update_targets(&mut self) {
        self.target_critic.follow(&self.critic, self.config.critic.tau.get());
        self.key_encoder.follow(&self.query_encoder, self.config.encoder.tau.get());
    }

    /// The contrastive step: the query encoder moves twice on the same gradient, once by each of
    /// the two optimisers that the authors' code gives it to, and W once.
    pub fn update_contrast(&mut self, query: &Tensor, key: &Tensor) -> ContrastLosses {
        let (losses, gradients) = self.contrast_gradients(query, key);
        self.step_contrast(&gradients);
        losses
    }

    pub(crate) fn step_contrast(&mut self, gradients: &[Tensor]) {
        let (of_encoder, _of_w) = gradients.split_at(self.optimisers.encoder.len());
        self.optimisers.encoder.step(of_encoder);
        self.optimisers.contrast.step(gradients);
    }

    /// The critic's loss and its gradients. They reach the convolutions unless those are detached.
    pub(crate) fn critic_gradients(
        &self,
        query: &Tensor,
        batch: &Batch,
        next_noise: &Tensor,
    ) -> (Tensor, Vec<Tensor>) {
        let target = no_grad(|| {
            let next = self.normalise(&batch.next);
            let policy = self.actor.forward(&self.query_encoder.convs.forward(&next));
            let (action, log_prob) = policy.action_and_log_prob(&self.convert(next_noise));
            let value = self.target_critic.min(&self.key_encoder.encode(&next), &action);
            let soft_value = value - self.temperature.alpha() * log_prob;
            let (reward, not_done) = (self.convert(&batch.reward), self.convert(&batch.not_done));
            critic::target(&reward, &not_done, &soft_value, self.config.discount.get())
        });
        let features = match self.config.encoder.critic_gradient {
            CriticGradient::On => self.query_encoder.convs.forward(query),
            CriticGradient::Detached => no_grad(|| self.query_encoder.convs.forward(query)),
        };
        let latent = self.query_encoder.projection.forward(&features);
        let values = self.critic.forward(&latent, &self.convert(&batch.action));
        let loss = critic::loss(&values, &target);
        let gradients = self.optimisers.critic.gradients(&loss);
        (loss.detach(), gradients)
    }

    /// The losses of actor and temperature and their gradients. The encoder is a constant here:
    /// only the actor's own projection and trunk learn from the actor's loss.
    pub(crate) fn actor_gradients(
        &self,
        query: &Tensor,
        noise: &Tensor,
    ) -> (ActorLosses, ActorGradients) {
        let (features, latent) = no_grad(|| {
            let features = self.query_encoder.convs.forward(query);
            let latent = self.query_encoder.projection.forward(&features);
            (features, latent)
        });
        let policy = self.actor.forward(&features);
        let (action, log_prob) = policy.action_and_log_prob(&self.convert(noise));
        let alpha = self.temperature.alpha();
        let actor = actor::loss(&log_prob, &self.critic.min(&latent, &action), &alpha);
        let temperature = self.temperature.loss(&log_prob, self.target_entropy);
        let gradients = ActorGradients {
            actor: self.optimisers.actor.gradients(&actor),
            temperature: self.optimisers.temperature.gradients(&temperature),
        };
        let losses = ActorLosses {
            actor: actor.detach(),
            entropy: policy.entropy().detach(),
            temperature: temperature.detach(),
            alpha,
        };
        (losses, gradients)
    }

    /// The contrastive loss and its gradients, for the query encoder and then for W.
    pub(crate) fn contrast_gradients(
        &self,
        query: &Tensor,
        key: &Tensor,
    ) -> (ContrastLosses, Vec<Tensor>) {
        let queries = self.query_encoder.forward(query);
        let keys = match self.config.contrast.key_encoder {
            KeyEncoding::Ema => self.key_encoder.encode(key),
            KeyEncoding::Shared => self.query_encoder.forward(key),
        };
        let logits = self.head.logits(&queries, &keys);
        let loss = info_nce::loss(&logits);
        let gradients = self.optimisers.contrast.gradients(&loss);
        (ContrastLosses { loss: loss.detach(), logits: logits.detach() }, gradients)
    }

    /// The other view of the observations, (B, C, H, W).
    pub(crate) fn positive(&self, query: &Tensor, batch: &Batch, noise: &Noise) -> Tensor {
        match self.config.contrast.positive {
            Positives::Crop => self.normalise(&batch.key),
            Positives::Gaussian => {
                let noise =
                    noise.positive.as_ref().expect("Gaussian positives come with their noise");
                let noise = self.convert(noise).permute([0, 3, 1, 2]);
                query + noise * self.config.contrast.sigma.get()
            }
        }
    }
}

fn is_due(agent_step: u64, every: Count) -> bool {
    agent_step.is_multiple_of(every.get())
}
