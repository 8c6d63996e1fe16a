//! The CURL agent: soft actor-critic whose query encoder is trained by the critic's loss and by a
//! contrastive loss against a momentum key encoder.
//!
//! The agent takes a [`Batch`](crate::batch::Batch) and never an environment, a replay or a file.

mod actor;
mod contrast;
mod contrast_loss;
mod critic;
mod finite;
mod losses;
mod not_finite;
mod numbers;
mod optimisers;
mod paper;
mod prediction;
mod shared;
mod state;
mod temperature;
mod update;

use tch::{Device, Kind, Tensor, no_grad};

use crate::action::ActionSpace;
use crate::config::{AgentConfig, KeyEncoding};
use crate::nn::{self, Encoder, Init, KeyEncoder, Normaliser, Parameters};
use crate::observation::Input;
use crate::random::{Purpose, Streams};

use actor::Actor;
use contrast::Head;
pub use contrast::Told;
use critic::{Critic, TargetCritic};
pub use losses::{ActorLosses, ContrastLosses, CriticLosses, Losses};
pub use not_finite::{Extent, Loss, NotFinite, Origin, Quantity};
pub use numbers::{Numbers, reason};
use optimisers::{Optimisers, Trained};
pub use state::{AgentState, StateError};
use temperature::Temperature;

/// Networks, optimisers and the settings that the update reads.
#[derive(Debug)]
pub struct Agent {
    config: AgentConfig,
    device: Device,
    numbers: Numbers,
    /// Of states; images need none.
    normaliser: Option<Normaliser>,
    query_encoder: Encoder,
    /// The momentum encoder of the keys, which is the encoder of the critic's target as well.
    key_encoder: KeyEncoder,
    actor: Actor,
    critic: Critic,
    target_critic: TargetCritic,
    temperature: Temperature,
    target_entropy: f64,
    /// Where there is a contrastive objective.
    head: Option<Head>,
    optimisers: Optimisers,
}

/// How an action is chosen from the policy's distribution.
#[derive(Clone, Copy, Debug)]
pub enum Act<'a> {
    /// The mean, or of discrete actions the most probable, for evaluation.
    Deterministic,
    /// The sample that [`ActionSpace::exploration_noise`] selects, for exploration.
    Sample(&'a Tensor),
}

impl Agent {
    /// A new agent. Its weights depend on the seed alone.
    pub fn new(
        input: Input,
        actions: ActionSpace,
        config: &AgentConfig,
        seed: u64,
        device: Device,
    ) -> Self {
        let numbers = match input {
            Input::Image { .. } => Numbers::new(config.precision, device),
            Input::State { .. } => Numbers::new(config.precision, device).for_states(),
        };
        let streams = Streams::new(seed);
        let init = |module| {
            Init::new(streams.stream(Purpose::Weights, module), numbers.parameters, device)
        };
        // Targets equal the online networks at first because they are made from the same streams.
        let new_encoder = || Encoder::new(input, config, numbers.encoder, &mut init(0));
        let new_critic = || Critic::new(actions, config, &mut init(1));

        let query_encoder = new_encoder();
        let critic = new_critic();
        let actor = Actor::new(input, actions, config, &mut init(2));
        let head = Head::new(config, &mut init(3));
        let temperature = Temperature::new(config.temperature.initial.get(), device);
        let trained = Trained {
            query_encoder: &query_encoder,
            actor: &actor,
            critic: &critic,
            temperature: &temperature,
            head: head.as_ref(),
        };
        Self {
            optimisers: Optimisers::new(&trained, config),
            config: config.clone(),
            device,
            numbers,
            normaliser: match input {
                Input::State { len, .. } => Some(Normaliser::new(len as i64, device)),
                Input::Image { .. } => None,
            },
            query_encoder,
            key_encoder: KeyEncoder::new(new_encoder()),
            actor,
            critic,
            target_critic: TargetCritic::new(new_critic()),
            temperature,
            target_entropy: temperature::target_entropy(actions, &config.temperature),
            head,
        }
    }

    /// Takes a new state, as numbers, into account in the normalisation of states. Images need none.
    pub fn observe(&mut self, state: &[f32]) {
        if let Some(normaliser) = &mut self.normaliser {
            normaliser.observe(state);
        }
    }

    /// The numbers of actions, (B, |A|) in [-1, 1] or (B, 1) choices, for images (B, H, W, C), u8, or
    /// stacks of states (B, length).
    pub fn act(&self, inputs: &Tensor, act: Act<'_>) -> Tensor {
        no_grad(|| {
            let policy = self.actor.forward(&self.features(&self.prepare(inputs)));
            match act {
                Act::Deterministic => policy.deterministic(),
                Act::Sample(noise) => policy.sample(&self.convert(noise)),
            }
        })
    }

