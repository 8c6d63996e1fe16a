//! Random starts, with the distributions of dm_control's `randomizers`.

use std::f64::consts::PI;

use mujoco_rs::prelude::*;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::physics::Physics;
use crate::error::EnvError;

/// A number of [low, high).
pub(super) fn uniform(rng: &mut dyn Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// A number of the standard normal distribution.
pub(super) fn normal(rng: &mut dyn Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// Sets every joint that has limits or turns to a random position: within the limits, or in
/// [-pi, pi) for hinges without, or to a uniform rotation for ball joints without.
///
/// Limited ball joints turn by less than their limit about a uniform axis. Free joints keep their
/// place and turn as dm_control turns them: by four uniform numbers of [0, 1), normalised, which
/// leaves out most of all rotations. Sliders without limits stay.
pub(super) fn randomize_joints(physics: &mut Physics, rng: &mut dyn Rng) {
    for joint in 0..physics.model().jnt_type().len() {
        let model = physics.model();
        let limited = model.jnt_limited()[joint];
        let [low, high] = model.jnt_range()[joint];
        let at = model.jnt_qposadr()[joint] as usize;
        let kind = model.jnt_type()[joint];
        let qpos = &mut physics.data_mut().qpos_mut()[at..];
        match kind {
            MjtJoint::mjJNT_HINGE | MjtJoint::mjJNT_SLIDE if limited => {
                qpos[0] = uniform(rng, low, high);
            }
            MjtJoint::mjJNT_BALL if limited => {
                qpos[..4].copy_from_slice(&limited_quaternion(rng, high));
            }
            MjtJoint::mjJNT_HINGE => qpos[0] = uniform(rng, -PI, PI),
            MjtJoint::mjJNT_BALL => qpos[..4].copy_from_slice(&uniform_rotation(rng)),
            MjtJoint::mjJNT_FREE if !limited => {
                qpos[3..7].copy_from_slice(&normalized::<4>(std::array::from_fn(|_| rng.random())));
            }
            MjtJoint::mjJNT_SLIDE | MjtJoint::mjJNT_FREE => {}
        }
    }
}

/// A rotation, uniform among all, as a quaternion.
pub(super) fn uniform_rotation(rng: &mut dyn Rng) -> [f64; 4] {
    normalized(std::array::from_fn(|_| normal(rng)))
}

/// A rotation by a uniform angle below `limit` about a uniform axis.
fn limited_quaternion(rng: &mut dyn Rng, limit: f64) -> [f64; 4] {
    let axis: [f64; 3] = normalized(std::array::from_fn(|_| normal(rng)));
    let half = rng.random::<f64>() * limit / 2.0;
    let [x, y, z] = axis.map(|component| component * half.sin());
    [half.cos(), x, y, z]
}

fn normalized<const N: usize>(vector: [f64; N]) -> [f64; N] {
    let norm = vector.iter().map(|component| component * component).sum::<f64>().sqrt();
    vector.map(|component| component / norm)
}

/// Draws starts until one is free of contacts.
///
/// # Errors
/// [`EnvError::NoFreeStart`] after as many attempts as dm_control makes for the finger;
/// [`EnvError::Diverged`]; those of `draw`.
pub(super) fn until_free_of_contacts(
    physics: &mut Physics,
    mut draw: impl FnMut(&mut Physics) -> Result<(), EnvError>,
) -> Result<(), EnvError> {
    const ATTEMPTS: usize = 1000;
    for _ in 0..ATTEMPTS {
        draw(physics)?;
        physics.forward()?;
        if physics.data().ncon() == 0 {
            return Ok(());
        }
    }
    Err(EnvError::NoFreeStart { attempts: ATTEMPTS })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    /// A chain of one joint of each kind.
    const JOINTS: &str = r#"
        <mujoco>
          <worldbody>
            <body pos="1 2 3">
              <freejoint/>
              <geom size=".1"/>
              <body>
                <joint type="ball"/>
                <geom size=".1"/>
                <body>
                  <joint type="ball" limited="true" range="0 40"/>
                  <geom size=".1"/>
                  <body>
                    <joint type="slide" axis="1 0 0"/>
                    <joint type="slide" axis="0 1 0" limited="true" range="-2 3"/>
                    <joint type="hinge" axis="1 0 0"/>
                    <joint type="hinge" axis="0 1 0" limited="true" range="-90 45"/>
                    <geom size=".1"/>
                  </body>
                </body>
              </body>
            </body>
          </worldbody>
        </mujoco>"#;

    /// Least and greatest of many numbers, and their mean.
    fn spread(numbers: &[f64]) -> (f64, f64, f64) {
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (least, greatest, numbers.iter().sum::<f64>() / numbers.len() as f64)
    }

    fn assert_uniform(numbers: &[f64], low: f64, high: f64) {
        let (least, greatest, mean) = spread(numbers);
        let range = high - low;
        assert!(low <= least && greatest < high, "[{least}, {greatest}] not in [{low}, {high})");
        assert!(
            least < low + 0.02 * range && greatest > high - 0.02 * range,
            "{least}, {greatest}"
        );
        // Five standard deviations of the mean of 1000 uniform numbers.
        assert!((mean - (low + high) / 2.0).abs() < 0.046 * range, "mean {mean}");
    }

    #[test]
    fn every_kind_of_joint_is_drawn_from_its_distribution() {
        let mut physics = Physics::of_xml(JOINTS);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut draws = Vec::new();
        for _ in 0..1000 {
            randomize_joints(&mut physics, &mut rng);
            draws.push(physics.data().qpos().to_vec());
        }
        let column = |at: usize| draws.iter().map(|qpos| qpos[at]).collect::<Vec<_>>();
        // The free joint stays in place and turns by a quaternion of the positive orthant.
        assert!(draws.iter().all(|qpos| qpos[..3] == [1.0, 2.0, 3.0]));
        assert!(draws.iter().all(|qpos| qpos[3..7].iter().all(|&component| component >= 0.0)));
        for quaternion in [3..7, 7..11, 11..15] {
            let norm =
                |qpos: &Vec<f64>| qpos[quaternion.clone()].iter().map(|q| q * q).sum::<f64>();
            assert!(draws.iter().all(|qpos| (norm(qpos) - 1.0).abs() < 1e-12));
        }
        // The components of a uniform rotation have mean 0 and variance 1/4.
        let (least, greatest, mean) = spread(&column(7));
        assert!(
            least < -0.97 && greatest > 0.97 && mean.abs() < 0.08,
            "{least}, {greatest}, {mean}"
        );
        let angles: Vec<f64> = column(11).iter().map(|w| 2.0 * w.acos()).collect();
        assert_uniform(&angles, 0.0, 40.0f64.to_radians());
        assert!(draws.iter().all(|qpos| qpos[15] == 0.0), "a slider without limits stays");
        assert_uniform(&column(16), -2.0, 3.0);
        assert_uniform(&column(17), -PI, PI);
        assert_uniform(&column(18), -PI / 2.0, PI / 4.0);
    }

    #[test]
    fn a_start_that_always_touches_is_given_up() {
        let mut physics = Physics::of_xml(
            r#"<mujoco><worldbody>
                 <geom size="1"/><body><freejoint/><geom size="1"/></body>
               </worldbody></mujoco>"#,
        );
        let outcome = until_free_of_contacts(&mut physics, |_| Ok(()));
        assert_eq!(outcome, Err(EnvError::NoFreeStart { attempts: 1000 }));
    }
}
