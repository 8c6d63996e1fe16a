//! A ball is brought to the middle of the arena.

use std::f64::consts::{PI, SQRT_2};

use rand::Rng;

use super::Body;
use crate::dmc::geometry::{between, length, seen_from};
use crate::dmc::physics::Physics;
use crate::dmc::randomize::{normal, uniform};
use crate::dmc::rewards::{Sigmoid, Tolerance, upright_within};
use crate::dmc::task::{Parts, Task};
use crate::error::EnvError;

#[derive(Debug)]
pub(super) struct Fetch {
    body: Body,
    upright: Tolerance,
    /// For the horizontal distance from the body's workspace to the ball.
    reached: Tolerance,
    /// For the horizontal distance from the ball to the target.
    fetched: Tolerance,
    /// Body and ball start within this many metres of the middle, along each axis.
    spawn_radius: f64,
    /// The ball's body, and where its free joint's numbers begin in `qpos` and `qvel`.
    ball: usize,
    ball_qpos: usize,
    ball_qvel: usize,
    /// The velocity of the torso's free joint in `qvel`.
    root_qvel: usize,
    /// Sites: one before the body, and where the ball has to go.
    workspace: usize,
    target: usize,
}

impl Fetch {
    pub(super) fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        let model = physics.model();
        let geom_size = |name| Ok::<_, EnvError>(model.geom_size()[physics.geom(name)?][0]);
        let (floor, ball) = (geom_size("floor")?, geom_size("ball")?);
        let (workspace, target) = (physics.site("workspace")?, physics.site("target")?);
        let within = |radius| {
            let arena = SQRT_2 * floor;
            Tolerance::within(0.0, radius).with_margin(arena).falling(Sigmoid::Linear, 0.0)
        };
        Ok(Box::new(Self {
            body: Body::new(physics)?,
            upright: upright_within(0.0),
            reached: within(model.site_size()[workspace][0] + ball),
            fetched: within(model.site_size()[target][0]),
            spawn_radius: 0.9 * floor,
            ball: physics.body("ball")?,
            ball_qpos: physics.joint_qpos("ball_root")?,
            ball_qvel: physics.joint_dof("ball_root")?,
            root_qvel: physics.joint_dof("root")?,
            workspace,
            target,
        }))
    }
}

impl Task for Fetch {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        let radius = self.spawn_radius;
        let mut place = || [uniform(rng, -radius, radius), uniform(rng, -radius, radius)];
        let (body, [x, y]) = (place(), place());
        let (sin, cos) = uniform(rng, 0.0, PI).sin_cos();
        self.body.place(physics, body, [cos, 0.0, 0.0, sin])?;
        let data = physics.data_mut();
        data.qpos_mut()[self.ball_qpos..][..3].copy_from_slice(&[x, y, 2.0]);
        data.qvel_mut()[self.ball_qvel..][..2].fill_with(|| 5.0 * normal(rng));
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        self.body.observe(physics, part);
        let data = physics.data();
        let (place, rotation) = (data.xpos()[self.body.torso], &data.xmat()[self.body.torso]);
        let velocity = |at: usize| [0, 1, 2].map(|axis| data.qvel()[at + axis]);
        let ball = [
            between(place, data.xpos()[self.ball]),
            between(velocity(self.root_qvel), velocity(self.ball_qvel)),
            velocity(self.ball_qvel + 3),
        ];
        part("ball_state", ball.map(|vector| seen_from(rotation, vector)).as_flattened());
        let target = between(place, data.site_xpos()[self.target]);
        part("target_position", &seen_from(rotation, target));
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let data = physics.data();
        let to_ball =
            |site: usize| length(&between(data.site_xpos()[site], data.xpos()[self.ball])[..2]);
        let reached = self.reached.of(to_ball(self.workspace));
        let fetched = self.fetched.of(to_ball(self.target));
        self.upright.of(self.body.uprightness(physics)) * reached * (0.5 + 0.5 * fetched)
    }
}