    /// The action for one input, as numbers.
    pub fn act_one(&self, input: &Tensor, act: Act<'_>) -> Vec<f32> {
        let action = self.act(input, act).to_kind(Kind::Float).to_device(Device::Cpu).view(-1);
        Vec::try_from(action).expect("an action is a vector of float32")
    }

    /// The actions for some inputs, by one pass, as numbers.
    pub fn act_each(&self, inputs: &[&Tensor], act: Act<'_>) -> Vec<Vec<f32>> {
        let actions = self.act(&Tensor::cat(inputs, 0), act).to_kind(Kind::Float);
        let numbers: Vec<f32> = Vec::try_from(actions.to_device(Device::Cpu).contiguous().view(-1))
            .expect("actions are float32");
        numbers.chunks_exact(numbers.len() / inputs.len()).map(<[f32]>::to_vec).collect()
    }

    /// Every parameter with its name: handles, not copies.
    pub fn parameters(&self) -> Vec<(String, Tensor)> {
        let parts: [(&str, &dyn Parameters); 6] = [
            ("query_encoder", &self.query_encoder),
            ("key_encoder", &self.key_encoder),
            ("actor", &self.actor),
            ("critic", &self.critic),
            ("target_critic", &self.target_critic),
            ("temperature", &self.temperature),
        ];
        let normaliser = self.normaliser.iter().flat_map(|part| part.named("normaliser"));
        let head = self.head.iter().flat_map(|head| head.named("contrast"));
        let parts = parts.iter().flat_map(|(path, part)| part.named(path));
        normaliser.chain(parts).chain(head).collect()
    }

    /// Images (B, H, W, C), u8, or states (B, length), in the form that the encoder's passes take.
    pub fn prepare(&self, inputs: &Tensor) -> Tensor {
        match &self.normaliser {
            Some(normaliser) => self.query_encoder.convs.prepare(&normaliser.apply(inputs)),
            None => self.query_encoder.convs.prepare(inputs),
        }
    }

    /// Inputs and standard normal noise of their shape -> prepared inputs with the noise, times sigma,
    /// added on the network's scale: images in [0, 1], in the number format of the parameters (the
    /// encoder's passes round what they are given themselves), or states in standard deviations.
    fn disturb(&self, inputs: &Tensor, noise: &Tensor, sigma: f64) -> Tensor {
        let noise = self.convert(noise) * sigma;
        match self.normaliser {
            Some(_) => self.prepare(inputs) + noise,
            None => {
                nn::scale(inputs, self.numbers.parameters, self.device)
                    + noise.permute([0, 3, 1, 2])
            }
        }
    }

    /// Features of prepared inputs, without gradient: the query encoder's convolutions alone.
    pub fn features(&self, inputs: &Tensor) -> Tensor {
        self.query_encoder.convs.features(inputs)
    }

    /// Latent vectors (B, D) of the query encoder for inputs as [`Self::prepare`]
    /// takes them, without gradient.
    pub fn query_latents(&self, inputs: &Tensor) -> Tensor {
        let features = self.features(&self.prepare(inputs));
        no_grad(|| self.query_encoder.projection.forward(&features))
    }

    /// Latent vectors (B, D) of the encoder that the contrast takes its keys from, for such inputs,
    /// without gradient.
    pub fn key_latents(&self, inputs: &Tensor) -> Tensor {
        match self.config.contrast.key_encoder {
            KeyEncoding::Ema => self.key_encoder.encode(&self.prepare(inputs)),
            KeyEncoding::Shared => self.query_latents(inputs),
        }
    }

    /// How alike the contrast finds queries (B, D) and keys (B, D), (B, B), without gradient.
    ///
    /// # Panics
    /// If the objective compares no views.
    pub fn similarities(&self, queries: &Tensor, keys: &Tensor) -> Tensor {
        let Some(Head::Views(comparison)) = &self.head else {
            panic!("the objective compares no views")
        };
        no_grad(|| comparison.loss(&self.convert(queries), &self.convert(keys)).1)
    }

    /// Multiplications and additions of the convolutions for one image.
    pub fn convolution_operations(&self) -> f64 {
        self.query_encoder.convs.operations(self.config.image_size.dim())
    }

    pub fn numbers(&self) -> Numbers {
        self.numbers
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// A tensor on the agent's device and in its number format.
    fn convert(&self, tensor: &Tensor) -> Tensor {
        tensor.to_device(self.device).to_kind(self.numbers.parameters)
    }
}
