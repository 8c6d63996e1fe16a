//! What a run needs beyond its agent to go on where a checkpoint was taken.

use std::collections::BTreeMap;

use curl_envs::EnvState;
use serde::{Deserialize, Serialize};

use crate::evaluate::EvalReport;
use crate::metrics::MetricsState;
use crate::replay::Codec;
use crate::replay::segments::SegmentsPosition;

/// The state of a run between two agent steps. Random streams are addressed by the counters of
/// [`Steps`](crate::steps::Steps); the frame stack and the last picture are in the replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// Evaluations so far.
    pub evaluations: u64,
    pub episode: EpisodeState,
    pub last_evaluation: Option<LastEvaluation>,
    /// State of the environment of evaluations, where it can tell it. Its episodes begin with a reset,
    /// but what a reset does may depend on what was before.
    pub eval_env: Option<EnvState>,
    /// Losses and values of the latest update of the actor, by name.
    pub actor_losses: BTreeMap<String, f64>,
    pub arithmetic: Arithmetic,
    pub codec: Codec,
    pub replay: SegmentsPosition,
    pub metrics: MetricsState,
}

/// The training episode under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeState {
    /// Sum of its rewards so far, undiscounted.
    pub episode_return: f64,
    /// Env steps so far.
    pub length: u64,
    /// The environment's state, where it can tell it.
    pub env: Option<EnvState>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastEvaluation {
    pub env_step: u64,
    pub report: EvalReport,
}

/// How the run computes. On another machine it may go on, but not with the same bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arithmetic {
    pub threads: usize,
    /// Number format of the encoder's passes.
    pub passes: String,
}
