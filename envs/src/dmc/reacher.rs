//! Reacher: a planar arm of two links brings its finger to a target.

use std::f64::consts::TAU;

use rand::Rng;

use super::geometry::length;
use super::model::Model;
use super::physics::Physics;
use super::randomize::{randomize_joints, uniform};
use super::rewards::Tolerance;
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const EASY: TaskEntry = TaskEntry {
    domain: "reacher",
    name: "easy",
    model: Model::File("reacher.xml"),
    time_limit: 20.0,
    control_timestep: None,
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 1024, rings: 8 },
    rules: |physics| Reacher::rules(physics, 0.05),
};

pub(super) const TASKS: &[TaskEntry] =
    &[EASY, TaskEntry { name: "hard", rules: |physics| Reacher::rules(physics, 0.015), ..EASY }];

#[derive(Debug)]
struct Reacher {
    /// Radius of the target in metres.
    target_size: f64,
    target: usize,
    finger: usize,
}

impl Reacher {
    fn rules(physics: &Physics, target_size: f64) -> Result<Box<dyn Task>, EnvError> {
        let (target, finger) = (physics.geom("target")?, physics.geom("finger")?);
        Ok(Box::new(Self { target_size, target, finger }))
    }

    fn finger_to_target(&self, physics: &Physics) -> [f64; 2] {
        let positions = physics.data().geom_xpos();
        let ([x, y, _], [finger_x, finger_y, _]) = (positions[self.target], positions[self.finger]);
        [x - finger_x, y - finger_y]
    }
}

impl Task for Reacher {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        let at = 3 * self.target;
        physics.set_model(ModelField::GeomSize, at, self.target_size)?;
        randomize_joints(physics, rng);
        let angle = uniform(rng, 0.0, TAU);
        let radius = uniform(rng, 0.05, 0.20);
        physics.set_model(ModelField::GeomPos, at, radius * angle.sin())?;
        physics.set_model(ModelField::GeomPos, at + 1, radius * angle.cos())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        part("position", physics.data().qpos());
        part("to_target", &self.finger_to_target(physics));
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let sizes = physics.model().geom_size();
        let radii = sizes[self.target][0] + sizes[self.finger][0];
        Tolerance::within(0.0, radii).of(length(&self.finger_to_target(physics)))
    }
}
