//! Starts of the domains with few joints.

use std::f64::consts::PI;

use super::{mean_and_deviation, starts};
use crate::dmc::{ModelField, State};

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
