//! Environments that are written for the crate gym-rs, and its own: CartPole and MountainCar.
//!
//! [`Gym`] makes an [`Env`] of any type that implements [`gym_rs::core::Env`] and says, in
//! [`Playable`], what that trait leaves open. Nothing of gym-rs's own drawing is used: it opens a
//! window and waits for the screen. Pictures are drawn off screen, on a [`Canvas`].
//!
//! gym-rs's types ask for SDL2; see `[patch.crates-io]` in the workspace's manifest for what stands
//! in its place.

mod canvas;
mod cartpole;
mod history;
mod mountain_car;
#[cfg(test)]
mod tests;

pub use gym_rs;
use gym_rs::core::ActionReward;
use gym_rs::envs::classical_control::cartpole::CartPoleEnv;
use gym_rs::envs::classical_control::mountain_car::MountainCarEnv;
use gym_rs::spaces::BoxR;
use gym_rs::utils::custom::traits::Sample;
use gym_rs::utils::renderer::RenderMode;
use rand::Rng;

pub use self::canvas::Canvas;
use self::history::History;
use crate::env::{Action, Ended, Env, EnvState, Frame, Spec, Step};
use crate::error::EnvError;

/// The canonical ids of gym-rs's own environments.
pub fn ids() -> impl Iterator<Item = String> {
    [cartpole::ID, mountain_car::ID].into_iter().map(str::to_owned)
}

/// Makes the environment of a canonical id.
///
/// # Errors
/// [`EnvError::UnknownId`].
pub fn make(id: &str) -> Result<Box<dyn Env>, EnvError> {
    match id {
        cartpole::ID => Ok(Box::new(Gym::new(CartPoleEnv::new(RenderMode::None)))),
        mountain_car::ID => Ok(Box::new(Gym::new(MountainCarEnv::new(RenderMode::None)))),
        _ => Err(crate::catalog::unknown(id)),
    }
}

/// What an agent needs to know of an environment beyond gym-rs's own trait.
///
/// The environment must be a function of the seed that `reset` is given and of the actions that
/// follow, as gym-rs has it: that is what its state is saved as.
pub trait Playable: gym_rs::core::Env<Observation: Sample + Into<Vec<f64>>> {
    /// What does not change. Its time limit is kept by [`Gym`].
    fn spec(&self) -> Spec;

    /// An agent's action in the environment's own terms: [`Spec::discrete`] or
    /// [`Spec::continuous`], and what is to be made of it.
    ///
    /// # Errors
    /// If the action does not fit the spec.
    fn action(spec: &Spec, action: Action<'_>) -> Result<Self::Action, EnvError>;

    /// Bounds of the observations that episodes start with, in place of the environment's own.
    fn start(&self) -> Option<BoxR<Self::Observation>> {
        None
    }

    /// Draws the present state.
    fn draw(&self, canvas: &mut Canvas);
}

/// An environment of gym-rs, with a time limit and pictures.
#[derive(Debug)]
pub struct Gym<E: Playable> {
    env: E,
    spec: Spec,
    observation: Vec<f64>,
    history: History,
    running: bool,
}

impl<E: Playable> Gym<E> {
    /// Makes an environment of the type's present parameters.
    ///
    /// # Panics
    /// If its spec has no room for actions, or for another number of observations than it makes.
    pub fn new(mut env: E) -> Self {
        let spec = env.spec();
        let history = History::new(&spec.action, 0);
        let observation = start(&mut env, history.seed());
        assert_eq!(observation.len(), spec.observation_len(), "the observation of {}", spec.id);
        Self { env, spec, observation, history, running: false }
    }

    /// Starts an episode that the seed decides.
    fn begin(&mut self, seed: u64) {
        self.history = History::new(&self.spec.action, seed);
        self.observation = start(&mut self.env, seed);
        self.running = true;
    }

    /// Takes a step, in whatever state.
    fn advance(&mut self, action: Action<'_>) -> Result<Step, EnvError> {
        let own_action = E::action(&self.spec, action)?;
        let ActionReward { observation, reward, done, truncated, .. } = self.env.step(own_action);
        self.observation = observation.into();
        self.history.push(action);
        let out_of_time = self.spec.time_limit.is_some_and(|limit| self.history.steps() >= limit);
        let ended = if done {
            Some(Ended::Terminated)
        } else {
            (truncated || out_of_time).then_some(Ended::TimeLimit)
        };
        self.running = ended.is_none();
        Ok(Step { reward: reward.into_inner(), ended })
    }

    fn unfit(&self, problem: &str) -> EnvError {
        EnvError::State { id: self.spec.id.clone(), problem: problem.to_owned() }
    }
}

fn start<E: Playable>(env: &mut E, seed: u64) -> Vec<f64> {
    let bounds = env.start();
    env.reset(Some(seed), false, bounds).0.into()
}

impl<E: Playable> Env for Gym<E> {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.begin(rng.next_u64());
        Ok(())
    }

    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError> {
        if !self.running {
            return Err(EnvError::NoEpisode { id: self.spec.id.clone() });
        }
        self.advance(action)
    }

    fn observe(&self, observation: &mut [f64]) {
        observation.copy_from_slice(&self.observation);
    }

    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError> {
        frame.check()?;
        let mut canvas = Canvas::new(frame.height, frame.width);
        self.env.draw(&mut canvas);
        canvas.copy_to(frame.pixels);
        Ok(())
    }

    /// The seed and the actions since: gym-rs offers no way to set anything else.
    fn state(&self) -> Option<EnvState> {
        Some(self.history.to_env_state())
    }

    fn set_state(&mut self, state: &EnvState) -> Result<(), EnvError> {
        self.running = false;
        let history = History::from_env_state(&self.spec.action, state);
        let history = history.map_err(|problem| self.unfit(problem))?;
        self.begin(history.seed());
        for action in history.actions() {
            if !self.running {
                return Err(self.unfit("it goes on after the end of its episode"));
            }
            let step = self.advance(action.borrow());
            if let Err(error) = step {
                self.running = false;
                return Err(self.unfit(&error.to_string()));
            }
        }
        Ok(())
    }
}
