//! The update with shared passes written down a second time.

mod prediction;

use std::collections::BTreeMap;

use curl_rl::action::ActionSpace;
use curl_rl::agent::Agent;
use curl_rl::batch::{Batch, Noise};
use curl_rl::config::{AgentConfig, CriticGradient, KeyEncoding, Objective, Positives, Similarity};
use tch::{Kind, Reduction, Tensor, no_grad};

/// The same mathematics as plainly as it can be written: every loss from passes of its own by
/// libtorch's operations, at the parameters before the update, with one call of autograd each.
pub struct Restatement<'a> {
    config: &'a AgentConfig,
    actions: ActionSpace,
    parameters: BTreeMap<String, Tensor>,
    optimisers: BTreeMap<&'static str, PlainAdam>,
}

#[derive(Default)]
struct PlainAdam {
    steps: i32,
    moments: BTreeMap<String, (Tensor, Tensor)>,
}

/// A loss's gradients by the names of the parameters.
type Gradients = Vec<(String, Tensor)>;

impl<'a> Restatement<'a> {
    pub fn new(agent: &Agent, config: &'a AgentConfig, actions: ActionSpace) -> Self {
        let copy = |tensor: Tensor| tensor.detach().copy().set_requires_grad(true);
        let parameters =
            agent.parameters().into_iter().map(|(name, tensor)| (name, copy(tensor))).collect();
        Self { config, actions, parameters, optimisers: BTreeMap::new() }
    }

    pub fn get(&self, name: &str) -> &Tensor {
        &self.parameters[name]
    }

    fn linear(&self, x: &Tensor, layer: &str) -> Tensor {
        let (weight, bias) = (format!("{layer}.weight"), format!("{layer}.bias"));
        x.matmul(&self.get(&weight).tr()) + self.get(&bias)
    }

    fn mlp(&self, x: &Tensor, path: &str) -> Tensor {
        let hidden = self.linear(x, &format!("{path}.0")).relu();
        let hidden = self.linear(&hidden, &format!("{path}.1")).relu();
        self.linear(&hidden, &format!("{path}.2"))
    }

    fn convolve(&self, images: &Tensor, encoder: &str) -> Tensor {
        let layers = self.config.encoder.layers.get() as i64;
        let features = (0..layers).fold(images.shallow_clone(), |x, layer| {
            let weight = self.get(&format!("{encoder}.convs.{layer}.weight"));
            let bias = self.get(&format!("{encoder}.convs.{layer}.bias"));
            x.conv2d(weight, Some(bias), if layer == 0 { 2 } else { 1 }, 0, 1, 1).relu()
        });
        features.flatten(1, -1)
    }

    fn project(&self, features: &Tensor, path: &str) -> Tensor {
        let x = self.linear(features, &format!("{path}.fc"));
        let centred = &x - x.mean_dim(-1, true, Kind::Double);
        let variance = centred.square().mean_dim(-1, true, Kind::Double);
        let weight = self.get(&format!("{path}.ln.weight"));
        centred / (variance + 1e-5).sqrt() * weight + self.get(&format!("{path}.ln.bias"))
    }

    fn encode(&self, images: &Tensor, encoder: &str) -> Tensor {
        self.project(&self.convolve(images, encoder), encoder)
    }

    /// log pi and the smaller Q, of the action that the noise selects or on average over choices,
    /// from the policy's features and the critic's latent vector.
    fn worth(
        &self,
        features: &Tensor,
        latent: &Tensor,
        critic: &str,
        noise: &Tensor,
    ) -> [Tensor; 2] {
        match self.actions {
            ActionSpace::Continuous(_) => {
                let (action, log_prob) = self.act(features, noise);
                let (q1, q2) = self.q(&Tensor::cat(&[latent, &action], 1), critic);
                [log_prob, q1.minimum(&q2)]
            }
            ActionSpace::Discrete(_) => {
                let logits = self.mlp(&self.project(features, "actor"), "actor.trunk");
                let weights = logits.exp() / logits.exp().sum_dim_intlist(1, true, Kind::Double);
                let (q1, q2) = self.q(latent, critic);
                [weights.log(), q1.minimum(&q2)].map(|of_choices| {
                    (&weights * of_choices).sum_dim_intlist(1, true, Kind::Double)
                })
            }
        }
    }

    /// The values of a batch's actions.
    fn values(&self, latent: &Tensor, action: &Tensor) -> (Tensor, Tensor) {
        match self.actions {
            ActionSpace::Continuous(_) => self.q(&Tensor::cat(&[latent, action], 1), "critic"),
            ActionSpace::Discrete(choices) => {
                let one_hot = action.squeeze().to_kind(Kind::Int64).one_hot(choices as i64);
                let chosen = |q: Tensor| (q * &one_hot).sum_dim_intlist(1, true, Kind::Double);
                let (q1, q2) = self.q(latent, "critic");
                (chosen(q1), chosen(q2))
            }
        }
    }

