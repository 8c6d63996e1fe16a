//! The DeepMind Control Suite: MuJoCo's physics under rewards, observations and starts that agree
//! with the Python package dm_control 1.0.50.

mod acrobot;
mod ball_in_cup;
mod cartpole;
mod cheetah;
mod distraction;
mod dog;
mod finger;
mod fish;
mod geometry;
mod hopper;
mod humanoid;
mod humanoid_cmu;
mod lqr;
mod manipulator;
mod model;
mod model_field;
mod offscreen;
mod pendulum;
mod physics;
mod planar_arm;
mod point_mass;
mod quadruped;
mod randomize;
mod reacher;
mod renderer;
pub mod rewards;
mod stacker;
mod state;
mod swimmer;
mod task;
#[cfg(test)]
mod tests;
mod walker;

use std::path::PathBuf;

use rand::Rng;

use self::distraction::Distraction;
pub(crate) use self::distraction::Distractions;
use self::offscreen::Offscreen;
use self::physics::Physics;
use self::renderer::{Renderer, Shot};
pub use self::state::{ModelField, ModelValue, State};
use self::task::{Task, TaskEntry};
use crate::env::{Action, ActionSpec, Ended, Env, EnvState, Frame, Quality, Spec, Step};
use crate::error::EnvError;

/// Every task, domain by domain.
const DOMAINS: &[&[TaskEntry]] = &[
    acrobot::TASKS,
    ball_in_cup::TASKS,
    cartpole::TASKS,
    cheetah::TASKS,
    dog::TASKS,
    finger::TASKS,
    fish::TASKS,
    hopper::TASKS,
    humanoid::TASKS,
    humanoid_cmu::TASKS,
    lqr::TASKS,
    manipulator::TASKS,
    pendulum::TASKS,
    point_mass::TASKS,
    quadruped::TASKS,
    reacher::TASKS,
    stacker::TASKS,
    swimmer::TASKS,
    walker::TASKS,
];

/// Env steps of an episode of a task that has no limit of its own: dmc2gym's.
const STEP_LIMIT: u64 = 1000;

/// The canonical ids of all tasks, such as `dmc:ball_in_cup-catch`.
pub fn ids() -> impl Iterator<Item = String> {
    entries().map(TaskEntry::id)
}

/// The canonical ids of tasks that are too many to list: swimmers of 3 to 100 links, such as
/// `dmc:swimmer-swimmer3`.
pub(crate) fn unlisted_ids() -> impl Iterator<Item = String> {
    swimmer::of_any_length().map(|entry| entry.id())
}

/// The folder with the suite's models.
///
/// # Errors
/// [`EnvError::ModelsMissing`].
pub fn models() -> Result<PathBuf, EnvError> {
    physics::suite_folder()
}

/// The device that draws the pictures, as its driver calls it.
///
/// # Errors
/// [`EnvError::Renderer`] if there is none.
pub fn renderer() -> Result<String, EnvError> {
    Ok(Offscreen::open()?.device())
}

/// MuJoCo's version.
pub fn version() -> &'static str {
    mujoco_rs::mujoco_version()
}

fn entries() -> impl Iterator<Item = &'static TaskEntry> {
    DOMAINS.iter().copied().flatten()
}

/// A task of the suite.
#[derive(Debug)]
pub struct Dmc {
    spec: Spec,
    /// Bounds of the controls.
    low: Vec<f64>,
    high: Vec<f64>,
    physics: Physics,
    distraction: Distraction,
    task: Box<dyn Task>,
    renderer: Renderer,
    camera: usize,
    quality: Quality,
    /// Simulation steps per env step.
    n_sub_steps: usize,
    env_step: u64,
    running: bool,
}

impl Dmc {
    /// Makes the task of a canonical id, with the distractions that the id asks for. Its episodes
    /// are as long as dm_control's, which need not end: see [`Self::with_step_limit`].
    ///
    /// # Errors
    /// [`EnvError::UnknownId`], [`EnvError::Options`], or if the model is missing or broken.
    pub fn make(id: &str) -> Result<Self, EnvError> {
        let (task, distractions) = Distractions::split(id)?;
        let mut known = entries().copied().chain(swimmer::of_any_length());
        let entry = known.find(|entry| entry.id() == task);
        Self::from_entry(&entry.ok_or_else(|| crate::catalog::unknown(task))?, distractions)
    }

    fn from_entry(entry: &TaskEntry, distractions: Distractions) -> Result<Self, EnvError> {
        let physics = Physics::load(entry.model)?;
        let task = (entry.rules)(&physics)?;
        let timestep = physics.timestep();
        let n_sub_steps = match entry.control_timestep {
            Some(seconds) => (seconds / timestep).round() as usize,
            None => 1,
        };
        let control_timestep = timestep * n_sub_steps as f64;
        let step_limit = (entry.time_limit / control_timestep).ceil();
        let (low, high) = physics.control_bounds();
        let mut observation = Vec::new();
        task.observe(&physics, &mut |name, numbers| {
            observation.push((name.to_owned(), numbers.len()));
        });
        let spec = Spec {
            id: entry.id() + &distractions.to_string(),
            action: ActionSpec::Continuous { low: low.clone(), high: high.clone() },
            observation,
            control_timestep,
            time_limit: step_limit.is_finite().then_some(step_limit as u64),
            default_action_repeat: entry.action_repeat,
        };
        Ok(Self {
            spec,
            low,
            high,
            distraction: Distraction::new(distractions, &physics),
            physics,
            task,
            renderer: Renderer::new(entry.reduced),
            camera: entry.camera,
            quality: Quality::default(),
            n_sub_steps,
            env_step: 0,
            running: false,
        })
    }

