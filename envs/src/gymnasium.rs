//! Environments of Gymnasium, the Python library: any of them, in a Python process of its own.
//!
//! The interpreter and its packages are the user's; [`Settings`] names it. The process answers
//! requests over a socket and shares its pictures in memory ([`protocol`]). Its program,
//! `server.py`, is part of this one. It is ended with its environment, whatever it is busy with, and
//! so is all that it has started.

mod child;
mod fault;
mod id;
mod installed;
mod mark;
pub mod protocol;
mod tail;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use rand::Rng;

use self::child::Child;
pub use self::fault::{Fault, Versions};
use self::id::Name;
pub use self::installed::Installed;
use self::protocol::{Actions, Hello, Kind, PictureSize, Stepped};
use crate::area::{self, Picture};
use crate::env::{Action, ActionSpec, Ended, Env, EnvState, FRAME_CHANNELS, Frame, Spec, Step};
use crate::error::EnvError;

/// The program that the interpreter runs.
const SERVER: &str = include_str!("gymnasium/server.py");
/// Env steps per agent step, where nobody says otherwise.
pub(crate) const ACTION_REPEAT: u64 = 1;
/// Pictures per second where the environment states none.
const PICTURES_PER_SECOND: f64 = 30.0;

/// How Python processes are run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The interpreter: a path, or a name to be looked for on the PATH. It must have the packages
    /// gymnasium and numpy, and those of the environment.
    pub python: PathBuf,
    /// Time for starting the interpreter and making the environment.
    pub make_limit: Duration,
    /// Time for a reset, a step or a picture.
    pub step_limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            python: "python3".into(),
            make_limit: Duration::from_secs(60),
            step_limit: Duration::from_secs(30),
        }
    }
}

/// An environment of Gymnasium.
#[derive(Debug)]
pub struct Gymnasium {
    spec: Spec,
    versions: Versions,
    child: Child,
    step_limit: Duration,
    /// The last flat observation.
    observation: Vec<f64>,
    /// The last picture of another size than was asked for, as it came.
    picture: Vec<u8>,
    episode: Episode,
    /// Why the process is gone, once it is.
    gone: Option<EnvError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Episode {
    None,
    Running,
    /// It can be drawn, but not go on.
    Ended,
}

/// The canonical form of an id, if it is one of this suite: as it is, with the prefix in small letters.
/// Whether there is such an environment only Python knows.
///
/// # Errors
/// [`EnvError::GymnasiumId`] if it cannot be one.
pub(crate) fn canonical(id: &str) -> Option<Result<String, EnvError>> {
    let id = id.trim();
    let (prefix, name) = id.split_at_checked(id::PREFIX.len())?;
    prefix
        .eq_ignore_ascii_case(id::PREFIX)
        .then(|| Name::parse(name).map(|_| format!("{}{name}", id::PREFIX)))
}

impl Gymnasium {
    /// Makes the environment of a canonical id, such as `gymnasium:ALE/Pong-v5?frameskip=1`.
    ///
    /// # Errors
    /// If the interpreter cannot be started, does not make the environment in time, or makes one
    /// that an agent cannot act in or see.
    pub fn make(id: &str, settings: &Settings) -> Result<Self, EnvError> {
        let name = Name::parse(id.strip_prefix(id::PREFIX).unwrap_or(id))?;
        Self::serve(id, &name, settings, SERVER)
    }

    /// Lets a program serve the environment.
    fn serve(id: &str, name: &Name, settings: &Settings, program: &str) -> Result<Self, EnvError> {
        let mut child = Child::start(&settings.python, program).map_err(|error| {
            EnvError::Interpreter { python: settings.python.clone(), reason: error.to_string() }
        })?;
        child.request.begin(Kind::Make).put_name(name);
        let hello = child
            .ask(Kind::Make, settings.make_limit)
            .and_then(|reply| Hello::parse(reply).map_err(|problem| Fault::Garbage { problem }));
        let Hello { python, gymnasium, actions, has_pictures, observation_len, timing } =
            hello.map_err(|fault| broken(id, Versions::Unknown, &mut child, fault))?;
        if !has_pictures {
            return Err(EnvError::NoPictures { id: id.to_owned() });
        }
        let observation =
            (observation_len > 0).then(|| ("observation".to_owned(), observation_len));
        let spec = Spec {
            id: id.to_owned(),
            action: action_spec(id, actions)?,
            observation: observation.into_iter().collect(),
            control_timestep: 1.0 / timing.pictures_per_second.unwrap_or(PICTURES_PER_SECOND),
            time_limit: timing.time_limit,
            default_action_repeat: ACTION_REPEAT,
        };
        Ok(Self {
            spec,
            versions: Versions::Known { python, gymnasium },
            child,
            step_limit: settings.step_limit,
            observation: vec![0.0; observation_len],
            picture: Vec::new(),
            episode: Episode::None,
            gone: None,
        })
    }

    /// Sends the request that was put together and takes its reply in.
    fn ask<T>(
        &mut self,
        kind: Kind,
        take: impl FnOnce(&[u8], &mut [f64]) -> Result<T, String>,
    ) -> Result<T, EnvError> {
        if let Some(error) = &self.gone {
            return Err(error.clone());
        }
        let reply = self.child.ask(kind, self.step_limit);
        let taken = reply.and_then(|reply| {
            take(reply, &mut self.observation).map_err(|problem| Fault::Garbage { problem })
        });
        let unusable = |_: &T| match self.observation.iter().find(|number| number.is_nan()) {
            Some(&value) => Err(Fault::NotFinite { what: "a number of its observation", value }),
            None => Ok(()),
        };
        match taken.and_then(|taken| unusable(&taken).map(|()| taken)) {
            Ok(taken) => Ok(taken),
            Err(fault) => Err(self.give_up(fault)),
        }
    }

