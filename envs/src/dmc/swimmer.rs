//! Swimmer: a chain of links on a plane swims to a target.

use std::ops::{RangeFrom, RangeInclusive};

use rand::Rng;
use xmltree::Element;

use super::geometry::{between, length, seen_from};
use super::model::{Model, Tree, append, element, scale};
use super::physics::Physics;
use super::randomize::{randomize_joints, uniform};
use super::rewards::{Sigmoid, Tolerance};
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

/// The lengths that dm_control lists.
pub(super) const TASKS: &[TaskEntry] = &[with_links(6), with_links(15)];

/// dm_control makes at least a head and two links. The longest chain is one whose steps still take
/// no more than ten times as long as those of the shortest.
const LINKS: RangeInclusive<u32> = 3..=100;

/// The task for every length.
pub(super) fn of_any_length() -> impl Iterator<Item = TaskEntry> {
    LINKS.map(with_links)
}

const fn with_links(links: u32) -> TaskEntry {
    TaskEntry {
        domain: "swimmer",
        name: "swimmer",
        model: Model::OfParts("swimmer.xml", add_links, links),
        time_limit: 30.0,
        control_timestep: Some(0.03),
        action_repeat: 4,
        camera: 0,
        reduced: Detail { shadow_map: 2048, rings: 8 },
        rules: Swimmer::rules,
    }
}

/// Chains links behind the head, which is the first of them, with a motor between each two, and
/// moves the cameras that follow the body back from its length.
fn add_links(tree: &mut Tree, links: u32) -> Result<(), EnvError> {
    let mut last = tree.named("body", "head")?;
    for joint in 0..links - 1 {
        last = append(last, link(joint, 360.0 / f64::from(links)));
    }
    let motors = append(tree.at(&[])?, element("actuator", &[]));
    for joint in 0..links - 1 {
        let (name, joint) = (format!("motor_{joint}"), format!("joint_{joint}"));
        append(motors, element("motor", &[("name", &name), ("joint", &joint)]));
    }
    let sensors = tree.at(&["sensor"])?;
    for joint in 0..links - 1 {
        for kind in ["velocimeter", "gyro"] {
            let (name, site) = (format!("{kind}_{joint}"), format!("site_{joint}"));
            append(sensors, element(kind, &[("name", &name), ("site", &site)]));
        }
    }
    for camera in ["tracking1", "tracking2"] {
        scale(tree.named("camera", camera)?, "pos", f64::from(links) / 6.0)?;
    }
    Ok(())
}

/// A link that bends by as many degrees to either side.
fn link(joint: u32, limit: f64) -> Element {
    let named = |part: &str| format!("{part}_{joint}");
    let mut body = element("body", &[("name", &named("segment")), ("pos", "0 .1 0")]);
    for class in ["visual", "inertial"] {
        append(&mut body, element("geom", &[("class", class), ("name", &named(class))]));
    }
    append(&mut body, element("site", &[("name", &named("site"))]));
    let range = format!("{} {limit}", -limit);
    append(&mut body, element("joint", &[("name", &named("joint")), ("range", &range)]));
    body
}

/// The numbers of the head's place and direction come first in `qpos`, and the angles between the
/// links follow.
const JOINTS: RangeFrom<usize> = 3..;

#[derive(Debug)]
struct Swimmer {
    head: usize,
    nose: usize,
    target: usize,
    /// Shines on the target.
    light: usize,
    /// Where the links' velocities start in `sensordata`, six numbers each.
    velocities: usize,
    /// Of the distance from nose to target.
    at_target: Tolerance,
}

impl Swimmer {
    fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        let target = physics.geom("target")?;
        let size = physics.model().geom_size()[target][0];
        let at_target = Tolerance::within(0.0, size).with_margin(5.0 * size);
        Ok(Box::new(Self {
            head: physics.body("head")?,
            nose: physics.geom("nose")?,
            target,
            light: physics.light("target_light")?,
            velocities: physics.sensor("head_vel")?.start,
            at_target: at_target.falling(Sigmoid::LongTail, 0.1),
        }))
    }

    /// In the plane, as the head sees it.
    fn nose_to_target(&self, physics: &Physics) -> [f64; 2] {
        let places = physics.data().geom_xpos();
        let head = &physics.data().xmat()[self.head];
        let [x, y, _] = seen_from(head, between(places[self.nose], places[self.target]));
        [x, y]
    }

    /// Of each link, as it sees them: its velocity in the plane and how fast it turns.
    fn body_velocities(&self, physics: &Physics) -> Vec<f64> {
        let (links, _) = physics.data().sensordata()[self.velocities..].as_chunks();
        links.iter().flat_map(|&[x, y, _, _, _, turning]| [x, y, turning]).collect()
    }
}

impl Task for Swimmer {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        randomize_joints(physics, rng);
        let is_near = uniform(rng, 0.0, 1.0) < 0.2;
        let reach = if is_near { 0.3 } else { 2.0 };
        for axis in 0..2 {
            let place = uniform(rng, -reach, reach);
            physics.set_model(ModelField::GeomPos, 3 * self.target + axis, place)?;
            physics.set_model(ModelField::LightPos, 3 * self.light + axis, place)?;
        }
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        part("joints", &physics.data().qpos()[JOINTS]);
        part("to_target", &self.nose_to_target(physics));
        part("body_velocities", &self.body_velocities(physics));
    }

    fn reward(&self, physics: &Physics) -> f64 {
        self.at_target.of(length(&self.nose_to_target(physics)))
    }
}
