//! Acrobot: a chain of two poles, driven at the elbow alone, swings up to a target above it.

use std::f64::consts::PI;

use rand::Rng;

use super::geometry::{between, length};
use super::model::Model;
use super::physics::Physics;
use super::randomize::uniform;
use super::rewards::Tolerance;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const SWINGUP: TaskEntry = TaskEntry {
    domain: "acrobot",
    name: "swingup",
    model: Model::File("acrobot.xml"),
    time_limit: 10.0,
    control_timestep: None,
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 4 },
    rules: |physics| Acrobot::rules(physics, Reward::Smooth),
};

pub(super) const TASKS: &[TaskEntry] = &[
    SWINGUP,
    TaskEntry {
        name: "swingup_sparse",
        rules: |physics| Acrobot::rules(physics, Reward::Sparse),
        ..SWINGUP
    },
];

#[derive(Clone, Copy, Debug)]
enum Reward {
    /// Falls over a metre outside the target.
    Smooth,
    /// Inside the target only.
    Sparse,
}

#[derive(Debug)]
struct Acrobot {
    /// For the tip's distance from the middle of the target.
    near: Tolerance,
    upper_arm: usize,
    lower_arm: usize,
    /// Sites.
    tip: usize,
    target: usize,
}

impl Acrobot {
    fn rules(physics: &Physics, reward: Reward) -> Result<Box<dyn Task>, EnvError> {
        let target = physics.site("target")?;
        let inside = Tolerance::within(0.0, physics.model().site_size()[target][0]);
        let near = match reward {
            Reward::Smooth => inside.with_margin(1.0),
            Reward::Sparse => inside,
        };
        Ok(Box::new(Self {
            near,
            upper_arm: physics.body("upper_arm")?,
            lower_arm: physics.body("lower_arm")?,
            tip: physics.site("tip")?,
            target,
        }))
    }

    /// Metres from the tip to the middle of the target.
    fn distance(&self, physics: &Physics) -> f64 {
        let positions = physics.data().site_xpos();
        length(&between(positions[self.tip], positions[self.target]))
    }
}

impl Task for Acrobot {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        physics.data_mut().qpos_mut().fill_with(|| uniform(rng, -PI, PI));
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let rotations = physics.data().xmat();
        let (upper, lower) = (rotations[self.upper_arm], rotations[self.lower_arm]);
        part("orientations", &[upper[2], lower[2], upper[8], lower[8]]);
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        self.near.of(self.distance(physics))
    }
}
