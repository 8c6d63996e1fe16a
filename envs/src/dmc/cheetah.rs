//! Cheetah: a planar biped runs forward.

use rand::Rng;

use super::model::Model;
use super::physics::Physics;
use super::randomize::uniform;
use super::rewards::{Sigmoid, Tolerance};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

pub(super) const TASKS: &[TaskEntry] = &[TaskEntry {
    domain: "cheetah",
    name: "run",
    model: Model::File("cheetah.xml"),
    time_limit: 10.0,
    control_timestep: None,
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 2048, rings: 6 },
    rules: Run::rules,
}];

/// Metres per second at which the reward reaches 1.
const RUN_SPEED: f64 = 10.0;
const FAST: Tolerance =
    Tolerance::at_least(RUN_SPEED).with_margin(RUN_SPEED).falling(Sigmoid::Linear, 0.0);

/// Simulation steps in which the body settles on the ground before an episode starts.
const SETTLING_STEPS: usize = 200;

#[derive(Debug)]
struct Run {
    /// Place of the body's forward velocity in `sensordata`.
    speed: usize,
}

impl Run {
    fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self { speed: physics.sensor("torso_subtreelinvel")?.start }))
    }
}

impl Task for Run {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        for joint in 0..physics.model().jnt_limited().len() {
            if physics.model().jnt_limited()[joint] {
                let [low, high] = physics.model().jnt_range()[joint];
                // Every joint of this model has one number, so its index is its place.
                physics.data_mut().qpos_mut()[joint] = uniform(rng, low, high);
            }
        }
        physics.step(SETTLING_STEPS)?;
        physics.data_mut().set_time(0.0);
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        // Without the horizontal position, which a runner should not depend on.
        part("position", &physics.data().qpos()[1..]);
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        FAST.of(physics.data().sensordata()[self.speed])
    }
}
