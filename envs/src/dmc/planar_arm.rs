//! The arm of the planar manipulator and of the stacker: four links in a vertical plane, and a hand
//! of two fingers.

use std::f64::consts::PI;

use rand::Rng;

use super::geometry::{between, length};
use super::physics::Physics;
use super::randomize::uniform;
use crate::error::EnvError;

/// The joints, in the order of the observation.
const JOINTS: [&str; 8] = [
    "arm_root",
    "arm_shoulder",
    "arm_elbow",
    "arm_wrist",
    "finger",
    "fingertip",
    "thumb",
    "thumbtip",
];
/// Places of finger and thumb in [`JOINTS`].
const FINGER: usize = 4;
const THUMB: usize = 6;

#[derive(Debug)]
pub(super) struct PlanarArm {
    /// Ids of the joints, which are hinges.
    joints: [usize; JOINTS.len()],
    /// Their places in `qpos` and `qvel`.
    angles: [usize; JOINTS.len()],
    velocities: [usize; JOINTS.len()],
    /// The hand's body.
    pub hand: usize,
    /// The site between the fingers.
    pub grasp: usize,
}

impl PlanarArm {
    pub(super) fn of(physics: &Physics) -> Result<Self, EnvError> {
        Ok(Self {
            joints: all(JOINTS, |name| physics.joint(name))?,
            angles: all(JOINTS, |name| physics.joint_qpos(name))?,
            velocities: all(JOINTS, |name| physics.joint_dof(name))?,
            hand: physics.body("hand")?,
            grasp: physics.site("grasp")?,
        })
    }

    /// Turns every joint to a uniform angle within its limits, or in [-pi, pi) without limits, and
    /// the finger as the thumb.
    pub(super) fn randomize(&self, physics: &mut Physics, rng: &mut dyn Rng) {
        for (&joint, &at) in self.joints.iter().zip(&self.angles) {
            let [low, high] = match physics.model().jnt_limited()[joint] {
                true => physics.model().jnt_range()[joint],
                false => [-PI, PI],
            };
            physics.data_mut().qpos_mut()[at] = uniform(rng, low, high);
        }
        let qpos = physics.data_mut().qpos_mut();
        qpos[self.angles[FINGER]] = qpos[self.angles[THUMB]];
    }

    /// Sine and cosine of every joint's angle.
    pub(super) fn positions(&self, physics: &Physics) -> Vec<f64> {
        let qpos = physics.data().qpos();
        self.angles.iter().flat_map(|&at| [qpos[at].sin(), qpos[at].cos()]).collect()
    }

    pub(super) fn velocities(&self, physics: &Physics) -> [f64; JOINTS.len()] {
        self.velocities.map(|at| physics.data().qvel()[at])
    }

    /// The forces on the palm, on finger and thumb, and on their tips, on a logarithmic scale.
    pub(super) fn touch(&self, physics: &Physics) -> Vec<f64> {
        // The models have no other sensors.
        physics.data().sensordata().iter().map(|force| force.ln_1p()).collect()
    }
}

/// What is looked up for each of some names.
pub(super) fn all<const N: usize>(
    names: [&str; N],
    look_up: impl Fn(&str) -> Result<usize, EnvError>,
) -> Result<[usize; N], EnvError> {
    let mut found = [0; N];
    for (place, name) in found.iter_mut().zip(names) {
        *place = look_up(name)?;
    }
    Ok(found)
}

/// Where a body is in the plane, and how it is turned: x, z, and the quaternion's w and y.
pub(super) fn pose(physics: &Physics, body: usize) -> [f64; 4] {
    let [x, _, z] = physics.data().xpos()[body];
    let [w, _, y, _] = physics.data().xquat()[body];
    [x, z, w, y]
}

/// Metres between two sites.
pub(super) fn distance(physics: &Physics, from: usize, to: usize) -> f64 {
    let sites = physics.data().site_xpos();
    length(&between(sites[from], sites[to]))
}