    /// A continuous action and its log-probability, from the policy's features.
    fn act(&self, features: &Tensor, noise: &Tensor) -> (Tensor, Tensor) {
        let outputs = self.mlp(&self.project(features, "actor"), "actor.trunk").chunk(2, 1);
        let (low, high) = (self.config.actor.log_std_min, self.config.actor.log_std_max);
        let log_std = (outputs[1].tanh() + 1.0) * 0.5 * (high - low) + low;
        let action = (&outputs[0] + noise * log_std.exp()).tanh();
        let log_density = noise.square() * -0.5 - log_std - 0.5 * (2.0 * std::f64::consts::PI).ln();
        let inside: Tensor = 1.0 - action.square();
        let squash = (inside.relu() + 1e-6).log();
        let log_prob = (log_density - squash).sum_dim_intlist(1, true, Kind::Double);
        (action, log_prob)
    }

    fn q(&self, input: &Tensor, critic: &str) -> (Tensor, Tensor) {
        let q = |number| self.mlp(input, &format!("{critic}.q{number}"));
        (q(1), q(2))
    }

    /// What the parameters that begin with one of the prefixes get from a loss.
    fn gradients(&self, loss: &Tensor, prefixes: &[&str]) -> Gradients {
        let chosen: Vec<&String> = self
            .parameters
            .keys()
            .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
            .collect();
        let tensors: Vec<&Tensor> = chosen.iter().map(|name| self.get(name)).collect();
        let gradients = Tensor::run_backward(&[loss], &tensors, false, false);
        chosen.into_iter().cloned().zip(gradients).collect()
    }

    fn step(&mut self, optimiser: &'static str, gradients: &Gradients, rate: f64, beta1: f64) {
        let adam = self.optimisers.entry(optimiser).or_default();
        adam.steps += 1;
        let corrections = (1.0 - beta1.powi(adam.steps), 1.0 - 0.999f64.powi(adam.steps));
        no_grad(|| {
            for (name, gradient) in gradients {
                let (m, v) = adam
                    .moments
                    .entry(name.clone())
                    .or_insert_with(|| (gradient.zeros_like(), gradient.zeros_like()));
                *m = &*m * beta1 + gradient * (1.0 - beta1);
                *v = &*v * 0.999 + gradient.square() * 0.001;
                let step = (&*m / corrections.0) / ((&*v / corrections.1).sqrt() + 1e-8);
                let parameter = self.parameters.get_mut(name).expect("it is one of them");
                let moved = &*parameter - step * rate;
                parameter.copy_(&moved);
            }
        });
    }

    fn follow(&self, target: &str, online: &str, tau: f64) {
        no_grad(|| {
            for (name, tensor) in &self.parameters {
                if let Some(rest) = name.strip_prefix(target) {
                    let online = self.get(&format!("{online}{rest}"));
                    let moved = online * tau + tensor * (1.0 - tau);
                    tensor.shallow_clone().copy_(&moved);
                }
            }
        });
    }

    fn contrast_gradients(&self, batch: &Batch, noise: &Noise) -> Option<Gradients> {
        let contrast = &self.config.contrast;
        let loss = match contrast.objective {
            Objective::Off => return None,
            Objective::InfoNce => {
                let query = scale(&batch.query());
                let key = match contrast.positive {
                    Positives::Augmented => scale(&batch.key().expect("the batch has keys")),
                    Positives::Gaussian => {
                        let noise = double(noise.positive.as_ref().expect("it comes with noise"));
                        &query + noise.permute([0, 3, 1, 2]) * contrast.sigma.get()
                    }
                };
                self.comparison_loss(&query, &key)
            }
            Objective::Cpc => {
                self.prediction_loss(batch.windows.as_ref().expect("the batch has windows"))
            }
            other => panic!("{other:?} is not restated"),
        };
        // Without a head the encoder learns alone.
        Some(self.gradients(&loss, &["query_encoder.", "contrast."]))
    }

