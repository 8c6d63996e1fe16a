//! The actions that an agent chooses from, as the numbers that the replay and a batch hold.

use std::fmt;

use curl_envs::{Action, ActionSpec};
use rand::{Rng, RngExt};
use tch::{Kind, Tensor};

use crate::random::{self, Stream};

/// The actions of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionSpace {
    /// Vectors of so many numbers, each in [-1, 1].
    Continuous(usize),
    /// One of so many choices. Its index is its only number.
    Discrete(usize),
}

impl From<&ActionSpec> for ActionSpace {
    fn from(spec: &ActionSpec) -> Self {
        match spec {
            ActionSpec::Continuous { low, .. } => Self::Continuous(low.len()),
            ActionSpec::Discrete { n } => Self::Discrete(*n),
        }
    }
}

impl fmt::Display for ActionSpace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuous(1) => write!(out, "1 continuous number"),
            Self::Continuous(dimensions) => write!(out, "{dimensions} continuous numbers"),
            Self::Discrete(choices) => write!(out, "one of {choices} choices"),
        }
    }
}

impl ActionSpace {
    /// Numbers of an action.
    pub fn numbers(self) -> usize {
        match self {
            Self::Continuous(dimensions) => dimensions,
            Self::Discrete(_) => 1,
        }
    }

    /// Whether these are the numbers of an action.
    pub fn contains(self, numbers: &[f32]) -> bool {
        match (self, numbers) {
            (Self::Continuous(dimensions), _) => numbers.len() == dimensions,
            (Self::Discrete(choices), &[choice]) => {
                choice >= 0.0 && choice < choices as f32 && choice.fract() == 0.0
            }
            (Self::Discrete(_), _) => false,
        }
    }

    /// An action as the environment takes it.
    ///
    /// # Panics
    /// If the numbers are not those of an action.
    pub fn action(self, numbers: &[f32]) -> Action<'_> {
        assert!(self.contains(numbers), "{numbers:?} is no action of {self:?}");
        match self {
            Self::Continuous(_) => Action::Continuous(numbers),
            Self::Discrete(_) => Action::Discrete(numbers[0] as usize),
        }
    }

    /// The numbers of an action, all alike probable.
    pub fn uniform(self, rng: &mut impl Rng) -> Vec<f32> {
        match self {
            Self::Continuous(dimensions) => random::uniform_action(dimensions, rng),
            Self::Discrete(choices) => vec![rng.random_range(0..choices) as f32],
        }
    }

    /// What selects an action from the policy's distribution, for so many rows: a standard normal
    /// number for each dimension, or a Gumbel-distributed one for each choice.
    pub fn exploration_noise(self, rows: usize, stream: &mut Stream) -> Tensor {
        let shape = |columns: usize| [rows as i64, columns as i64];
        match self {
            Self::Continuous(dimensions) => random::normal(&shape(dimensions), Kind::Float, stream),
            Self::Discrete(choices) => random::gumbel(&shape(choices), Kind::Float, stream),
        }
    }

    /// What selects the actions inside the losses, (rows, |A|). Discrete actions need none, (rows,
    /// 0): the expectation over them is exact.
    pub fn loss_noise(self, rows: usize, stream: &mut Stream) -> Tensor {
        match self {
            Self::Continuous(_) => self.exploration_noise(rows, stream),
            Self::Discrete(_) => Tensor::zeros([rows as i64, 0], (Kind::Float, tch::Device::Cpu)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn a_choice_is_a_whole_number_below_their_count() {
        let space = ActionSpace::Discrete(3);
        for choice in [0.0, 1.0, 2.0] {
            assert!(space.contains(&[choice]), "{choice}");
        }
        for wrong in [&[3.0][..], &[-1.0], &[0.5], &[f32::NAN], &[f32::INFINITY], &[], &[0.0, 1.0]]
        {
            assert!(!space.contains(wrong), "{wrong:?}");
        }
        assert_eq!(space.action(&[2.0]), Action::Discrete(2));
    }

    #[test]
    fn uniform_choices_are_alike_frequent() {
        let mut stream = Streams::new(1).stream(Purpose::WarmupAction, 0);
        let mut counts = [0; 4];
        for _ in 0..4000 {
            counts[ActionSpace::Discrete(4).uniform(&mut stream)[0] as usize] += 1;
        }
        // Five standard deviations of a binomial count.
        assert!(counts.iter().all(|count| (1000i32 - count).abs() < 137), "{counts:?}");
    }
}
