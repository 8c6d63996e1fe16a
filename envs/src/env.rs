//! The contract between an environment and the agent that acts in it.

use rand::Rng;

/// What does not change over an environment's life.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Canonical id, such as `dmc:cartpole-swingup`.
    pub id: String,
    pub action: ActionSpec,
    /// Name and length of each part of the flat observation, in order.
    pub observation: Vec<(String, usize)>,
    /// Length of an episode in env steps, if it has a time limit.
    pub time_limit: Option<u64>,
    /// Env steps per agent step, as in the CURL paper's Table 3 (4 for tasks that it does not list).
    pub default_action_repeat: u64,
}

impl Spec {
    /// Length of the flat observation.
    pub fn observation_len(&self) -> usize {
        self.observation.iter().map(|(_, len)| len).sum()
    }
}

/// The actions that an environment takes.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionSpec {
    /// A vector within bounds, `low[i] <= action[i] <= high[i]`.
    Continuous { low: Vec<f64>, high: Vec<f64> },
    /// One of `n` choices, `0..n`.
    Discrete { n: usize },
}

/// One action, borrowed from the agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action<'a> {
    /// Each dimension in [-1, 1]; the environment maps it linearly to its own bounds.
    Continuous(&'a [f32]),
    Discrete(usize),
}

/// What one env step returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub reward: f64,
    pub ended: Option<Ended>,
}

/// Why an episode ended. The two differ for learning: after a time limit the value of the last
/// observation is bootstrapped, after a termination it is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Terminated,
    TimeLimit,
}

/// A picture to draw into: `pixels` is height x width x 3, row by row from the top, RGB.
#[derive(Debug)]
pub struct Frame<'a> {
    pub pixels: &'a mut [u8],
    pub height: usize,
    pub width: usize,
}

/// An environment. Random numbers come from the caller, so that an episode is reproduced by its
/// stream alone and an environment holds no random state of its own.
pub trait Env {
    fn spec(&self) -> &Spec;

    /// Starts a new episode.
    ///
    /// # Errors
    /// If the simulator or a process behind the environment fails.
    fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError>;

    /// Advances by one env step.
    ///
    /// # Errors
    /// If the action does not fit the spec, or the simulation diverges.
    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError>;

    /// Writes the flat observation of the present state, `spec().observation_len()` numbers.
    fn observe(&self, observation: &mut [f64]);

    /// Draws the present state.
    ///
    /// # Errors
    /// If no renderer can be had on this machine.
    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError>;
}
