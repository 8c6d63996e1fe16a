//! Quadruped: a body on four legs walks, runs, escapes from a bowl, and fetches a ball.

mod escape;
mod fetch;
mod terrain;

use std::ops::Range;

use mujoco_rs::prelude::*;
use rand::Rng;

use self::escape::Escape;
use self::fetch::Fetch;
use super::model::{Model, Tree, set};
use super::physics::Physics;
use super::randomize::uniform_rotation;
use super::rewards::{Sigmoid, Tolerance, upright_within};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const WALK: TaskEntry = TaskEntry {
    domain: "quadruped",
    name: "walk",
    model: Model::Edited("quadruped.xml", |tree| bare_floor(tree, TIME_LIMIT * WALK_SPEED)),
    time_limit: TIME_LIMIT,
    control_timestep: Some(0.02),
    action_repeat: 4,
    camera: 2,
    reduced: Detail { shadow_map: 1024, rings: 8 },
    rules: |physics| Move::rules(physics, WALK_SPEED),
};

pub(super) const TASKS: &[TaskEntry] = &[
    WALK,
    TaskEntry {
        name: "run",
        model: Model::Edited("quadruped.xml", |tree| bare_floor(tree, TIME_LIMIT * RUN_SPEED)),
        rules: |physics| Move::rules(physics, RUN_SPEED),
        ..WALK
    },
    TaskEntry {
        name: "escape",
        model: Model::Edited("quadruped.xml", |tree| {
            resize_floor(tree, 40.0)?;
            remove_ball(tree)
        }),
        // Each bump throws shadows on the next.
        reduced: Detail { shadow_map: 2048, rings: 8 },
        rules: Escape::rules,
        ..WALK
    },
    TaskEntry {
        name: "fetch",
        model: Model::Edited("quadruped.xml", |tree| {
            tree.remove("geom", "terrain")?;
            remove_rangefinders(tree)
        }),
        rules: Fetch::rules,
        ..WALK
    },
];

/// Seconds of an episode.
const TIME_LIMIT: f64 = 20.0;
/// Metres per second.
const WALK_SPEED: f64 = 0.5;
const RUN_SPEED: f64 = 5.0;

/// A floor of a half-width in metres, and nothing on it but the body.
fn bare_floor(tree: &mut Tree, half_width: f64) -> Result<(), EnvError> {
    resize_floor(tree, half_width)?;
    remove_ball(tree)?;
    tree.remove("geom", "terrain")?;
    remove_rangefinders(tree)
}

fn resize_floor(tree: &mut Tree, half_width: f64) -> Result<(), EnvError> {
    set(tree.named("geom", "floor")?, "size", format!("{half_width} {half_width} .5"));
    Ok(())
}

/// Takes out the ball, its target, and the walls that keep it in.
fn remove_ball(tree: &mut Tree) -> Result<(), EnvError> {
    for wall in ["wall_px", "wall_py", "wall_nx", "wall_ny"] {
        tree.remove("geom", wall)?;
    }
    tree.remove("body", "ball")?;
    tree.remove("site", "target")
}

fn remove_rangefinders(tree: &mut Tree) -> Result<(), EnvError> {
    let sensors = tree.at(&["sensor"])?;
    sensors
        .children
        .retain(|node| node.as_element().is_none_or(|sensor| sensor.name != "rangefinder"));
    Ok(())
}

/// The body's own parts, and where they lie in the simulation's arrays.
#[derive(Debug)]
struct Body {
    torso: usize,
    /// The free joint's place in `qpos`.
    root: usize,
    /// The hinges' places in `qpos`, and those of their velocities in `qvel`.
    angles: Range<usize>,
    angular_velocities: Range<usize>,
    /// Places in `sensordata`.
    velocity: Range<usize>,
    inertial: Range<usize>,
    forces: Range<usize>,
}

impl Body {
    fn new(physics: &Physics) -> Result<Self, EnvError> {
        let kinds = physics.model().jnt_type().iter();
        let hinges = kinds.filter(|&&kind| kind == MjtJoint::mjJNT_HINGE).count();
        // The hinges follow one another in the model.
        let (qpos, qvel) =
            (physics.joint_qpos("yaw_front_left")?, physics.joint_dof("yaw_front_left")?);
        let sensors = |first, last| {
            Ok::<_, EnvError>(physics.sensor(first)?.start..physics.sensor(last)?.end)
        };
        Ok(Self {
            torso: physics.body("torso")?,
            root: physics.joint_qpos("root")?,
            angles: qpos..qpos + hinges,
            angular_velocities: qvel..qvel + hinges,
            velocity: physics.sensor("velocimeter")?,
            inertial: sensors("imu_accel", "imu_gyro")?,
            forces: sensors("force_toe_front_left", "torque_toe_back_left")?,
        })
    }

    /// The cosine of the angle between the torso's and the world's upward axes.
    fn uprightness(&self, physics: &Physics) -> f64 {
        physics.data().xmat()[self.torso][8]
    }

    /// Turns the body, and lifts it out of the ground, a centimetre at a time, until it touches
    /// nothing. All else is at the model's own start.
    ///
    /// # Errors
    /// [`EnvError::NoFreeStart`] after as many attempts as dm_control makes.
    fn place(
        &self,
        physics: &mut Physics,
        [x, y]: [f64; 2],
        turn: [f64; 4],
    ) -> Result<(), EnvError> {
        const ATTEMPTS: usize = 10_000;
        for attempt in 0..ATTEMPTS {
            physics.clear();
            let root = &mut physics.data_mut().qpos_mut()[self.root..self.root + 7];
            root[..3].copy_from_slice(&[x, y, 0.01 * attempt as f64]);
            root[3..].copy_from_slice(&turn);
            // Within the ground MuJoCo may find more contacts than it has room for.
            if physics.forward().is_ok() && physics.data().ncon() == 0 {
                return Ok(());
            }
        }
        Err(EnvError::NoFreeStart { attempts: ATTEMPTS })
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let data = physics.data();
        let own = [
            &data.qpos()[self.angles.clone()],
            &data.qvel()[self.angular_velocities.clone()],
            data.act(),
        ];
        part("egocentric_state", &own.concat());
        let sensors = data.sensordata();
        part("torso_velocity", &sensors[self.velocity.clone()]);
        part("torso_upright", &[self.uprightness(physics)]);
        part("imu", &sensors[self.inertial.clone()]);
        let forces: Vec<f64> =
            sensors[self.forces.clone()].iter().map(|force| force.asinh()).collect();
        part("force_torque", &forces);
    }
}

/// The tasks of moving forward.
#[derive(Debug)]
struct Move {
    body: Body,
    upright: Tolerance,
    moving: Tolerance,
}

impl Move {
    /// Rules that ask for a speed in metres per second.
    fn rules(physics: &Physics, speed: f64) -> Result<Box<dyn Task>, EnvError> {
        let moving = Tolerance::at_least(speed).with_margin(speed).falling(Sigmoid::Linear, 0.5);
        Ok(Box::new(Self { body: Body::new(physics)?, upright: upright_within(0.0), moving }))
    }
}

impl Task for Move {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.body.place(physics, [0.0, 0.0], uniform_rotation(rng))
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        self.body.observe(physics, part);
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let forward = physics.data().sensordata()[self.body.velocity.start];
        self.upright.of(self.body.uprightness(physics)) * self.moving.of(forward)
    }
}
