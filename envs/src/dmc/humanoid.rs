//! Humanoid: a simplified human body stands up, walks and runs. The rules hold for the body of
//! `humanoid_cmu` too.

use std::ops::{Range, RangeFrom};

use rand::Rng;

use super::geometry::{between, length, seen_from};
use super::model::Model;
use super::physics::Physics;
use super::randomize::{randomize_joints, until_free_of_contacts};
use super::rewards::{Sigmoid, Tolerance};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const STAND: TaskEntry = TaskEntry {
    domain: "humanoid",
    name: "stand",
    model: Model::File("humanoid.xml"),
    time_limit: 25.0,
    control_timestep: Some(0.025),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 2048, rings: 8 },
    rules: |physics| Humanoid::rules(physics, &NAMES, Goal::Stand, Observation::Features),
};

pub(super) const TASKS: &[TaskEntry] = &[
    STAND,
    TaskEntry {
        name: "walk",
        rules: |physics| Humanoid::rules(physics, &NAMES, WALK, Observation::Features),
        ..STAND
    },
    TaskEntry {
        name: "run",
        rules: |physics| Humanoid::rules(physics, &NAMES, RUN, Observation::Features),
        ..STAND
    },
    TaskEntry {
        name: "run_pure_state",
        rules: |physics| Humanoid::rules(physics, &NAMES, RUN, Observation::PureState),
        ..STAND
    },
];

const NAMES: Names = Names {
    trunk: "torso",
    trunk_up: 8,
    trunk_velocity: "torso_subtreelinvel",
    extremities: ["left_hand", "left_foot", "right_hand", "right_foot"],
};

/// What a model calls the parts that the rules look at.
pub(super) struct Names {
    /// The body that observations are relative to.
    pub trunk: &'static str,
    /// Where the trunk's rotation holds the height of the axis that points up when it stands.
    pub trunk_up: usize,
    /// The sensor of the velocity of the whole body's centre of mass.
    pub trunk_velocity: &'static str,
    /// Hands and feet, in the order in which they are observed.
    pub extremities: [&'static str; 4],
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    Stand,
    /// Move in any direction at this speed, in metres per second.
    Move(f64),
}

pub(super) const WALK: Goal = Goal::Move(1.0);
pub(super) const RUN: Goal = Goal::Move(10.0);

#[derive(Clone, Copy, Debug)]
pub(super) enum Observation {
    Features,
    /// All of `qpos` and `qvel`, the place on the ground too.
    PureState,
}

/// Metres of the head above the ground.
const STAND_HEIGHT: f64 = 1.4;
const STANDING: Tolerance = Tolerance::at_least(STAND_HEIGHT).with_margin(STAND_HEIGHT / 4.0);
const UPRIGHT: Tolerance = Tolerance::at_least(0.9).with_margin(1.9).falling(Sigmoid::Linear, 0.0);
const SMALL_CONTROL: Tolerance =
    Tolerance::exactly(0.0).with_margin(1.0).falling(Sigmoid::Quadratic, 0.0);
const NOT_MOVING: Tolerance = Tolerance::exactly(0.0).with_margin(2.0);

/// The numbers of the free joint come first in `qpos`, and the angles of all others follow.
const JOINTS: RangeFrom<usize> = 7..;

#[derive(Debug)]
pub(super) struct Humanoid {
    goal: Goal,
    observation: Observation,
    head: usize,
    trunk: usize,
    trunk_up: usize,
    trunk_velocity: Range<usize>,
    extremities: [usize; 4],
}

impl Humanoid {
    pub(super) fn rules(
        physics: &Physics,
        names: &Names,
        goal: Goal,
        observation: Observation,
    ) -> Result<Box<dyn Task>, EnvError> {
        let mut extremities = [0; 4];
        for (body, name) in extremities.iter_mut().zip(names.extremities) {
            *body = physics.body(name)?;
        }
        Ok(Box::new(Self {
            goal,
            observation,
            head: physics.body("head")?,
            trunk: physics.body(names.trunk)?,
            trunk_up: names.trunk_up,
            trunk_velocity: physics.sensor(names.trunk_velocity)?,
            extremities,
        }))
    }

    fn head_height(&self, physics: &Physics) -> f64 {
        physics.data().xpos()[self.head][2]
    }

    fn trunk_rotation<'a>(&self, physics: &'a Physics) -> &'a [f64; 9] {
        &physics.data().xmat()[self.trunk]
    }

    fn velocity<'a>(&self, physics: &'a Physics) -> &'a [f64] {
        &physics.data().sensordata()[self.trunk_velocity.clone()]
    }

    /// Hands and feet as the trunk sees them.
    fn extremities(&self, physics: &Physics) -> Vec<f64> {
        let places = physics.data().xpos();
        let rotation = self.trunk_rotation(physics);
        let seen = |&limb: &usize| seen_from(rotation, between(places[self.trunk], places[limb]));
        self.extremities.iter().flat_map(seen).collect()
    }
}

impl Task for Humanoid {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        until_free_of_contacts(physics, |physics| {
            randomize_joints(physics, rng);
            Ok(())
        })
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let data = physics.data();
        match self.observation {
            Observation::Features => {
                part("joint_angles", &data.qpos()[JOINTS]);
                part("head_height", &[self.head_height(physics)]);
                part("extremities", &self.extremities(physics));
                part("torso_vertical", &self.trunk_rotation(physics)[6..]);
                part("com_velocity", self.velocity(physics));
            }
            Observation::PureState => part("position", data.qpos()),
        }
        part("velocity", data.qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let standing = STANDING.of(self.head_height(physics));
        let upright = UPRIGHT.of(self.trunk_rotation(physics)[self.trunk_up]);
        let small_control = (4.0 + mean_of(SMALL_CONTROL, physics.data().ctrl())) / 5.0;
        let horizontal = &self.velocity(physics)[..2];
        let moving = match self.goal {
            Goal::Stand => mean_of(NOT_MOVING, horizontal),
            Goal::Move(speed) => {
                let fast =
                    Tolerance::at_least(speed).with_margin(speed).falling(Sigmoid::Linear, 0.0);
                (5.0 * fast.of(length(horizontal)) + 1.0) / 6.0
            }
        };
        small_control * (standing * upright) * moving
    }
}

fn mean_of(tolerance: Tolerance, numbers: &[f64]) -> f64 {
    numbers.iter().map(|&number| tolerance.of(number)).sum::<f64>() / numbers.len() as f64
}
