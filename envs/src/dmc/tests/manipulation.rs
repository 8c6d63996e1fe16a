//! Starts of the planar arm with its objects.

use std::f64::consts::{FRAC_PI_3, PI, TAU};

use super::{make, mean_and_deviation, rng, starts};
use crate::dmc::{Dmc, ModelField, State};
use crate::env::Env;

const TASKS: [&str; 6] = [
    "dmc:manipulator-bring_ball",
    "dmc:manipulator-bring_peg",
    "dmc:manipulator-insert_ball",
    "dmc:manipulator-insert_peg",
    "dmc:stacker-stack_2",
    "dmc:stacker-stack_4",
];

/// What a start wrote into the model.
fn written(start: &State, field: ModelField, index: usize) -> f64 {
    let mut values = start.model.iter();
    values.find(|value| (value.field, value.index) == (field, index)).expect("it is written").value
}

/// Where a start put a body without joints: x, z and angle.
fn place(env: &Dmc, start: &State, body: &str) -> [f64; 3] {
    let body = env.physics.body(body).expect("the model has the body");
    let position = |axis| written(start, ModelField::BodyPos, 3 * body + axis);
    let half = |component| written(start, ModelField::BodyQuat, 4 * body + component);
    [position(0), position(2), 2.0 * half(2).atan2(half(0))]
}

fn qpos(env: &Dmc, joint: &str) -> usize {
    env.physics.joint_qpos(joint).expect("the model has the joint")
}

/// Whether a number lies in [low, high], but for rounding.
fn lies_in(number: f64, low: f64, high: f64) -> bool {
    (low - 1e-12..=high + 1e-12).contains(&number)
}

#[test]
fn arms_start_without_contacts_within_their_limits_and_with_even_fingers() {
    for id in TASKS {
        let (mut env, mut rng) = (make(id), rng(3));
        let [finger, thumb] = ["finger", "thumb"].map(|name| qpos(&env, name));
        for _ in 0..30 {
            env.reset(&mut rng).expect("a start is found");
            assert_eq!(env.physics.data().ncon(), 0, "{id}");
            let angles = env.physics.data().qpos();
            assert_eq!(angles[finger], angles[thumb], "{id}");
            let model = env.physics.model();
            for joint in (0..model.jnt_type().len()).filter(|&joint| model.jnt_limited()[joint]) {
                let [low, high] = model.jnt_range()[joint];
                let angle = angles[model.jnt_qposadr()[joint] as usize];
                assert!(lies_in(angle, low, high), "{id}: {angle} not in [{low}, {high}]");
            }
        }
    }
}

#[test]
fn targets_lie_in_reach_and_receptacles_with_them() {
    for (task, target, receptacle) in [
        ("bring_ball", "target_ball", None),
        ("bring_peg", "target_peg", None),
        ("insert_ball", "target_ball", Some("cup")),
        ("insert_peg", "target_peg", Some("slot")),
    ] {
        let id = format!("dmc:manipulator-{task}");
        let env = make(&id);
        let steepest = if receptacle.is_some() { FRAC_PI_3 } else { PI };
        let starts = starts(&id, 200);
        for start in &starts {
            let [x, z, angle] = place(&env, start, target);
            assert!(lies_in(x, -0.4, 0.4) && lies_in(z, 0.1, 0.4), "{id}: {x}, {z}");
            assert!(lies_in(angle, -steepest, steepest), "{id}: {angle}");
            if let Some(receptacle) = receptacle {
                assert_eq!(place(&env, start, receptacle), [x, z, angle], "{id}");
            }
        }
        let (mean, deviation) =
            mean_and_deviation(starts.iter().map(|start| place(&env, start, target)[2]));
        assert!(mean.abs() < 0.3 * steepest, "{id}: {mean}");
        assert!((deviation / steepest - 1.0 / 3f64.sqrt()).abs() < 0.1, "{id}: {deviation}");
    }
}

#[test]
fn an_object_starts_anywhere_and_at_times_at_the_target_or_in_the_hand() {
    // Of 500 starts of dm_control, so many were in the hand and at the target. Where contacts are
    // more likely, starts are rarer than drawn.
    for (object, in_hand, at_target) in [("ball", 47, 50), ("peg", 32, 53)] {
        let id = format!("dmc:manipulator-bring_{object}");
        let (mut env, mut rng) = (make(&id), rng(5));
        let places = ["x", "z", "y"].map(|joint| qpos(&env, &format!("{object}_{joint}")));
        let velocity = env.physics.joint_dof(&format!("{object}_x")).expect("it has the joint");
        let grasp = env.physics.site("grasp").expect("the hand has the site");
        let mut counts = [0, 0];
        for _ in 0..500 {
            env.reset(&mut rng).expect("a start is found");
            let start = env.simulation_state();
            let [x, z, angle] = places.map(|at| start.qpos[at]);
            let [target_x, target_z, target_angle] =
                place(&env, &start, &format!("target_{object}"));
            let [hand_x, _, hand_z] = env.physics.data().site_xpos()[grasp];
            let is_at = |there_x: f64, there_z: f64| (x - there_x).hypot(z - there_z) < 1e-9;
            if is_at(hand_x, hand_z) {
                counts[0] += 1;
            } else if is_at(target_x, target_z) {
                assert!((angle - target_angle).abs() < 1e-9, "{id}: {angle}, not {target_angle}");
                counts[1] += 1;
            } else {
                assert!(lies_in(x, -0.5, 0.5) && lies_in(z, 0.0, 0.7), "{id}: {x}, {z}");
                assert!(lies_in(angle, 0.0, TAU), "{id}: {angle}");
                assert_ne!(start.qvel[velocity], 0.0, "{id}: it is thrown");
            }
            assert!(start.qvel[velocity].abs() < 5.0, "{id}");
        }
        for (got, expected) in counts.into_iter().zip([in_hand, at_target]) {
            // Four standard deviations of the difference of two counts.
            let margin = 4.0 * (2.0 * f64::from(expected)).sqrt();
            assert!((f64::from(got) - f64::from(expected)).abs() < margin, "{id}: {counts:?}");
        }
    }
}

#[test]
fn boxes_start_beside_the_arm_and_the_target_at_the_height_of_one_of_them() {
    for (id, count) in [("dmc:stacker-stack_2", 2), ("dmc:stacker-stack_4", 4)] {
        let env = make(id);
        let target = 3 * env.physics.body("target").expect("the model has a target");
        let mut at_height = vec![0; count];
        for start in starts(id, 200) {
            let height = written(&start, ModelField::BodyPos, target + 2);
            let boxes_below = (height / 0.022 - 1.0) / 2.0;
            assert!((boxes_below - boxes_below.round()).abs() < 1e-9, "{id}: {height}");
            at_height[boxes_below.round() as usize] += 1;
            assert!(lies_in(written(&start, ModelField::BodyPos, target), -0.37, 0.37), "{id}");
            for index in 0..count {
                for (dimension, low, high) in [("x", 0.1, 0.3), ("z", 0.0, 0.7), ("y", 0.0, TAU)] {
                    let number = start.qpos[qpos(&env, &format!("box{index}_{dimension}"))];
                    assert!(lies_in(number, low, high), "{id}: box{index}_{dimension} {number}");
                }
            }
            assert!(start.qvel.iter().all(|&velocity| velocity == 0.0), "{id}");
        }
        assert!(at_height.iter().all(|&starts| starts > 100 / count), "{id}: {at_height:?}");
    }
}
