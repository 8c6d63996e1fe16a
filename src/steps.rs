//! The clocks of a run. They are never mixed: a budget or an x axis says which one it counts.

use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Steps of the environment: agent steps x action repeat. Budgets and x axes count these.
    pub env_step: u64,
    /// Actions that the agent chose.
    pub agent_step: u64,
    /// Updates of the agent.
    pub update: u64,
    /// Training episodes ended.
    pub episode: u64,
}
