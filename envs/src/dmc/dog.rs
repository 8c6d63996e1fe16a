//! Dog: a body of 38 actuators, of which some bend the spine, neck and tail through tendons, stands,
//! walks, trots, runs, and fetches a ball.
//!
//! Sources: dm_control 1.0.50, `suite/dog.py` and `suite/dog.xml`; Tunyasuvunakool et al. 2020
//! (arXiv:2006.12983).

mod fetch;

use std::f64::consts::TAU;
use std::ops::Range;

use mujoco_rs::prelude::*;
use rand::Rng;

use self::fetch::Fetch;
use super::geometry::seen_from;
use super::model::{Model, Tree, set};
use super::physics::Physics;
use super::randomize::{normal, uniform};
use super::rewards::{Sigmoid, Tolerance, upright_within};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const STAND: TaskEntry = TaskEntry {
    domain: "dog",
    name: "stand",
    model: Model::Edited("dog.xml", |tree| bare_floor(tree, TIME_LIMIT * WALK_SPEED)),
    time_limit: TIME_LIMIT,
    control_timestep: Some(0.015),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 1536, rings: 4 },
    rules: |physics| Dog::rules(physics, Goal::Stand),
};

pub(super) const TASKS: &[TaskEntry] = &[
    STAND,
    TaskEntry { name: "walk", rules: |physics| Dog::rules(physics, moving(WALK_SPEED)), ..STAND },
    TaskEntry {
        name: "trot",
        model: Model::Edited("dog.xml", |tree| bare_floor(tree, TIME_LIMIT * TROT_SPEED)),
        rules: |physics| Dog::rules(physics, moving(TROT_SPEED)),
        ..STAND
    },
    TaskEntry {
        name: "run",
        model: Model::Edited("dog.xml", |tree| bare_floor(tree, TIME_LIMIT * RUN_SPEED)),
        rules: |physics| Dog::rules(physics, moving(RUN_SPEED)),
        ..STAND
    },
    TaskEntry {
        name: "fetch",
        model: Model::Edited("dog.xml", make_room),
        // From the dog's side, as in the other tasks. The first camera here stays in the middle of
        // the arena, turns after the ball, and shows nothing of the dog.
        camera: 2,
        rules: Fetch::rules,
        ..STAND
    },
];

/// Seconds of an episode.
const TIME_LIMIT: f64 = 15.0;
/// Metres per second.
const WALK_SPEED: f64 = 1.0;
const TROT_SPEED: f64 = 3.0;
const RUN_SPEED: f64 = 9.0;

/// Where the torso's free joint has its rotation in `qpos`, and what moves and turns the torso on
/// the ground in `qvel`. That joint comes first, the hinges next, and a ball last.
const ROTATION: Range<usize> = 3..7;
const ON_THE_GROUND: [usize; 3] = [0, 1, 5];
const FIRST_HINGE_QPOS: usize = 7;
const FIRST_HINGE_QVEL: usize = 6;

/// A floor of a half-width in metres, and nothing on it but the dog.
fn bare_floor(tree: &mut Tree, half_width: f64) -> Result<(), EnvError> {
    make_room(tree)?;
    set(tree.named("geom", "floor")?, "size", format!("{half_width} {half_width} .1"));
    for wall in ["wall_px", "wall_py", "wall_nx", "wall_ny"] {
        tree.remove("geom", wall)?;
    }
    tree.remove("body", "ball")?;
    tree.remove("geom", "target")?;
    tree.remove("camera", "ball")?;
    tree.remove("camera", "head")
}

/// Gives the simulation memory for a dog whose every part touches others, which took up to 79 MiB in
/// two thousand states: where the model's own 49 MiB do not do, MuJoCo may end the process. What it
/// does not touch costs nothing, and no number depends on it.
fn make_room(tree: &mut Tree) -> Result<(), EnvError> {
    let size = tree.at(&["size"])?;
    // A number of constraints, which MuJoCo takes a memory from and refuses beside it.
    size.attributes.remove("njmax");
    set(size, "memory", "256M");
    Ok(())
}

/// The dog's own parts, and where they lie in the simulation's arrays.
#[derive(Debug)]
struct Body {
    skull: usize,
    torso: usize,
    pelvis: usize,
    /// The hinges' places in `qpos`, and those of their velocities in `qvel`.
    angles: Range<usize>,
    angular_velocities: Range<usize>,
    /// Places in `sensordata`: the velocity of the whole body's centre of mass, what the head feels
    /// of motion, forces in the ankles and wrists, and weights on the paws.
    velocity: Range<usize>,
    inertial: Range<usize>,
    forces: Range<usize>,
    touch: Range<usize>,
    /// For the heights of torso and pelvis, in metres.
    torso_high: Tolerance,
    pelvis_high: Tolerance,
    upright: Tolerance,
    /// For the weight on all paws, in newtons.
    on_paws: Tolerance,
}