    /// Cuts episodes at 1000 env steps where they have no time limit, so that playing one comes to
    /// an end, as dmc2gym does. It is a time limit like any other: no termination.
    #[must_use]
    pub fn with_step_limit(mut self) -> Self {
        self.spec.time_limit.get_or_insert(STEP_LIMIT);
        self
    }

    /// Simulation steps per env step.
    pub fn n_sub_steps(&self) -> usize {
        self.n_sub_steps
    }

    /// Seconds of an env step.
    pub fn control_timestep(&self) -> f64 {
        self.physics.timestep() * self.n_sub_steps as f64
    }

    /// The reward of the present state.
    pub fn reward(&self) -> f64 {
        self.task.reward(&self.physics)
    }

    /// Everything that the rest of the episode depends on, but for its distractions.
    pub fn simulation_state(&self) -> State {
        State::of(&self.physics, self.env_step)
    }

    /// Continues from a state, also one of another episode or made by hand.
    ///
    /// # Errors
    /// If the state's numbers are not as many as the model's, or MuJoCo finds them unusable. No
    /// episode is running then.
    pub fn set_simulation_state(&mut self, state: &State) -> Result<(), EnvError> {
        self.running = false;
        state.write(&mut self.physics)?;
        self.env_step = state.env_step;
        self.running = !self.is_at_time_limit();
        Ok(())
    }

    fn is_at_time_limit(&self) -> bool {
        self.spec.time_limit.is_some_and(|limit| self.env_step >= limit)
    }

    /// Sets the actuators' controls from an action.
    fn control(&mut self, action: Action<'_>) -> Result<(), EnvError> {
        let action = self.spec.continuous(action)?;
        let bounds = self.low.iter().zip(&self.high);
        let controls = self.physics.data_mut().ctrl_mut().iter_mut();
        for ((control, &value), (low, high)) in controls.zip(action).zip(bounds) {
            *control = low + (f64::from(value) + 1.0) / 2.0 * (high - low);
        }
        Ok(())
    }
}

impl Env for Dmc {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.running = false;
        self.physics.begin_reset();
        self.task.reset(&mut self.physics, rng)?;
        self.distraction.draw(&mut self.physics, rng)?;
        self.physics.forward()?;
        self.env_step = 0;
        self.running = true;
        Ok(())
    }

    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError> {
        if !self.running {
            return Err(EnvError::NoEpisode { id: self.spec.id.clone() });
        }
        self.control(action)?;
        self.running = false;
        self.physics.step(self.n_sub_steps)?;
        self.env_step = self.env_step.saturating_add(1);
        let ended = if self.is_at_time_limit() {
            Some(Ended::TimeLimit)
        } else {
            self.task.terminated(&self.physics).then_some(Ended::Terminated)
        };
        self.running = ended.is_none();
        Ok(Step { reward: self.reward(), ended })
    }

    fn observe(&self, observation: &mut [f64]) {
        let mut at = 0;
        self.task.observe(&self.physics, &mut |_, numbers| {
            observation[at..at + numbers.len()].copy_from_slice(numbers);
            at += numbers.len();
        });
        assert_eq!(at, observation.len(), "the buffer holds the whole observation");
    }

    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError> {
        let shot = Shot {
            camera: self.camera,
            quality: self.quality,
            view: self.distraction.view(self.env_step),
            shifts: self.distraction.shifts(),
        };
        self.renderer.draw(&mut self.physics, shot, frame)
    }

    fn set_camera(&mut self, camera: usize) -> Result<(), EnvError> {
        let count = self.physics.model().ncam() as usize;
        if camera >= count {
            return Err(EnvError::Camera { id: self.spec.id.clone(), camera, count });
        }
        self.camera = camera;
        Ok(())
    }

    fn set_quality(&mut self, quality: Quality) {
        self.quality = quality;
    }

    fn state(&self) -> Option<EnvState> {
        let mut state = self.simulation_state().to_env_state();
        self.distraction.save(&mut state);
        Some(state)
    }

    fn set_state(&mut self, state: &EnvState) -> Result<(), EnvError> {
        self.running = false;
        let refused = |problem| EnvError::State { id: self.spec.id.clone(), problem };
        let mut state = state.clone();
        let drawn = self.distraction.take_from(&mut state).map_err(refused)?;
        let state = State::from_env_state(&state).map_err(refused)?;
        self.set_simulation_state(&state)?;
        self.distraction.restore(drawn);
        Ok(())
    }
}