    /// Ends a process that is of no more use.
    fn give_up(&mut self, fault: Fault) -> EnvError {
        self.episode = Episode::None;
        let error = broken(&self.spec.id, self.versions.clone(), &mut self.child, fault);
        self.gone = Some(error.clone());
        error
    }

    /// Puts a step's request together.
    fn request_step(&mut self, action: Action<'_>) -> Result<(), EnvError> {
        match (&self.spec.action, action) {
            (&ActionSpec::Discrete { n }, Action::Discrete(choice)) if choice < n => {
                self.child.request.begin(Kind::Step).put(&(choice as u64).to_le_bytes());
            }
            (ActionSpec::Continuous { low, high }, action) => {
                let action = self.spec.continuous(action)?;
                let request = self.child.request.begin(Kind::Step);
                for ((&value, &low), &high) in action.iter().zip(low).zip(high) {
                    let within = low + (f64::from(value) + 1.0) / 2.0 * (high - low);
                    request.put(&within.clamp(low, high).to_le_bytes());
                }
            }
            (ActionSpec::Discrete { n }, action) => {
                let expected = format!("a discrete choice of 0..{n}");
                let got = match action {
                    Action::Discrete(choice) => format!("the choice {choice}"),
                    Action::Continuous(action) => format!("{} continuous numbers", action.len()),
                };
                return Err(EnvError::ActionKind { id: self.spec.id.clone(), expected, got });
            }
        }
        Ok(())
    }
}

/// The error for a process that is of no more use, which is ended.
fn broken(id: &str, versions: Versions, child: &mut Child, fault: Fault) -> EnvError {
    child.end();
    EnvError::Python {
        id: id.to_owned(),
        fault,
        versions: Box::new(versions),
        stderr: child.last_lines(),
    }
}

/// # Errors
/// If the actions are not such as an agent can choose.
fn action_spec(id: &str, actions: Actions) -> Result<ActionSpec, EnvError> {
    let unusable_space = |space| EnvError::ActionSpace { id: id.to_owned(), space };
    match actions {
        Actions::Discrete { n } => Ok(ActionSpec::Discrete { n }),
        Actions::Other(space) => Err(unusable_space(space)),
        Actions::Box { low, .. } if low.is_empty() => {
            Err(unusable_space("an empty Box".to_owned()))
        }
        Actions::Box { low, high } => {
            let mut bounds = low.iter().zip(&high);
            let no_range = |(low, high): (&f64, &f64)| !(high - low).is_finite() || low >= high;
            match bounds.position(no_range) {
                None => Ok(ActionSpec::Continuous { low, high }),
                Some(index) => {
                    let (low, high) = (low[index], high[index]);
                    Err(EnvError::ActionBounds { id: id.to_owned(), index, low, high })
                }
            }
        }
    }
}

impl Env for Gymnasium {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.episode = Episode::None;
        // Some environments take no more than 31 bits.
        let seed = rng.next_u32() >> 1;
        self.child.request.begin(Kind::Reset).put(&seed.to_le_bytes());
        self.ask(Kind::Reset, protocol::parse_observation)?;
        self.episode = Episode::Running;
        Ok(())
    }

    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError> {
        if self.episode != Episode::Running {
            let gone = self.gone.clone();
            return Err(gone.unwrap_or(EnvError::NoEpisode { id: self.spec.id.clone() }));
        }
        self.request_step(action)?;
        let Stepped { reward, terminated, truncated } = self.ask(Kind::Step, Stepped::parse)?;
        if !reward.is_finite() {
            return Err(self.give_up(Fault::NotFinite { what: "its reward", value: reward }));
        }
        let ended = match (terminated, truncated) {
            (true, _) => Some(Ended::Terminated),
            (false, true) => Some(Ended::TimeLimit),
            (false, false) => None,
        };
        if ended.is_some() {
            self.episode = Episode::Ended;
        }
        Ok(Step { reward, ended })
    }

    fn observe(&self, observation: &mut [f64]) {
        observation.copy_from_slice(&self.observation);
    }

    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError> {
        frame.check()?;
        if self.episode == Episode::None {
            let gone = self.gone.clone();
            return Err(gone.unwrap_or(EnvError::NoEpisode { id: self.spec.id.clone() }));
        }
        self.child.request.begin(Kind::Render);
        let size = self.ask(Kind::Render, |reply, _| PictureSize::parse(reply))?;
        let PictureSize { height, width, channels } = size;
        let fits = (height, width, channels) == (frame.height, frame.width, FRAME_CHANNELS);
        let read = if fits {
            self.child.read_picture(frame.pixels)
        } else {
            self.picture.resize(size.bytes(), 0);
            self.child.read_picture(&mut self.picture)
        };
        read.map_err(|fault| self.give_up(fault))?;
        if !fits {
            area::draw(Picture { pixels: &self.picture, height, width, channels }, frame);
        }
        Ok(())
    }

    fn state(&self) -> Option<EnvState> {
        None
    }

    fn set_state(&mut self, _: &EnvState) -> Result<(), EnvError> {
        self.episode = Episode::None;
        let problem = "environments of Gymnasium cannot be set to a state".to_owned();
        Err(EnvError::State { id: self.spec.id.clone(), problem })
    }
}