impl Body {
    /// Looks at a simulation in the model's own start, where the dog stands.
    fn new(physics: &Physics) -> Result<Self, EnvError> {
        let (model, data) = (physics.model(), physics.data());
        let kinds = model.jnt_type().iter();
        let hinges = kinds.filter(|&&kind| kind == MjtJoint::mjJNT_HINGE).count();
        let sensors = |first, last| {
            Ok::<_, EnvError>(physics.sensor(first)?.start..physics.sensor(last)?.end)
        };
        let (torso, pelvis) = (physics.body("torso")?, physics.body("pelvis")?);
        let high = |body: usize| {
            let height = 0.9 * data.xpos()[body][2];
            Tolerance::at_least(height).with_margin(height)
        };
        let weight = -model.opt().gravity[2] * model.body_subtreemass()[torso];
        Ok(Self {
            skull: physics.body("skull")?,
            torso,
            pelvis,
            angles: FIRST_HINGE_QPOS..FIRST_HINGE_QPOS + hinges,
            angular_velocities: FIRST_HINGE_QVEL..FIRST_HINGE_QVEL + hinges,
            velocity: physics.sensor("torso_linvel")?,
            inertial: sensors("accelerometer", "gyro")?,
            forces: sensors("foot_L", "hand_R")?,
            touch: sensors("palm_L", "sole_R")?,
            torso_high: high(torso),
            pelvis_high: high(pelvis),
            upright: upright_within(30.0),
            on_paws: Tolerance::at_least(weight).with_margin(weight).falling(Sigmoid::Linear, 0.9),
        })
    }

    /// Turns the dog, and lets it move on the ground, with any activation of its actuators. All
    /// else is at the model's own start.
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) {
        let (low, high) = physics.control_bounds();
        let data = physics.data_mut();
        let (sin, cos) = (uniform(rng, 0.0, TAU) / 2.0).sin_cos();
        data.qpos_mut()[ROTATION].copy_from_slice(&[cos, 0.0, 0.0, sin]);
        for at in ON_THE_GROUND {
            data.qvel_mut()[at] = 2.0 * normal(rng);
        }
        // Each actuator has one activation.
        for (activation, (low, high)) in data.act_mut().iter_mut().zip(low.into_iter().zip(high)) {
            *activation = uniform(rng, low, high);
        }
    }

    /// Heights of torso and pelvis.
    fn heights(&self, physics: &Physics) -> [f64; 2] {
        [self.torso, self.pelvis].map(|body| physics.data().xpos()[body][2])
    }

    /// The velocity of the centre of mass as the torso sees it.
    fn velocity(&self, physics: &Physics) -> [f64; 3] {
        let [x, y, z] =
            [0, 1, 2].map(|axis| physics.data().sensordata()[self.velocity.start + axis]);
        seen_from(&physics.data().xmat()[self.torso], [x, y, z])
    }

    /// Upward parts of the axes of skull, torso and pelvis, of which the last points up when the dog
    /// stands.
    fn upward_axes(&self, physics: &Physics) -> [[f64; 3]; 3] {
        let rotations = physics.data().xmat();
        [self.skull, self.torso, self.pelvis].map(|body| [6, 7, 8].map(|at| rotations[body][at]))
    }

    /// How well the dog stands.
    fn standing(&self, physics: &Physics) -> f64 {
        let [torso, pelvis] = self.heights(physics);
        let axes = self.upward_axes(physics);
        let upright: f64 = axes.iter().map(|&[.., up]| self.upright.of(up)).product();
        let weight = physics.data().sensordata()[self.touch.clone()].iter().sum();
        self.torso_high.of(torso) * self.pelvis_high.of(pelvis) * upright * self.on_paws.of(weight)
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let data = physics.data();
        let sensors = data.sensordata();
        part("joint_angles", &data.qpos()[self.angles.clone()]);
        // The original's name of it.
        part("joint_velocites", &data.qvel()[self.angular_velocities.clone()]);
        part("torso_pelvis_height", &self.heights(physics));
        part("z_projection", self.upward_axes(physics).as_flattened());
        part("torso_com_velocity", &self.velocity(physics));
        part("inertial_sensors", &sensors[self.inertial.clone()]);
        part("foot_forces", &sensors[self.forces.clone()]);
        part("touch_sensors", &sensors[self.touch.clone()]);
        part("actuator_state", data.act());
    }
}

#[derive(Debug)]
enum Goal {
    Stand,
    /// Stand and move, with this for the forward speed.
    Move(Tolerance),
}

/// Move forward at a speed in metres per second, or at most twice as fast.
fn moving(speed: f64) -> Goal {
    let margin = speed.max(1.0);
    let wanted = Tolerance::within(speed, 2.0 * speed).with_margin(margin);
    Goal::Move(wanted.falling(Sigmoid::Linear, 0.0))
}

/// The tasks without a ball.
#[derive(Debug)]
struct Dog {
    body: Body,
    goal: Goal,
}

impl Dog {
    fn rules(physics: &Physics, goal: Goal) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self { body: Body::new(physics)?, goal }))
    }
}

impl Task for Dog {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.body.reset(physics, rng);
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        self.body.observe(physics, part);
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let standing = self.body.standing(physics);
        match &self.goal {
            Goal::Stand => standing,
            Goal::Move(wanted) => {
                let [forward, ..] = self.body.velocity(physics);
                standing * (4.0 * wanted.of(forward) + 1.0) / 5.0
            }
        }
    }
}
