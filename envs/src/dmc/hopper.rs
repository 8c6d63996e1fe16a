//! Hopper: a planar body on one leg stands, or hops forward.

use rand::Rng;

use super::model::Model;
use super::physics::Physics;
use super::randomize::randomize_joints;
use super::rewards::{Sigmoid, Tolerance};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const STAND: TaskEntry = TaskEntry {
    domain: "hopper",
    name: "stand",
    model: Model::File("hopper.xml"),
    time_limit: 20.0,
    control_timestep: Some(0.02),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 6 },
    rules: |physics| Hopper::rules(physics, Goal::Stand),
};

pub(super) const TASKS: &[TaskEntry] = &[
    STAND,
    TaskEntry { name: "hop", rules: |physics| Hopper::rules(physics, Goal::Hop), ..STAND },
];

/// Metres from the foot up to the torso.
const STANDING: Tolerance = Tolerance::within(0.6, 2.0);
/// Metres per second at which the reward for hopping reaches 1.
const HOP_SPEED: f64 = 2.0;
const HOPPING: Tolerance =
    Tolerance::at_least(HOP_SPEED).with_margin(HOP_SPEED / 2.0).falling(Sigmoid::Linear, 0.5);
const SMALL_CONTROL: Tolerance =
    Tolerance::exactly(0.0).with_margin(1.0).falling(Sigmoid::Quadratic, 0.0);

#[derive(Clone, Copy, Debug)]
enum Goal {
    Stand,
    Hop,
}

#[derive(Debug)]
struct Hopper {
    goal: Goal,
    /// Bodies.
    torso: usize,
    foot: usize,
    /// Places in `sensordata`: the body's forward velocity, and the forces on the foot.
    speed: usize,
    touch: [usize; 2],
}

impl Hopper {
    fn rules(physics: &Physics, goal: Goal) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self {
            goal,
            torso: physics.body("torso")?,
            foot: physics.body("foot")?,
            speed: physics.sensor("torso_subtreelinvel")?.start,
            touch: [physics.sensor("touch_toe")?.start, physics.sensor("touch_heel")?.start],
        }))
    }

    /// Metres from the foot's centre of mass up to the torso's.
    fn height(&self, physics: &Physics) -> f64 {
        let centres = physics.data().xipos();
        centres[self.torso][2] - centres[self.foot][2]
    }

    /// How well the goal is met by one who stands.
    fn quality(&self, physics: &Physics) -> f64 {
        let data = physics.data();
        match self.goal {
            Goal::Stand => {
                let small = data.ctrl().iter().map(|&control| SMALL_CONTROL.of(control));
                (small.sum::<f64>() / data.ctrl().len() as f64 + 4.0) / 5.0
            }
            Goal::Hop => HOPPING.of(data.sensordata()[self.speed]),
        }
    }
}

impl Task for Hopper {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        randomize_joints(physics, rng);
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let data = physics.data();
        // Without the horizontal position, which a hopper should not depend on.
        part("position", &data.qpos()[1..]);
        part("velocity", data.qvel());
        let touch = |at: usize| data.sensordata()[at].ln_1p();
        part("touch", &self.touch.map(touch));
    }

    fn reward(&self, physics: &Physics) -> f64 {
        STANDING.of(self.height(physics)) * self.quality(physics)
    }
}
