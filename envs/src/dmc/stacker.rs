//! Stacker: a planar arm with a hand stacks boxes, and one of them lies at the target in the end.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

use super::model::Model;
use super::physics::Physics;
use super::planar_arm::{PlanarArm, all, distance, pose};
use super::randomize::{uniform, until_free_of_contacts};
use super::rewards::Tolerance;
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const STACK_4: TaskEntry = TaskEntry {
    domain: "stacker",
    name: "stack_4",
    model: Model::File("stacker.xml"),
    time_limit: 10.0,
    control_timestep: Some(0.01),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 4 },
    rules: |physics| Stack::rules(physics, 4),
};

pub(super) const TASKS: &[TaskEntry] = &[
    TaskEntry {
        name: "stack_2",
        model: Model::Edited("stacker.xml", |tree| {
            ["box2", "box3"].iter().try_for_each(|name| tree.remove("body", name))
        }),
        rules: |physics| Stack::rules(physics, 2),
        ..STACK_4
    },
    STACK_4,
];

/// The hand has to let go: it is at least this many metres away from the target.
const FAR: Tolerance = Tolerance::at_least(0.1).with_margin(0.01);

/// What belongs to one box.
#[derive(Debug)]
struct Cube {
    body: usize,
    site: usize,
    /// Places of x, z and the angle in `qpos`.
    qpos: [usize; 3],
    /// Places of the velocities of x, the angle and z in `qvel`, in the order of the observation.
    qvel: [usize; 3],
}

impl Cube {
    fn of(physics: &Physics, index: usize) -> Result<Self, EnvError> {
        let name = format!("box{index}");
        let joint = |dimension: &str| format!("{name}_{dimension}");
        Ok(Self {
            body: physics.body(&name)?,
            site: physics.site(&name)?,
            qpos: all(["x", "z", "y"], |dimension| physics.joint_qpos(&joint(dimension)))?,
            qvel: all(["x", "y", "z"], |dimension| physics.joint_dof(&joint(dimension)))?,
        })
    }
}

#[derive(Debug)]
struct Stack {
    arm: PlanarArm,
    boxes: Vec<Cube>,
    target: usize,
    target_site: usize,
    /// Half a side of the target, and so of a box.
    box_size: f64,
}

impl Stack {
    fn rules(physics: &Physics, count: usize) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self {
            arm: PlanarArm::of(physics)?,
            boxes: (0..count).map(|index| Cube::of(physics, index)).collect::<Result<_, _>>()?,
            target: physics.body("target")?,
            target_site: physics.site("target")?,
            box_size: physics.model().geom_size()[physics.geom("target")?][0],
        }))
    }

    /// Draws a start, which may have contacts.
    fn draw(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.arm.randomize(physics, rng);
        let boxes_below = rng.random_range(0..self.boxes.len()) as f64;
        let height = self.box_size * (2.0 * boxes_below + 1.0);
        physics.set_model(ModelField::BodyPos, 3 * self.target + 2, height)?;
        let x = uniform(rng, -0.37, 0.37);
        physics.set_model(ModelField::BodyPos, 3 * self.target, x)?;
        let qpos = physics.data_mut().qpos_mut();
        for [x, z, angle] in self.boxes.iter().map(|cube| cube.qpos) {
            qpos[x] = uniform(rng, 0.1, 0.3);
            qpos[z] = uniform(rng, 0.0, 0.7);
            qpos[angle] = uniform(rng, 0.0, TAU);
        }
        Ok(())
    }
}

impl Task for Stack {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        until_free_of_contacts(physics, |physics| self.draw(physics, rng))
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let velocities = physics.data().qvel();
        let poses: Vec<f64> = self.boxes.iter().flat_map(|cube| pose(physics, cube.body)).collect();
        let box_velocities: Vec<f64> =
            self.boxes.iter().flat_map(|cube| cube.qvel.map(|at| velocities[at])).collect();
        part("arm_pos", &self.arm.positions(physics));
        part("arm_vel", &self.arm.velocities(physics));
        part("touch", &self.arm.touch(physics));
        part("hand_pos", &pose(physics, self.arm.hand));
        part("box_pos", &poses);
        part("box_vel", &box_velocities);
        part("target_pos", &pose(physics, self.target)[..2]);
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let to_target = |site| distance(physics, site, self.target_site);
        let nearest =
            self.boxes.iter().map(|cube| to_target(cube.site)).fold(f64::INFINITY, f64::min);
        let at_target = Tolerance::exactly(0.0).with_margin(2.0 * self.box_size);
        at_target.of(nearest) * FAR.of(to_target(self.arm.grasp))
    }
}
