//! Pendulum: a pole on a hinge, whose motor is too weak to lift it at once, swings up and stays
//! there.

use std::f64::consts::PI;

use rand::Rng;

use super::model::Model;
use super::physics::Physics;
use super::randomize::uniform;
use super::rewards::Tolerance;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

pub(super) const TASKS: &[TaskEntry] = &[TaskEntry {
    domain: "pendulum",
    name: "swingup",
    model: Model::File("pendulum.xml"),
    time_limit: 20.0,
    control_timestep: None,
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 4 },
    rules: Pendulum::rules,
}];

/// Degrees from upright within which the pole counts as swung up.
const ANGLE_BOUND: f64 = 8.0;

#[derive(Debug)]
struct Pendulum {
    pole: usize,
    /// For the cosine of the pole's angle from upright.
    upright: Tolerance,
}

impl Pendulum {
    fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        let upright = Tolerance::within(ANGLE_BOUND.to_radians().cos(), 1.0);
        Ok(Box::new(Self { pole: physics.body("pole")?, upright }))
    }

    fn rotation(&self, physics: &Physics) -> [f64; 9] {
        physics.data().xmat()[self.pole]
    }
}

impl Task for Pendulum {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        physics.data_mut().qpos_mut().fill_with(|| uniform(rng, -PI, PI));
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let rotation = self.rotation(physics);
        part("orientation", &[rotation[8], rotation[2]]);
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        self.upright.of(self.rotation(physics)[8])
    }
}
