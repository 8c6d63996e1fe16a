//! Where the bodies of single domains start.

use std::f64::consts::PI;

use super::{make, mean_and_deviation, starts};
use crate::dmc::{ModelField, ModelValue, State};

/// Asserts that some 500 numbers or more are uniform in [low, high).
fn assert_uniform(numbers: impl Iterator<Item = f64> + Clone, low: f64, high: f64) {
    assert!(numbers.clone().all(|number| (low..high).contains(&number)));
    let (mean, deviation) = mean_and_deviation(numbers);
    let range = high - low;
    assert!((mean - (low + high) / 2.0).abs() < 0.065 * range, "mean {mean}");
    assert!((deviation - range / 12f64.sqrt()).abs() < 0.04 * range, "deviation {deviation}");
}

fn assert_at_rest(starts: &[State]) {
    assert!(starts.iter().all(|start| start.qvel.iter().all(|&velocity| velocity == 0.0)));
}

#[test]
fn acrobot_and_pendulum_start_anywhere_at_rest() {
    for id in ["dmc:acrobot-swingup", "dmc:pendulum-swingup"] {
        let starts = starts(id, 500);
        for joint in 0..starts[0].qpos.len() {
            assert_uniform(starts.iter().map(|start| start.qpos[joint]), -PI, PI);
        }
        assert_at_rest(&starts);
    }
}

#[test]
fn point_mass_starts_anywhere_on_its_floor() {
    let starts = starts("dmc:point_mass-easy", 500);
    for axis in 0..2 {
        assert_uniform(starts.iter().map(|start| start.qpos[axis]), -0.29, 0.29);
    }
    assert_at_rest(&starts);
    assert!(starts.iter().all(|start| start.model.is_empty()), "the model stays as it is");
}

#[test]
fn point_masses_controls_push_in_directions_that_are_not_almost_parallel() {
    let starts = starts("dmc:point_mass-hard", 500);
    let directions = |start: &State| {
        let coefficients = start.model.iter().enumerate().map(|(index, value)| {
            assert_eq!((value.field, value.index), (ModelField::WrapPrm, index));
            value.value
        });
        let coefficients: Vec<f64> = coefficients.collect();
        [[coefficients[0], coefficients[1]], [coefficients[2], coefficients[3]]]
    };
    let directions: Vec<_> = starts.iter().map(directions).collect();
    let lengths = directions.iter().flatten().map(|[x, y]| x.hypot(*y));
    assert!(lengths.into_iter().all(|length| (length - 1.0).abs() < 1e-12));
    for control in 0..2 {
        assert_uniform(
            directions.iter().map(|pair| pair[control][1].atan2(pair[control][0])),
            -PI,
            PI,
        );
    }
    let cosines = directions.iter().map(|[a, b]| (a[0] * b[0] + a[1] * b[1]).abs());
    let most = cosines.fold(0.0, f64::max);
    assert!((0.88..=0.9).contains(&most), "{most}");
}

#[test]
fn bodies_fall_with_joints_within_their_limits() {
    for id in ["dmc:hopper-stand", "dmc:walker-walk"] {
        let env = make(id);
        let model = env.physics.model();
        let starts = starts(id, 500);
        assert_at_rest(&starts);
        for joint in 0..model.jnt_type().len() {
            let angles = starts.iter().map(|start| start.qpos[joint]);
            match (model.jnt_limited()[joint], joint) {
                (true, _) => {
                    let [low, high] = model.jnt_range()[joint];
                    assert_uniform(angles, low, high);
                }
                (false, 2) => assert_uniform(angles, -PI, PI),
                (false, _) => {
                    assert!(angles.into_iter().all(|position| position == 0.0), "sliders stay");
                }
            }
        }
    }
}

/// The only number that a start wrote at a place of the model.
fn written(start: &State, field: ModelField, index: usize) -> f64 {
    let at_place = |value: &&ModelValue| (value.field, value.index) == (field, index);
    start.model.iter().find(at_place).expect("it is written").value
}

#[test]
fn fingers_target_lies_where_the_bodys_tip_comes_to() {
    for (id, size) in [("dmc:finger-turn_easy", 0.07), ("dmc:finger-turn_hard", 0.03)] {
        let env = make(id);
        let target = env.physics.site("target").expect("the model has a target");
        let hinge = env.physics.joint("hinge").expect("the model has a hinge");
        let [hinge_x, _, hinge_z] = env.physics.data().xanchor()[hinge];
        let starts = starts(id, 500);
        let angles = starts.iter().map(|start| {
            assert_eq!(start.model.len(), 3, "nothing else is written");
            assert_eq!(written(start, ModelField::SiteSize, 3 * target), size);
            let x = written(start, ModelField::SitePos, 3 * target) - hinge_x;
            let z = written(start, ModelField::SitePos, 3 * target + 2) - hinge_z;
            assert!((x.hypot(z) - 0.13).abs() < 1e-12, "{x}, {z}");
            x.atan2(z)
        });
        assert_uniform(angles, -PI, PI);
    }
}

#[test]
fn reachers_targets_differ_in_size_alone() {
    let target = make("dmc:reacher-hard").physics.geom("target").expect("the model has a target");
    let [easy, hard] = ["dmc:reacher-easy", "dmc:reacher-hard"].map(|id| starts(id, 20));
    for (easy, hard) in easy.iter().zip(&hard) {
        let sizes = [easy, hard].map(|start| written(start, ModelField::GeomSize, 3 * target));
        assert_eq!(sizes, [0.05, 0.015]);
        let [easy, hard] = [easy, hard].map(|start| {
            let others = start.model.iter().filter(|value| value.field != ModelField::GeomSize);
            (start.qpos.clone(), others.copied().collect::<Vec<_>>())
        });
        assert_eq!(easy, hard);
    }
}
