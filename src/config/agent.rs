//! The section `agent`.

use serde::{Deserialize, Serialize};

use super::range::{self, Count, Fraction, Positive, Ratio};

/// Networks, losses and optimisers of the agent (CURL paper, Table 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    pub discount: Fraction,
    /// Height and width of the image that the encoder sees, after cropping.
    pub image_size: Count,
    pub augmentation: Augmentation,
    /// Width of the two hidden layers of the actor and of each Q function.
    pub hidden_dim: Count,
    pub update: Update,
    pub precision: Precision,
    pub encoder: EncoderConfig,
    pub critic: CriticConfig,
    pub actor: ActorConfig,
    pub temperature: TemperatureConfig,
    pub contrast: ContrastConfig,
}

/// How sampled images are augmented, for the reinforcement and the contrastive losses alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Augmentation {
    /// A random crop from `env.render_size` to `agent.image_size`, one position per sample.
    Crop,
    /// The frames as they are; `env.render_size` must equal `agent.image_size`.
    None,
}

/// How an update computes what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    /// Part by part, as the authors' code does: each with passes of its own.
    Paper,
    /// One pass of the query encoder serves all losses.
    Shared,
}

/// The number format of the encoder's passes, and of all else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Bfloat16 where the processor has units for it, else float32.
    Auto,
    Float32,
    /// Of the encoder's passes; parameters, moments, heads and losses are float32.
    Bfloat16,
    /// For comparisons with other implementations; far slower.
    Float64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Convolutions, the first with stride 2.
    pub layers: Count,
    /// Filters of each convolution.
    pub filters: Count,
    /// Hidden layers of `agent.hidden_dim` units through which states, which have no convolutions,
    /// become latent vectors.
    pub state_layers: Count,
    /// Length of the latent vector.
    pub feature_dim: Count,
    /// Learning rate of the two contrastive steps that move the encoder.
    pub learning_rate: Positive,
    /// Rate of the key encoder's moving average: key <- tau query + (1 - tau) key.
    pub tau: Fraction,
    pub critic_gradient: CriticGradient,
}

impl EncoderConfig {
    /// Height and width of the last feature map of a square image, or `None` if the image is too
    /// small: 3x3 convolutions without padding take two pixels each, after the first has halved
    /// them.
    pub fn feature_map_size(&self, image_size: u64) -> Option<u64> {
        let first = image_size.saturating_sub(1) / 2;
        let lost = (self.layers.get() - 1).checked_mul(2)?;
        first.checked_sub(lost).filter(|&size| size > 0)
    }
}

/// Whether the critic's loss trains the convolutions (CURL paper, appendix E.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CriticGradient {
    /// The critic's loss reaches the convolutions.
    On,
    /// It stops before them; only the contrastive loss trains them.
    Detached,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriticConfig {
    pub learning_rate: Positive,
    pub beta1: Ratio,
    /// Rate of the target Q functions' moving average.
    pub tau: Fraction,
    /// Agent steps between two moving-average updates, of the target Q functions and the key
    /// encoder.
    pub target_update_every: Count,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActorConfig {
    pub learning_rate: Positive,
    pub beta1: Ratio,
    #[serde(deserialize_with = "range::finite")]
    pub log_std_min: f64,
    #[serde(deserialize_with = "range::finite")]
    pub log_std_max: f64,
    /// Agent steps between two updates of the actor and the temperature.
    pub update_every: Count,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemperatureConfig {
    pub initial: Positive,
    pub learning_rate: Positive,
    pub beta1: Ratio,
    /// Entropy aimed at with discrete actions, as a share of the greatest, log |A|.
    pub discrete_target_entropy: Fraction,
}

/// The contrastive head (CURL paper, section 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContrastConfig {
    pub objective: Objective,
    pub positive: Positives,
    /// Standard deviation of the Gaussian positive, on the network's input scale.
    pub sigma: Positive,
    pub similarity: Similarity,
    /// Divides the cosine similarities before the softmax.
    pub cosine_temperature: Positive,
    pub key_encoder: KeyEncoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    InfoNce,
    /// No contrastive loss: SAC on cropped pixels, which is RAD.
    Off,
}

/// What is the other view of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positives {
    /// A second, independent random crop (CURL).
    Crop,
    /// The same crop plus noise N(0, sigma^2) on every input (the HIM baseline).
    Gaussian,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Similarity {
    /// q' W k with W learned (CURL).
    Bilinear,
    /// The cosine of q and k over a temperature; W is not used.
    Cosine,
}

/// Which encoder makes the keys (CURL paper, figure 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyEncoding {
    /// The moving average of the query encoder, without gradient (CURL, after MoCo).
    Ema,
    /// The query encoder itself, with gradients through both views.
    Shared,
}
