//! What a state of an episode follows from.

use std::slice::ChunksExact;

use crate::env::{Action, ActionSpec, EnvState};

/// Names of the numbers that a state is saved as: two halves of 32 bits, and the steps' actions one
/// after the other.
const SEED: &str = "seed";
const ACTIONS: &str = "actions";
const HALF: f64 = (1_u64 << 32) as f64;

/// The seed that an episode started from, and its actions since.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct History {
    kind: Kind,
    seed: u64,
    actions: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// One number a step.
    Discrete,
    /// As many numbers a step as the action has dimensions.
    Continuous(usize),
}

/// An action that owns its numbers.
#[derive(Debug, PartialEq)]
pub(super) enum Past {
    Discrete(usize),
    Continuous(Vec<f32>),
}

impl Past {
    pub fn borrow(&self) -> Action<'_> {
        match self {
            Self::Discrete(choice) => Action::Discrete(*choice),
            Self::Continuous(numbers) => Action::Continuous(numbers),
        }
    }
}

impl History {
    /// The start of an episode.
    ///
    /// # Panics
    /// If the spec is of continuous actions without dimensions, whose steps could not be counted.
    pub fn new(spec: &ActionSpec, seed: u64) -> Self {
        let kind = match spec {
            ActionSpec::Discrete { .. } => Kind::Discrete,
            ActionSpec::Continuous { low, .. } => Kind::Continuous(low.len()),
        };
        assert_ne!(kind, Kind::Continuous(0), "an action has at least one dimension");
        Self { kind, seed, actions: Vec::new() }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Env steps so far.
    pub fn steps(&self) -> u64 {
        (self.actions.len() / self.dimensions()) as u64
    }

    pub fn push(&mut self, action: Action<'_>) {
        match action {
            Action::Discrete(choice) => self.actions.push(choice as f64),
            Action::Continuous(numbers) => {
                self.actions.extend(numbers.iter().copied().map(f64::from));
            }
        }
    }

    pub fn actions(&self) -> impl Iterator<Item = Past> {
        let steps: ChunksExact<'_, f64> = self.actions.chunks_exact(self.dimensions());
        steps.map(|numbers| match self.kind {
            // Whole numbers, which `from_env_state` made sure of.
            Kind::Discrete => Past::Discrete(numbers[0] as usize),
            Kind::Continuous(_) => {
                Past::Continuous(numbers.iter().map(|&number| number as f32).collect())
            }
        })
    }

    fn dimensions(&self) -> usize {
        match self.kind {
            Kind::Discrete => 1,
            Kind::Continuous(dimensions) => dimensions,
        }
    }

    pub fn to_env_state(&self) -> EnvState {
        let halves = [(self.seed >> 32) as u32, self.seed as u32];
        EnvState::from([
            (SEED.to_owned(), halves.map(f64::from).to_vec()),
            (ACTIONS.to_owned(), self.actions.clone()),
        ])
    }

    /// Reads what [`Self::to_env_state`] has written. Whether the actions fit the spec is left to
    /// the steps that they are taken in.
    pub fn from_env_state(spec: &ActionSpec, state: &EnvState) -> Result<Self, &'static str> {
        let numbers = |name| state.get(name).map(Vec::as_slice).filter(|_| state.len() == 2);
        let (Some(&[high, low]), Some(actions)) = (numbers(SEED), numbers(ACTIONS)) else {
            return Err("it needs \"seed\" with two numbers, \"actions\", and nothing else");
        };
        let is_half = |half: f64| (0.0..HALF).contains(&half) && half.fract() == 0.0;
        if !is_half(high) || !is_half(low) {
            return Err("its seed is not made of two whole numbers of 32 bits");
        }
        let mut history = Self::new(spec, ((high as u64) << 32) | low as u64);
        let is_choice = |&action: &f64| action >= 0.0 && action.fract() == 0.0;
        match history.kind {
            Kind::Discrete if !actions.iter().all(is_choice) => {
                return Err("its actions are not all whole numbers");
            }
            Kind::Continuous(dimensions) if actions.len() % dimensions != 0 => {
                return Err("its actions are cut off");
            }
            Kind::Discrete | Kind::Continuous(_) => history.actions = actions.to_vec(),
        }
        Ok(history)
    }
}