    fn comparison_loss(&self, query: &Tensor, key: &Tensor) -> Tensor {
        let contrast = &self.config.contrast;
        let queries = self.encode(query, "query_encoder");
        let keys = match contrast.key_encoder {
            KeyEncoding::Ema => self.encode(key, "key_encoder").detach(),
            KeyEncoding::Shared => self.encode(key, "query_encoder"),
        };
        let unit = |x: &Tensor| x / x.square().sum_dim_intlist(1, true, Kind::Double).sqrt();
        let logits = match contrast.similarity {
            Similarity::Bilinear => queries.matmul(self.get("contrast.w")).matmul(&keys.tr()),
            Similarity::Cosine => {
                unit(&queries).matmul(&unit(&keys).tr()) / contrast.cosine_temperature.get()
            }
            Similarity::Dot => queries.matmul(&keys.tr()),
        };
        -logits.log_softmax(1, Kind::Double).diagonal(0, 0, 1).mean(Kind::Double)
    }

    pub fn update(&mut self, batch: &Batch, noise: &Noise, agent_step: u64) {
        let config = self.config;
        let (observed, next) = (scale(&batch.observations()), scale(&batch.next()));
        let size = batch.shape.size as i64;
        let alpha = self.get("temperature.log_alpha").exp().detach();

        let next_features = self.convolve(&next, "query_encoder");
        let next_latent = self.encode(&next, "key_encoder");
        let [log_prob, value] =
            self.worth(&next_features, &next_latent, "target_critic", &double(&noise.next_action));
        let of_views = (value - &alpha * log_prob).chunk(batch.shape.views.next as i64, 0);
        let value = of_views.iter().sum::<Tensor>() / of_views.len() as f64;
        let target =
            double(&batch.reward) + double(&batch.not_done) * config.discount.get() * value;
        let critic_loss: Tensor = observed
            .split(size, 0)
            .iter()
            .map(|view| {
                let latent = self.encode(view, "query_encoder");
                let (q1, q2) = self.values(&latent, &double(&batch.action));
                let mse = |q: &Tensor| q.mse_loss(&target.detach(), Reduction::Mean);
                mse(&q1) + mse(&q2)
            })
            .sum();
        let critic_prefixes: &[&str] = match config.encoder.critic_gradient {
            CriticGradient::On => &["query_encoder.", "critic."],
            CriticGradient::Detached => &["query_encoder.fc", "query_encoder.ln", "critic."],
        };
        let critic = self.gradients(&critic_loss, critic_prefixes);
        let contrast = self.contrast_gradients(batch, noise);
        // The actor's loss sees the features from before the update.
        let first = observed.narrow(0, 0, size);
        let features = self.convolve(&first, "query_encoder").detach();
        let latent = self.encode(&first, "query_encoder").detach();

        self.step("critic", &critic, config.critic.learning_rate.get(), config.critic.beta1.get());
        if agent_step.is_multiple_of(config.actor.update_every.get()) {
            self.step_actor(&features, &latent, &double(&noise.action), &alpha);
        }
        if agent_step.is_multiple_of(config.critic.target_update_every.get()) {
            self.follow("key_encoder.", "query_encoder.", config.encoder.tau.get());
            self.follow("target_critic.", "critic.", config.critic.tau.get());
        }
        if let Some(gradients) = contrast {
            let rate = config.encoder.learning_rate.get();
            let of_encoder = gradients.iter().filter(|(name, _)| name.starts_with("query_encoder"));
            let of_encoder =
                of_encoder.map(|(name, gradient)| (name.clone(), gradient.shallow_clone()));
            self.step("encoder", &of_encoder.collect(), rate, 0.9);
            self.step("contrast", &gradients, rate, 0.9);
        }
    }

    fn step_actor(&mut self, features: &Tensor, latent: &Tensor, noise: &Tensor, alpha: &Tensor) {
        let config = self.config;
        let [log_prob, value] = self.worth(features, latent, "critic", noise);
        let loss = (alpha * &log_prob - value).mean(Kind::Double);
        let actor = self.gradients(&loss, &["actor."]);
        let target_entropy = match self.actions {
            ActionSpace::Continuous(dimensions) => -(dimensions as f64),
            ActionSpace::Discrete(choices) => 0.98 * (choices as f64).ln(),
        };
        let entropy_gap = -log_prob.detach() - target_entropy;
        let loss = (self.get("temperature.log_alpha").exp() * entropy_gap).mean(Kind::Double);
        let temperature = self.gradients(&loss, &["temperature."]);
        self.step("actor", &actor, config.actor.learning_rate.get(), config.actor.beta1.get());
        let (rate, beta1) =
            (config.temperature.learning_rate.get(), config.temperature.beta1.get());
        self.step("temperature", &temperature, rate, beta1);
    }
}

/// Images (B, H, W, C) of bytes -> (B, C, H, W) in [0, 1].
fn scale(images: &Tensor) -> Tensor {
    double(&images.permute([0, 3, 1, 2])) / 255.0
}

fn double(tensor: &Tensor) -> Tensor {
    tensor.to_kind(Kind::Double)
}
