//! Manipulator: a planar arm with a hand brings a ball or a peg to a target, which may lie in a cup
//! or a slot.

use std::f64::consts::{FRAC_PI_3, PI, TAU};

use rand::{Rng, RngExt};

use super::model::{Model, Tree};
use super::physics::Physics;
use super::planar_arm::{PlanarArm, all, distance, pose};
use super::randomize::{uniform, until_free_of_contacts};
use super::rewards::Tolerance;
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const BRING_BALL: TaskEntry = TaskEntry {
    domain: "manipulator",
    name: "bring_ball",
    model: Model::Edited("manipulator.xml", |tree| keep(tree, &["ball", "target_ball"])),
    time_limit: 10.0,
    control_timestep: Some(0.01),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 4 },
    rules: |physics| Manipulator::rules(physics, &BALL, Goal::InTheAir),
};

pub(super) const TASKS: &[TaskEntry] = &[
    BRING_BALL,
    TaskEntry {
        name: "bring_peg",
        model: Model::Edited("manipulator.xml", |tree| keep(tree, &["peg", "target_peg"])),
        rules: |physics| Manipulator::rules(physics, &PEG, Goal::InTheAir),
        ..BRING_BALL
    },
    TaskEntry {
        name: "insert_ball",
        model: Model::Edited("manipulator.xml", |tree| keep(tree, &["ball", "target_ball", "cup"])),
        rules: |physics| Manipulator::rules(physics, &BALL, Goal::InReceptacle),
        ..BRING_BALL
    },
    TaskEntry {
        name: "insert_peg",
        model: Model::Edited("manipulator.xml", |tree| keep(tree, &["peg", "target_peg", "slot"])),
        rules: |physics| Manipulator::rules(physics, &PEG, Goal::InReceptacle),
        ..BRING_BALL
    },
];

/// What the file of the model has of movable bodies, targets and receptacles.
const PROPS: [&str; 6] = ["ball", "target_ball", "cup", "peg", "target_peg", "slot"];

/// Metres within which things are at the same place.
const CLOSE: Tolerance = Tolerance::within(0.0, 0.01).with_margin(0.02);

/// Probabilities of a start with the object in the hand, and with the object at the target.
const IN_HAND: f64 = 0.1;
const AT_TARGET: f64 = 0.1;

/// Takes out of the model what a task does not use.
fn keep(tree: &mut Tree, used: &[&str]) -> Result<(), EnvError> {
    PROPS.iter().filter(|prop| !used.contains(prop)).try_for_each(|prop| tree.remove("body", prop))
}

/// The names of an object and of what belongs to it.
#[derive(Debug)]
struct Object {
    body: &'static str,
    /// Its joints: x, z and the angle.
    joints: [&'static str; 3],
    target: &'static str,
    receptacle: &'static str,
    /// Pairs of sites that come together when the object is at the target.
    bring: &'static [[&'static str; 2]],
    /// Pairs of sites that come together when the object is in the hand, where that is rewarded.
    grasp: &'static [[&'static str; 2]],
}

const BALL: Object = Object {
    body: "ball",
    joints: ["ball_x", "ball_z", "ball_y"],
    target: "target_ball",
    receptacle: "cup",
    bring: &[["ball", "target_ball"]],
    grasp: &[],
};

const PEG: Object = Object {
    body: "peg",
    joints: ["peg_x", "peg_z", "peg_y"],
    target: "target_peg",
    receptacle: "slot",
    bring: &[["peg", "target_peg"], ["target_peg_tip", "peg_tip"]],
    grasp: &[["peg_grasp", "grasp"], ["peg_pinch", "pinch"]],
};

/// Where the target is.
#[derive(Clone, Copy, Debug)]
enum Goal {
    InTheAir,
    /// In the cup or the slot.
    InReceptacle,
}

#[derive(Debug)]
struct Manipulator {
    arm: PlanarArm,
    object: usize,
    /// Places of the object's x, z and angle in `qpos`, and of their velocities in `qvel`.
    object_qpos: [usize; 3],
    object_qvel: [usize; 3],
    target: usize,
    /// The body that the target lies in.
    receptacle: Option<usize>,
    /// Pairs of sites.
    bring: Vec<[usize; 2]>,
    grasp: Vec<[usize; 2]>,
}

