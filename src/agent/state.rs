//! An agent as named tensors and counters, to be stored and restored.

use std::collections::BTreeMap;

use tch::{Tensor, no_grad};
use thiserror::Error;

use super::{Agent, Critic};
use crate::action::ActionSpace;
use crate::config::AgentConfig;
use crate::nn::first_non_finite;

/// Everything that an agent has learned: parameters, and the optimisers' moments and step counts.
#[derive(Debug)]
pub struct AgentState {
    /// Parameters by name, and moments as `<optimiser>/<parameter>.first` and `.second`.
    pub tensors: BTreeMap<String, Tensor>,
    /// Gradient steps taken, by optimiser.
    pub optimiser_steps: BTreeMap<String, u64>,
}

impl AgentState {
    /// Bytes of all tensors.
    pub fn bytes(&self) -> usize {
        let bytes = |tensor: &Tensor| tensor.numel() * tensor.kind().elt_size_in_bytes();
        self.tensors.values().map(bytes).sum()
    }

    /// Numbers of the states that the agent observes; `None` where it sees pictures.
    pub fn state_len(&self) -> Option<usize> {
        let means = self.tensors.get("normaliser.mean")?.size();
        usize::try_from(*means.first()?).ok()
    }

    /// The actions that an agent of this configuration chooses from, as its critic's shapes tell, if it
    /// has one.
    pub fn actions(&self, config: &AgentConfig) -> Option<ActionSpace> {
        Critic::actions(config, |name| Some(self.tensors.get(&format!("critic.{name}"))?.size()))
    }
}

/// A state does not fit the agent that its configuration describes.
#[derive(Debug, Error)]
pub enum StateError {
    #[error("the tensor {0} is missing")]
    Missing(String),
    #[error("the tensor {0} is not part of this agent")]
    Unknown(String),
    #[error(
        "the tensor {name} has shape {got:?} and type {got_kind:?}, expected {expected:?} and \
         {expected_kind:?}"
    )]
    Mismatch {
        name: String,
        got: Vec<i64>,
        got_kind: tch::Kind,
        expected: Vec<i64>,
        expected_kind: tch::Kind,
    },
    #[error("the tensor {name} holds {value}, expected finite numbers")]
    NotFinite { name: String, value: f64 },
    #[error("the step count of the optimiser {0} is missing")]
    MissingSteps(String),
}

impl Agent {
    /// The present state. Tensors are handles: store them before the next update.
    pub fn state(&self) -> AgentState {
        let optimiser_steps = self
            .optimisers
            .all()
            .iter()
            .map(|(name, adam)| (name.to_string(), adam.steps()))
            .collect();
        AgentState { tensors: self.tensors(), optimiser_steps }
    }

    /// Takes over a stored state.
    ///
    /// # Errors
    /// If a tensor is missing, unknown, of another shape or type than this agent's, or not finite. The
    /// agent is then unchanged.
    pub fn restore(&mut self, state: &AgentState) -> Result<(), StateError> {
        let tensors = self.tensors();
        if let Some(name) = state.tensors.keys().find(|name| !tensors.contains_key(*name)) {
            return Err(StateError::Unknown(name.clone()));
        }
        for (name, own) in &tensors {
            let stored =
                state.tensors.get(name).ok_or_else(|| StateError::Missing(name.clone()))?;
            if stored.size() != own.size() || stored.kind() != own.kind() {
                return Err(StateError::Mismatch {
                    name: name.clone(),
                    got: stored.size(),
                    got_kind: stored.kind(),
                    expected: own.size(),
                    expected_kind: own.kind(),
                });
            }
        }
        let bad =
            state.tensors.iter().find_map(|(name, tensor)| Some((name, first_non_finite(tensor)?)));
        if let Some((name, value)) = bad {
            return Err(StateError::NotFinite { name: name.clone(), value });
        }
        let steps_of = |name: &str| state.optimiser_steps.get(name).copied();
        for (name, _) in self.optimisers.all() {
            steps_of(name).ok_or_else(|| StateError::MissingSteps(name.to_string()))?;
        }
        for (name, adam) in self.optimisers.all_mut() {
            adam.set_steps(steps_of(name).expect("checked above"));
        }
        no_grad(|| {
            for (name, mut own) in tensors {
                own.copy_(&state.tensors[&name]);
            }
        });
        Ok(())
    }

    /// Handles to every tensor of the state.
    fn tensors(&self) -> BTreeMap<String, Tensor> {
        let mut tensors: BTreeMap<_, _> = self.parameters().into_iter().collect();
        for (optimiser, adam) in self.optimisers.all() {
            for (name, moment) in adam.named_moments() {
                tensors.insert(format!("{optimiser}/{name}"), moment.shallow_clone());
            }
        }
        tensors
    }
}
