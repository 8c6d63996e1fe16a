//! A thrown ball is taken into the mouth and brought to the middle of the arena.

use std::f64::consts::TAU;

use mujoco_rs::prelude::*;
use rand::Rng;

use super::Body;
use crate::dmc::geometry::{between, length, seen_from};
use crate::dmc::physics::Physics;
use crate::dmc::randomize::{normal, uniform};
use crate::dmc::rewards::{Sigmoid, Tolerance};
use crate::dmc::task::{Parts, Task};
use crate::error::EnvError;

#[derive(Debug)]
pub(super) struct Fetch {
    body: Body,
    /// For the mean distance of the ball from the two sites of the bite.
    reached: Tolerance,
    /// For the distance of the ball from the target.
    fetched: Tolerance,
    /// Nearer to the target than this the ball need not be held any more.
    let_go: f64,
    /// Metres from the middle to where the ball comes from.
    throw_radius: f64,
    /// The ball's geom, and where its free joint's numbers begin in `qpos` and `qvel`.
    ball: usize,
    ball_qpos: usize,
    ball_qvel: usize,
    target: usize,
    /// Sites.
    head: usize,
    bite: [usize; 2],
}

impl Fetch {
    pub(super) fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        let model = physics.model();
        let bite = [physics.site("upper_bite")?, physics.site("lower_bite")?];
        let target = physics.geom("target")?;
        let bite_radius = model.site_size()[bite[0]][0];
        let target_radius = model.geom_size()[target][0];
        let floor = model.geom_size()[physics.geom("floor")?][0];
        let within = |radius, margin| {
            let within = Tolerance::within(0.0, radius).with_margin(margin);
            within.falling(Sigmoid::Reciprocal, 0.1)
        };
        Ok(Box::new(Self {
            body: Body::new(physics)?,
            reached: within(bite_radius, 2.0),
            fetched: within(target_radius, floor),
            let_go: 2.0 * target_radius,
            throw_radius: 0.75 * floor,
            ball: physics.geom("ball")?,
            ball_qpos: physics.joint_qpos("ball_root")?,
            ball_qvel: physics.joint_dof("ball_root")?,
            target,
            head: physics.site("head")?,
            bite,
        }))
    }

    /// The ball's velocity against that of the head.
    fn ball_velocity(&self, physics: &Physics) -> [f64; 3] {
        // An object's angular velocity comes first.
        let velocity = |kind, id| {
            let [.., x, y, z] = physics.data().object_velocity(kind, id, false);
            [x, y, z]
        };
        let head = velocity(MjtObjBase::mjOBJ_SITE, self.head);
        between(head, velocity(MjtObjBase::mjOBJ_GEOM, self.ball))
    }
}

impl Task for Fetch {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.body.reset(physics, rng);
        let gravity = -physics.model().opt().gravity[2];
        let (sin, cos) = uniform(rng, 0.0, TAU).sin_cos();
        let height = uniform(rng, 0.0, 3.0);
        let speed = uniform(rng, 0.0, 5.0);
        // Towards the middle, or nearly so, and up to that height.
        let velocity = [
            speed * (0.05 * normal(rng) - sin),
            speed * (0.05 * normal(rng) - cos),
            (2.0 * gravity * height).sqrt(),
        ];
        let place = [self.throw_radius * sin, self.throw_radius * cos, 0.05];
        let data = physics.data_mut();
        data.qpos_mut()[self.ball_qpos..][..3].copy_from_slice(&place);
        data.qvel_mut()[self.ball_qvel..][..3].copy_from_slice(&velocity);
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        self.body.observe(physics, part);
        let data = physics.data();
        let (place, rotation) = (data.site_xpos()[self.head], &data.site_xmat()[self.head]);
        let [ball, target] = [self.ball, self.target]
            .map(|geom| seen_from(rotation, between(place, data.geom_xpos()[geom])));
        let velocity = seen_from(rotation, self.ball_velocity(physics));
        part("ball_state", [ball, velocity].as_flattened());
        part("target_position", &target);
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let data = physics.data();
        let ball = data.geom_xpos()[self.ball];
        let to_target = length(&between(ball, data.geom_xpos()[self.target]));
        let reached = if to_target < self.let_go {
            1.0
        } else {
            let to_bite = self.bite.map(|site| length(&between(ball, data.site_xpos()[site])));
            (6.0 * self.reached.of(0.5 * (to_bite[0] + to_bite[1])) + 1.0) / 7.0
        };
        let fetched = (self.fetched.of(to_target) + 1.0) / 2.0;
        self.body.standing(physics) * reached * fetched
    }
}
