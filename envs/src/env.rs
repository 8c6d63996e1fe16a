//! The contract between an environment and the agent that acts in it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use rand::Rng;

use crate::error::EnvError;

/// What does not change over an environment's life.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Canonical id, such as `dmc:cartpole-swingup`.
    pub id: String,
    pub action: ActionSpec,
    /// Name and length of each part of the flat observation, in order.
    pub observation: Vec<(String, usize)>,
    /// Seconds of simulated time that an env step takes.
    pub control_timestep: f64,
    /// Length of an episode in env steps, if it has a time limit.
    pub time_limit: Option<u64>,
    /// Env steps per agent step, as in the CURL paper's Table 3 (4 for tasks that it does not
    /// list).
    pub default_action_repeat: u64,
}

impl Spec {
    /// Length of the flat observation.
    pub fn observation_len(&self) -> usize {
        self.observation.iter().map(|(_, len)| len).sum()
    }

    /// The numbers of a continuous action that fits: as many as the spec says, each in [-1, 1].
    ///
    /// # Errors
    /// [`EnvError::ActionKind`] or [`EnvError::ActionRange`].
    pub fn continuous<'a>(&self, action: Action<'a>) -> Result<&'a [f32], EnvError> {
        match (&self.action, action) {
            (ActionSpec::Continuous { low, .. }, Action::Continuous(numbers))
                if numbers.len() == low.len() =>
            {
                self.in_range(numbers)
            }
            _ => Err(self.misfit(action)),
        }
    }

    /// The choice of a discrete action that fits: one of as many as the spec says.
    ///
    /// # Errors
    /// [`EnvError::ActionKind`].
    pub fn discrete(&self, action: Action<'_>) -> Result<usize, EnvError> {
        match (&self.action, action) {
            (ActionSpec::Discrete { n }, Action::Discrete(choice)) if choice < *n => Ok(choice),
            _ => Err(self.misfit(action)),
        }
    }

    fn misfit(&self, action: Action<'_>) -> EnvError {
        let numbers = |len: usize| format!("{len} continuous numbers");
        let expected = match &self.action {
            ActionSpec::Continuous { low, .. } => numbers(low.len()),
            ActionSpec::Discrete { n } => format!("a discrete choice of 0..{n}"),
        };
        let got = match action {
            Action::Continuous(action) => numbers(action.len()),
            Action::Discrete(choice) => format!("the discrete choice {choice}"),
        };
        EnvError::ActionKind { id: self.id.clone(), expected, got }
    }

    fn in_range<'a>(&self, action: &'a [f32]) -> Result<&'a [f32], EnvError> {
        match action.iter().position(|value| !(-1.0..=1.0).contains(value)) {
            None => Ok(action),
            Some(index) => {
                Err(EnvError::ActionRange { id: self.id.clone(), index, value: action[index] })
            }
        }
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

/// How finely pictures are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// With the model's own settings: what dm_control draws, pixel for pixel.
    Model,
    /// For agents, whose pictures are too small to show the difference: half of the work or less,
    /// and a peak signal-to-noise ratio of 40 dB or more against [`Quality::Model`] in pictures of
    /// 84 and 100 pixels a side.
    #[default]
    Reduced,
}

/// Red, green and blue: what environments draw.
pub const FRAME_CHANNELS: usize = 3;

/// The colours that an agent sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// All that are drawn.
    #[default]
    Rgb,
    /// Luminance alone, in one channel.
    Grey,
    /// How far a pixel is from white, in one channel, for pictures that are drawn on white: what is empty is
    /// zero, so that what a network makes of a picture comes from what is drawn and not from its ground.
    Negative,
}

impl Colour {
    /// Bytes of a pixel.
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb => FRAME_CHANNELS,
            Self::Grey | Self::Negative => 1,
        }
    }
}

impl Frame<'_> {
    /// Longest side of a picture. Graphics drivers have limits of their own, and MuJoCo ends the
    /// whole process where one is passed; this one is below theirs.
    pub const MAX_SIDE: usize = 4096;

    /// Checks the size, and that the buffer holds exactly that many pixels.
    ///
    /// # Errors
    /// [`EnvError::FrameSize`] or [`EnvError::FrameBuffer`].
    pub fn check(&self) -> Result<(), EnvError> {
        let Self { height, width, .. } = *self;
        Self::check_size(height, width)?;
        let (expected, got) = (height * width * FRAME_CHANNELS, self.pixels.len());
        if got != expected {
            return Err(EnvError::FrameBuffer { height, width, expected, got });
        }
        Ok(())
    }

    pub(crate) fn check_size(height: usize, width: usize) -> Result<(), EnvError> {
        let sides = 1..=Self::MAX_SIDE;
        if sides.contains(&height) && sides.contains(&width) {
            Ok(())
        } else {
            Err(EnvError::FrameSize { height, width, max: Self::MAX_SIDE })
        }
    }
}

/// Everything that the rest of an episode depends on, as named lists of numbers, to be stored.
pub type EnvState = BTreeMap<String, Vec<f64>>;

/// An environment. Random numbers come from the caller, so that an episode is reproduced by its
/// stream alone and an environment holds no random state of its own.
pub trait Env: Debug {
    fn spec(&self) -> &Spec;

    /// Starts a new episode.
    ///
    /// # Errors
    /// If the simulator or a process behind the environment fails.
    fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError>;

    /// Advances by one env step.
    ///
    /// # Errors
    /// If the action does not fit the spec, no episode is running, or the simulation diverges.
    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError>;

    /// Writes the flat observation of the present state.
    ///
    /// # Panics
    /// If `observation` does not hold `spec().observation_len()` numbers.
    fn observe(&self, observation: &mut [f64]);

    /// Draws the present state, as the chosen camera sees it.
    ///
    /// # Errors
    /// If no renderer can be had on this machine, or the frame's size and buffer are at odds.
    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError>;

    /// Chooses the camera of later pictures, in place of the environment's own choice: of those that
    /// have but one, number 0.
    ///
    /// # Errors
    /// If there is no such camera.
    fn set_camera(&mut self, camera: usize) -> Result<(), EnvError> {
        match camera {
            0 => Ok(()),
            _ => Err(EnvError::Camera { id: self.spec().id.clone(), camera, count: 1 }),
        }
    }

    /// Chooses the quality of later pictures, in place of [`Quality::Reduced`]. An environment whose
    /// pictures have only one quality keeps it.
    fn set_quality(&mut self, _quality: Quality) {}

    /// The present state, from which [`Self::set_state`] continues bit for bit; `None` where an
    /// environment cannot tell it.
    fn state(&self) -> Option<EnvState>;

    /// Continues from a state that this environment has told, here or in another process. What is
    /// not part of an episode, such as camera and quality, stays.
    ///
    /// # Errors
    /// If the state is not one of this environment's. No episode is running then.
    fn set_state(&mut self, state: &EnvState) -> Result<(), EnvError>;
}
