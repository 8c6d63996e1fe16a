//! Finger: a planar finger of two links flicks a body on a hinge, to spin it or to turn its tip to
//! a target.

use std::f64::consts::PI;
use std::ops::Range;

use rand::Rng;

use super::geometry::length;
use super::model::Model;
use super::physics::Physics;
use super::randomize::{randomize_joints, uniform, until_free_of_contacts};
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const SPIN: TaskEntry = TaskEntry {
    domain: "finger",
    name: "spin",
    model: Model::File("finger.xml"),
    time_limit: 20.0,
    control_timestep: Some(0.02),
    action_repeat: 2,
    camera: 0,
    reduced: Detail { shadow_map: 1024, rings: 6 },
    rules: Spin::rules,
};

pub(super) const TASKS: &[TaskEntry] = &[
    SPIN,
    TaskEntry {
        name: "turn_easy",
        action_repeat: 4,
        // The large target is a rounder body than the others.
        reduced: Detail { shadow_map: 1024, rings: 8 },
        rules: |physics| Turn::rules(physics, 0.07),
        ..SPIN
    },
    TaskEntry {
        name: "turn_hard",
        action_repeat: 4,
        rules: |physics| Turn::rules(physics, 0.03),
        ..SPIN
    },
];

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
    target: Range<usize>,
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
            target: physics.sensor("target")?,
            touch_top: scalar("touchtop")?,
            touch_bottom: scalar("touchbottom")?,
        })
    }

    /// Where the body's tip is from the hinge (x and z).
    fn tip(&self, data: &[f64]) -> [f64; 2] {
        self.relative_to_hinge(data, &self.tip)
    }

    /// Where the target is from the hinge (x and z).
    fn target(&self, data: &[f64]) -> [f64; 2] {
        self.relative_to_hinge(data, &self.target)
    }

    fn relative_to_hinge(&self, data: &[f64], place: &Range<usize>) -> [f64; 2] {
        let (place, hinge) = (&data[place.clone()], &data[self.spinner.clone()]);
        [place[0] - hinge[0], place[2] - hinge[2]]
    }

    /// The finger's angles, and where the body's tip is from the hinge.
    fn position(&self, data: &[f64]) -> [f64; 4] {
        let [x, z] = self.tip(data);
        [data[self.proximal], data[self.distal], x, z]
    }

    fn velocity(&self, data: &[f64]) -> [f64; 3] {
        [self.proximal_velocity, self.distal_velocity, self.hinge_velocity].map(|at| data[at])
    }

    /// The forces on the fingertip, on a logarithmic scale.
    fn touch(&self, data: &[f64]) -> [f64; 2] {
        [self.touch_top, self.touch_bottom].map(|at| data[at].ln_1p())
    }

    /// What all tasks observe.
    fn observe(&self, data: &[f64], part: &mut Parts<'_>) {
        part("position", &self.position(data));
        part("velocity", &self.velocity(data));
        part("touch", &self.touch(data));
    }
}

fn draw_joints(physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
    until_free_of_contacts(physics, |physics| {
        randomize_joints(physics, rng);
        Ok(())
    })
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
        draw_joints(physics, rng)
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        self.sensors.observe(physics.data().sensordata(), part);
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let velocity = physics.data().sensordata()[self.sensors.hinge_velocity];
        if velocity <= -SPIN_VELOCITY { 1.0 } else { 0.0 }
    }
}

#[derive(Debug)]
struct Turn {
    sensors: Sensors,
    hinge: usize,
    /// The site of the goal.
    target: usize,
    /// Radius of the target in metres.
    target_size: f64,
    /// Metres from the hinge to the target: where the body's tip comes to.
    reach: f64,
}

impl Turn {
    fn rules(physics: &Physics, target_size: f64) -> Result<Box<dyn Task>, EnvError> {
        let cap = physics.geom("cap1")?;
        Ok(Box::new(Self {
            sensors: Sensors::new(physics)?,
            hinge: physics.joint("hinge")?,
            target: physics.site("target")?,
            target_size,
            // The capsule's radius and half its length; its third number is 0.
            reach: physics.model().geom_size()[cap].iter().sum(),
        }))
    }

    /// Metres from the body's tip to the target's surface, negative inside.
    fn distance(&self, physics: &Physics) -> f64 {
        let data = physics.data().sensordata();
        let ([x, z], [tip_x, tip_z]) = (self.sensors.target(data), self.sensors.tip(data));
        length(&[x - tip_x, z - tip_z]) - physics.model().site_size()[self.target][0]
    }
}

impl Task for Turn {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        let angle = uniform(rng, -PI, PI);
        let [hinge_x, _, hinge_z] = physics.data().xanchor()[self.hinge];
        let at = 3 * self.target;
        physics.set_model(ModelField::SitePos, at, hinge_x + self.reach * angle.sin())?;
        physics.set_model(ModelField::SitePos, at + 2, hinge_z + self.reach * angle.cos())?;
        physics.set_model(ModelField::SiteSize, at, self.target_size)?;
        draw_joints(physics, rng)
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let data = physics.data().sensordata();
        self.sensors.observe(data, part);
        part("target_position", &self.sensors.target(data));
        part("dist_to_target", &[self.distance(physics)]);
    }

    fn reward(&self, physics: &Physics) -> f64 {
        if self.distance(physics) <= 0.0 { 1.0 } else { 0.0 }
    }
}
