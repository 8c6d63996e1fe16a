//! Walker: a planar biped with feet stands up, walks and runs.

use rand::Rng;

use super::model::Model;
use super::physics::Physics;
use super::randomize::randomize_joints;
use super::rewards::{Sigmoid, Tolerance};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const WALK: TaskEntry = TaskEntry {
    domain: "walker",
    name: "walk",
    model: Model::File("walker.xml"),
    time_limit: 25.0,
    control_timestep: Some(0.025),
    action_repeat: 2,
    camera: 0,
    reduced: Detail { shadow_map: 2048, rings: 6 },
    rules: |physics| Walker::rules(physics, Some(1.0)),
};

/// What the tasks have in common that the paper does not list.
const OTHER: TaskEntry = TaskEntry { action_repeat: 4, ..WALK };

pub(super) const TASKS: &[TaskEntry] = &[
    WALK,
    TaskEntry { name: "stand", rules: |physics| Walker::rules(physics, None), ..OTHER },
    TaskEntry { name: "run", rules: |physics| Walker::rules(physics, Some(8.0)), ..OTHER },
];

/// Metres of the torso above the ground.
const STAND_HEIGHT: f64 = 1.2;
const STANDING: Tolerance = Tolerance::at_least(STAND_HEIGHT).with_margin(STAND_HEIGHT / 2.0);

#[derive(Debug)]
struct Walker {
    /// For the speed that is asked for, if any is.
    moving: Option<Tolerance>,
    torso: usize,
    /// Place of the body's forward velocity in `sensordata`.
    speed: usize,
}

impl Walker {
    /// Rules that ask for standing, and for a speed in metres per second where there is one.
    fn rules(physics: &Physics, speed: Option<f64>) -> Result<Box<dyn Task>, EnvError> {
        let moving = |speed| {
            Tolerance::at_least(speed).with_margin(speed / 2.0).falling(Sigmoid::Linear, 0.5)
        };
        Ok(Box::new(Self {
            moving: speed.map(moving),
            torso: physics.body("torso")?,
            speed: physics.sensor("torso_subtreelinvel")?.start,
        }))
    }

    fn height(&self, physics: &Physics) -> f64 {
        physics.data().xpos()[self.torso][2]
    }
}

impl Task for Walker {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        randomize_joints(physics, rng);
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        // Each body turns in the x-z plane; the first body is the world, which does not.
        let bodies = &physics.data().xmat()[1..];
        let orientations: Vec<f64> =
            bodies.iter().flat_map(|rotation| [rotation[0], rotation[2]]).collect();
        part("orientations", &orientations);
        part("height", &[self.height(physics)]);
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let standing = STANDING.of(self.height(physics));
        let upright = (1.0 + physics.data().xmat()[self.torso][8]) / 2.0;
        let stand = (3.0 * standing + upright) / 4.0;
        match self.moving {
            None => stand,
            Some(moving) => {
                let moving = moving.of(physics.data().sensordata()[self.speed]);
                stand * (5.0 * moving + 1.0) / 6.0
            }
        }
    }
}
