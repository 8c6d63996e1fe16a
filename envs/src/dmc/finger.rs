//! Finger: a planar finger of two links flicks a body on a hinge.

use std::ops::Range;

use rand::Rng;

use super::model::Model;
use super::physics::Physics;
use super::randomize::{randomize_joints, until_free_of_contacts};
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

pub(super) const TASKS: &[TaskEntry] = &[TaskEntry {
    domain: "finger",
    name: "spin",
    model: Model::File("finger.xml"),
    time_limit: 20.0,
    control_timestep: Some(0.02),
    action_repeat: 2,
    camera: 0,
    reduced: Detail { shadow_map: 1024, rings: 6 },
    rules: Spin::rules,
}];

/// Radians per second, clockwise, from which spinning is rewarded.
const SPIN_VELOCITY: f64 = 15.0;
/// The hinge turns more freely than the model has it.
const HINGE_DAMPING: f64 = 0.03;

/// Where the finger's and the body's sensors lie in `sensordata`.
#[derive(Debug)]
struct Sensors {
    proximal: usize,
    distal: usize,
    proximal_velocity: usize,
    distal_velocity: usize,
    hinge_velocity: usize,
    tip: Range<usize>,
    spinner: Range<usize>,
    touch_top: usize,
    touch_bottom: usize,
}

impl Sensors {
    fn new(physics: &Physics) -> Result<Self, EnvError> {
        let scalar = |name| physics.sensor(name).map(|range| range.start);
        Ok(Self {
            proximal: scalar("proximal")?,
            distal: scalar("distal")?,
            proximal_velocity: scalar("proximal_velocity")?,
            distal_velocity: scalar("distal_velocity")?,
            hinge_velocity: scalar("hinge_velocity")?,
            tip: physics.sensor("tip")?,
            spinner: physics.sensor("spinner")?,
            touch_top: scalar("touchtop")?,
            touch_bottom: scalar("touchbottom")?,
        })
    }

    /// The finger's angles, and where the body's tip is from the hinge (x and z).
    fn position(&self, data: &[f64]) -> [f64; 4] {
        let (tip, spinner) = (&data[self.tip.clone()], &data[self.spinner.clone()]);
        [data[self.proximal], data[self.distal], tip[0] - spinner[0], tip[2] - spinner[2]]
    }

    fn velocity(&self, data: &[f64]) -> [f64; 3] {
        [self.proximal_velocity, self.distal_velocity, self.hinge_velocity].map(|at| data[at])
    }

    /// The forces on the fingertip, on a logarithmic scale.
    fn touch(&self, data: &[f64]) -> [f64; 2] {
        [self.touch_top, self.touch_bottom].map(|at| data[at].ln_1p())
    }
}

#[derive(Debug)]
struct Spin {
    sensors: Sensors,
    /// The hinge's degree of freedom.
    hinge: usize,
    /// The sites that other tasks of the domain show: the goal and the body's tip.
    unseen: [usize; 2],
}

impl Spin {
    fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self {
            sensors: Sensors::new(physics)?,
            hinge: physics.joint_dof("hinge")?,
            unseen: [physics.site("target")?, physics.site("tip")?],
        }))
    }
}

impl Task for Spin {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        for site in self.unseen {
            let opacity = 4 * site + 3;
            physics.set_model(ModelField::SiteRgba, opacity, 0.0)?;
        }
        physics.set_model(ModelField::DofDamping, self.hinge, HINGE_DAMPING)?;
        until_free_of_contacts(physics, |physics| {
            randomize_joints(physics, rng);
            Ok(())
        })
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let data = physics.data().sensordata();
        part("position", &self.sensors.position(data));
        part("velocity", &self.sensors.velocity(data));
        part("touch", &self.sensors.touch(data));
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let velocity = physics.data().sensordata()[self.sensors.hinge_velocity];
        if velocity <= -SPIN_VELOCITY { 1.0 } else { 0.0 }
    }
}
