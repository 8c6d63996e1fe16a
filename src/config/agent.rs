//! The section `agent`.

use serde::{Deserialize, Serialize};

use super::range::{self, Count, Fraction, Positive, Ratio};
use crate::augment::Augmentation;
use crate::objective::cpc::Negatives;
use crate::objective::triplet::Mining;

/// Networks, losses and optimisers of the agent (CURL paper, Table 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    pub discount: Fraction,
    /// Height and width of the image that the encoder sees, after cropping or translation.
    pub image_size: Count,
    /// What is done to the images that critic and actor learn from, in this order.
    pub augmentations: Vec<Augmentation>,
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
    /// Bfloat16 where that is the faster on the processor, else float32.
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
    pub first_layer: FirstLayer,
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

/// What the first convolution sees at the start of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstLayer {
    /// Each frame of a stack.
    Frames,
    /// The newest frame, and what moved from frame to frame.
    Motion,
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
    /// Augmented views of an observation whose losses are summed: M of DrQ.
    pub observation_views: Count,
    /// Augmented views of the next observation over which the target is averaged: K of DrQ.
    pub target_views: Count,
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
    pub augmentations: ContrastAugmentations,
    /// Standard deviation of Gaussian positives and of the augmentation `gaussian`, on the network's input
    /// scale.
    pub sigma: Positive,
    pub similarity: Similarity,
    /// Divides the cosine similarities before the softmax.
    pub cosine_temperature: Positive,
    /// Distance beyond which negatives cost nothing, of `margin` and `triplet`.
    pub margin: Positive,
    pub mining: Mining,
    /// Upper bound of distances, Q of `exponential`.
    pub bound: Positive,
    pub key_encoder: KeyEncoding,
    pub temporal: TemporalConfig,
}

/// A file of `objective` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    InfoNce,
    /// InfoNCE in which keys look for their queries as well.
    SymmetricInfoNce,
    Margin,
    Exponential,
    Triplet,
    /// Contrastive predictive coding in time: positives are later observations.
    Cpc,
    /// No contrastive loss: SAC on cropped pixels, which is RAD.
    Off,
}

impl Objective {
    /// Whether two views of each observation are contrasted, as all do but those in time.
    pub fn compares_views(self) -> bool {
        match self {
            Self::InfoNce
            | Self::SymmetricInfoNce
            | Self::Margin
            | Self::Exponential
            | Self::Triplet => true,
            Self::Cpc | Self::Off => false,
        }
    }
}

/// What is the other view of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positives {
    /// A second, independently augmented view (CURL).
    Augmented,
    /// The query's own input plus noise N(0, sigma^2) on every number (the HIM baseline).
    Gaussian,
}

/// How the contrast's views are augmented (CURL paper, appendix E.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "\"same\" or a list of augmentations, such as [\"crop\"]")]
pub enum ContrastAugmentations {
    /// As those of critic and actor, whose view is the query.
    Same(Same),
    /// In another way: the query is then a view of its own.
    Own(Vec<Augmentation>),
}

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Same {
    Same,
}

/// How queries and keys are compared, by the objectives `info-nce` and `symmetric-info-nce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Similarity {
    /// q' W k with W learned (CURL).
    Bilinear,
    /// The cosine of q and k over a temperature; W is not used.
    Cosine,
    /// q' k.
    Dot,
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

/// The objective `cpc`: windows of an episode, in which the context at one time predicts the latent
/// vectors of later ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporalConfig {
    /// Observations of a window. A batch has `train.batch_size / window` windows.
    pub window: Count,
    /// Agent steps from one observation of a window to the next.
    pub stride: Count,
    /// Observations ahead, K, each predicted by a matrix of its own.
    pub steps: Count,
    pub context: Context,
    /// Length of a recurrent context.
    pub context_dim: Count,
    pub predictor: Predictor,
    pub negatives: Negatives,
}

/// What the prediction is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// The latent vector of its time alone.
    None,
    Gru,
    Lstm,
}

/// What is made of the context before the matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predictor {
    /// Nothing (CPC).
    Linear,
    /// c + MLP(c) (ATC).
    Residual,
}
