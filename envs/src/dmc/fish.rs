//! Fish: a fish in water, without weight, turns upright or swims to a target.

use std::ops::{Range, RangeFrom};

use rand::Rng;

use super::geometry::{between, length, seen_from};
use super::model::Model;
use super::physics::Physics;
use super::randomize::{uniform, uniform_rotation};
use super::rewards::Tolerance;
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const UPRIGHT: TaskEntry = TaskEntry {
    domain: "fish",
    name: "upright",
    model: Model::File("fish.xml"),
    time_limit: 40.0,
    control_timestep: Some(0.04),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 256, rings: 16 },
    rules: |physics| Fish::rules(physics, Goal::Upright),
};

pub(super) const TASKS: &[TaskEntry] = &[
    UPRIGHT,
    TaskEntry { name: "swim", rules: |physics| Fish::rules(physics, Goal::Target), ..UPRIGHT },
];

/// The numbers of the free joint come first in `qpos`, a place and a rotation, and the angles of
/// tail and fins follow.
const ROTATION: Range<usize> = 3..7;
const JOINTS: RangeFrom<usize> = 7..;

const UPRIGHT_BACK: Tolerance = Tolerance::exactly(1.0).with_margin(1.0);

#[derive(Clone, Copy, Debug)]
enum Goal {
    Upright,
    Target,
}

#[derive(Debug)]
struct Fish {
    goal: Goal,
    torso: usize,
    mouth: usize,
    target: usize,
    /// Of the distance from mouth to target.
    in_target: Tolerance,
}

impl Fish {
    fn rules(physics: &Physics, goal: Goal) -> Result<Box<dyn Task>, EnvError> {
        let (mouth, target) = (physics.geom("mouth")?, physics.geom("target")?);
        let sizes = physics.model().geom_size();
        let radii = sizes[mouth][0] + sizes[target][0];
        Ok(Box::new(Self {
            goal,
            torso: physics.body("torso")?,
            mouth,
            target,
            in_target: Tolerance::within(0.0, radii).with_margin(2.0 * radii),
        }))
    }

    /// Cosine of the angle between the fish's height and the vertical.
    fn upright(&self, physics: &Physics) -> f64 {
        physics.data().xmat()[self.torso][8]
    }

    fn mouth_to_target(&self, physics: &Physics) -> [f64; 3] {
        let places = physics.data().geom_xpos();
        let mouth = &physics.data().geom_xmat()[self.mouth];
        seen_from(mouth, between(places[self.mouth], places[self.target]))
    }
}

impl Task for Fish {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        let qpos = physics.data_mut().qpos_mut();
        qpos[ROTATION].copy_from_slice(&uniform_rotation(rng));
        qpos[JOINTS].fill_with(|| uniform(rng, -0.2, 0.2));
        match self.goal {
            Goal::Upright => {
                let opacity = 4 * self.target + 3;
                physics.set_model(ModelField::GeomRgba, opacity, 0.0)
            }
            Goal::Target => {
                let at = 3 * self.target;
                physics.set_model(ModelField::GeomPos, at, uniform(rng, -0.4, 0.4))?;
                physics.set_model(ModelField::GeomPos, at + 1, uniform(rng, -0.4, 0.4))?;
                physics.set_model(ModelField::GeomPos, at + 2, uniform(rng, 0.1, 0.3))
            }
        }
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        part("joint_angles", &physics.data().qpos()[JOINTS]);
        part("upright", &[self.upright(physics)]);
        match self.goal {
            Goal::Upright => {}
            Goal::Target => part("target", &self.mouth_to_target(physics)),
        }
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let upright = self.upright(physics);
        match self.goal {
            Goal::Upright => UPRIGHT_BACK.of(upright),
            Goal::Target => {
                let in_target = self.in_target.of(length(&self.mouth_to_target(physics)));
                (7.0 * in_target + (upright + 1.0) / 2.0) / 8.0
            }
        }
    }
}
