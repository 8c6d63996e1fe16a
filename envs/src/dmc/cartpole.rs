//! Cart-pole: a cart on a rail swings up the pole that hangs from it, and balances it.

use std::f64::consts::PI;

use rand::Rng;

use super::physics::Physics;
use super::randomize::normal;
use super::rewards::{Sigmoid, Tolerance};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

pub(super) const TASKS: &[TaskEntry] = &[TaskEntry {
    domain: "cartpole",
    name: "swingup",
    model: "cartpole.xml",
    time_limit: 10.0,
    control_timestep: None,
    action_repeat: 8,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 4 },
    rules: Swingup::rules,
}];

const CENTERED: Tolerance = Tolerance::exactly(0.0).with_margin(2.0);
const SMALL_CONTROL: Tolerance =
    Tolerance::exactly(0.0).with_margin(1.0).falling(Sigmoid::Quadratic, 0.0);
const SMALL_VELOCITY: Tolerance = Tolerance::exactly(0.0).with_margin(5.0);

#[derive(Debug)]
struct Swingup {
    /// Place of the cart in `qpos`.
    slider: usize,
    /// Place of the pole's angle in `qpos` and `qvel`.
    hinge: usize,
    pole: usize,
}

impl Swingup {
    fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self {
            slider: physics.joint_qpos("slider")?,
            hinge: physics.joint_qpos("hinge_1")?,
            pole: physics.body("pole_1")?,
        }))
    }

    fn cart_position(&self, physics: &Physics) -> f64 {
        physics.data().qpos()[self.slider]
    }

    /// Cosine and sine of the pole's angle from upright.
    fn pole_angle(&self, physics: &Physics) -> (f64, f64) {
        let rotation = physics.data().xmat()[self.pole];
        (rotation[8], rotation[2])
    }
}

impl Task for Swingup {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        let data = physics.data_mut();
        data.qpos_mut()[self.slider] = 0.01 * normal(rng);
        data.qpos_mut()[self.hinge] = PI + 0.01 * normal(rng);
        data.qvel_mut().fill_with(|| 0.01 * normal(rng));
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let (cosine, sine) = self.pole_angle(physics);
        part("position", &[self.cart_position(physics), cosine, sine]);
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let upright = (self.pole_angle(physics).0 + 1.0) / 2.0;
        let centered = (1.0 + CENTERED.of(self.cart_position(physics))) / 2.0;
        let small_control = (4.0 + SMALL_CONTROL.of(physics.data().ctrl()[0])) / 5.0;
        let small_velocity = (1.0 + SMALL_VELOCITY.of(physics.data().qvel()[self.hinge])) / 2.0;
        upright * small_control * small_velocity * centered
    }
}