impl Manipulator {
    fn rules(physics: &Physics, object: &Object, goal: Goal) -> Result<Box<dyn Task>, EnvError> {
        let sites = |pairs: &[[&str; 2]]| -> Result<Vec<[usize; 2]>, EnvError> {
            pairs.iter().map(|&pair| all(pair, |name| physics.site(name))).collect()
        };
        Ok(Box::new(Self {
            arm: PlanarArm::of(physics)?,
            object: physics.body(object.body)?,
            object_qpos: all(object.joints, |name| physics.joint_qpos(name))?,
            object_qvel: all(object.joints, |name| physics.joint_dof(name))?,
            target: physics.body(object.target)?,
            receptacle: match goal {
                Goal::InTheAir => None,
                Goal::InReceptacle => Some(physics.body(object.receptacle)?),
            },
            bring: sites(object.bring)?,
            grasp: sites(object.grasp)?,
        }))
    }

    /// Draws a start, which may have contacts.
    fn draw(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.arm.randomize(physics, rng);
        let x = uniform(rng, -0.4, 0.4);
        let z = uniform(rng, 0.1, 0.4);
        let steepest = if self.receptacle.is_some() { FRAC_PI_3 } else { PI };
        let target = [x, z, uniform(rng, -steepest, steepest)];
        for body in self.receptacle.into_iter().chain([self.target]) {
            place(physics, body, target)?;
        }
        let kind: f64 = rng.random();
        let object = if kind < IN_HAND {
            self.in_hand(physics)?
        } else if kind < IN_HAND + AT_TARGET {
            target
        } else {
            let anywhere =
                [uniform(rng, -0.5, 0.5), uniform(rng, 0.0, 0.7), uniform(rng, 0.0, TAU)];
            // A later attempt with the object elsewhere keeps the velocity, as in dm_control.
            physics.data_mut().qvel_mut()[self.object_qvel[0]] = uniform(rng, -5.0, 5.0);
            anywhere
        };
        for (at, number) in self.object_qpos.into_iter().zip(object) {
            physics.data_mut().qpos_mut()[at] = number;
        }
        Ok(())
    }

    /// Where the object is in the hand: x, z and angle.
    fn in_hand(&self, physics: &mut Physics) -> Result<[f64; 3], EnvError> {
        physics.forward()?;
        let [x, _, z] = physics.data().site_xpos()[self.arm.grasp];
        let rotation = physics.data().site_xmat()[self.arm.grasp];
        Ok([x, z, PI - rotation[6].atan2(rotation[0])])
    }
}

/// Puts a body without joints at x and z, turned by an angle.
fn place(physics: &mut Physics, body: usize, [x, z, angle]: [f64; 3]) -> Result<(), EnvError> {
    physics.set_model(ModelField::BodyPos, 3 * body, x)?;
    physics.set_model(ModelField::BodyPos, 3 * body + 2, z)?;
    physics.set_model(ModelField::BodyQuat, 4 * body, (angle / 2.0).cos())?;
    physics.set_model(ModelField::BodyQuat, 4 * body + 2, (angle / 2.0).sin())
}

/// How close the sites of each pair are, on average.
fn closeness(physics: &Physics, pairs: &[[usize; 2]]) -> f64 {
    let close = pairs.iter().map(|&[from, to]| CLOSE.of(distance(physics, from, to)));
    close.sum::<f64>() / pairs.len() as f64
}

impl Task for Manipulator {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        until_free_of_contacts(physics, |physics| self.draw(physics, rng))
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let velocities = physics.data().qvel();
        part("arm_pos", &self.arm.positions(physics));
        part("arm_vel", &self.arm.velocities(physics));
        part("touch", &self.arm.touch(physics));
        part("hand_pos", &pose(physics, self.arm.hand));
        part("object_pos", &pose(physics, self.object));
        part("object_vel", &self.object_qvel.map(|at| velocities[at]));
        part("target_pos", &pose(physics, self.target));
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let bringing = closeness(physics, &self.bring);
        if self.grasp.is_empty() {
            return bringing;
        }
        bringing.max(closeness(physics, &self.grasp) / 3.0)
    }
}
