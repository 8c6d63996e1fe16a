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
    /// One for each environment that experience is collected from.
    pub envs: Vec<EnvironmentState>,
    pub last_evaluation: Option<LastEvaluation>,
    /// States of the environments of evaluations, where they can tell them. Their episodes begin with
    /// a reset, but what a reset does may depend on what was before.
    pub eval_envs: Option<Vec<EnvState>>,
    /// Losses and values of the latest update of the actor, by name.
    pub actor_losses: BTreeMap<String, f64>,
    pub arithmetic: Arithmetic,
    pub codec: Codec,
    pub metrics: MetricsState,
}

/// More than any run counts, and far enough from the largest numbers that a run which goes on
/// counts up to none of them, whatever its counters are multiplied by.
const MAX_COUNTER: u64 = 1 << 43;

/// Checks a named counter of a checkpoint.
pub(super) fn check_counter((name, count): (&str, u64)) -> Result<(), String> {
    if count <= MAX_COUNTER {
        Ok(())
    } else {
        Err(format!("{name} = {count} is more than any run counts, expected at most {MAX_COUNTER}"))
    }
}

impl RunState {
    /// Whether all counters are those of a run of so many environments.
    pub(super) fn check(&self, envs: usize) -> Result<(), String> {
        if self.envs.len() != envs {
            return Err(format!("it has {} environments, expected {envs}", self.envs.len()));
        }
        let last = self.last_evaluation.as_ref().map_or(0, |last| last.env_step);
        let counters = [("evaluations", self.evaluations), ("last_evaluation.env_step", last)];
        let losses = self.metrics.train_csv.losses.iter();
        let losses = losses.map(|(name, loss)| (name.as_str(), loss.records));
        let lengths = self.envs.iter().map(|env| ("envs.episode.length", env.episode.length));
        counters.into_iter().chain(lengths).chain(losses).try_for_each(check_counter)
    }
}

/// An environment that experience is collected from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentState {
    pub episode: EpisodeState,
    /// How far its replay goes.
    pub replay: SegmentsPosition,
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
