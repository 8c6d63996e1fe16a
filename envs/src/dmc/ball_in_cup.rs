//! Ball in cup: a cup moved in a plane catches the ball that hangs from it.

use rand::Rng;

use super::model::Model;
use super::physics::Physics;
use super::randomize::{uniform, until_free_of_contacts};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

pub(super) const TASKS: &[TaskEntry] = &[TaskEntry {
    domain: "ball_in_cup",
    name: "catch",
    model: Model::File("ball_in_cup.xml"),
    time_limit: 20.0,
    control_timestep: Some(0.02),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 4 },
    rules: Catch::rules,
}];

#[derive(Debug)]
struct Catch {
    /// Places of the ball in `qpos`.
    ball_x: usize,
    ball_z: usize,
    ball: usize,
    ball_geom: usize,
    /// The site that fills the cup.
    target: usize,
}

impl Catch {
    fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self {
            ball_x: physics.joint_qpos("ball_x")?,
            ball_z: physics.joint_qpos("ball_z")?,
            ball: physics.body("ball")?,
            ball_geom: physics.geom("ball")?,
            target: physics.site("target")?,
        }))
    }
}

impl Task for Catch {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        until_free_of_contacts(physics, |physics| {
            let qpos = physics.data_mut().qpos_mut();
            qpos[self.ball_x] = uniform(rng, -0.2, 0.2);
            qpos[self.ball_z] = uniform(rng, 0.2, 0.5);
            Ok(())
        })
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        part("position", physics.data().qpos());
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let target = physics.data().site_xpos()[self.target];
        let ball = physics.data().xpos()[self.ball];
        let room = physics.model().site_size()[self.target];
        let radius = physics.model().geom_size()[self.ball_geom][0];
        let inside = |axis: usize| (target[axis] - ball[axis]).abs() < room[axis] - radius;
        if inside(0) && inside(2) { 1.0 } else { 0.0 }
    }
}
