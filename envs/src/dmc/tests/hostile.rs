//! States of numbers that no simulation has.

use super::{rng, started};
use crate::env::{Action, Env};
use crate::pixels::Pixels;

const TASKS: &[&str] = &[
    "dmc:ball_in_cup-catch",
    "dmc:cartpole-swingup",
    "dmc:cartpole-swingup?color=0.3&camera=0.2",
    "dmc:dog-fetch",
    "dmc:finger-spin",
    "dmc:finger-turn_easy",
    "dmc:fish-swim",
    "dmc:humanoid_CMU-run",
    "dmc:lqr-lqr_2_1",
    "dmc:point_mass-hard",
    "dmc:quadruped-escape",
    "dmc:reacher-easy",
];

/// MuJoCo ends the whole process after some errors, so that to come back is the test.
#[test]
fn a_simulation_survives_any_numbers() {
    for id in TASKS {
        let mut env = Pixels::new(Box::new(started(id, 0)), 1, 40).expect("the size is possible");
        env.reset(&mut rng(0)).expect("it can be reset");
        let (state, frame) = (env.state().expect("a simulation tells it"), env.frame().to_vec());
        let idle = vec![0.0; state["ctrl"].len()];
        for name in state.keys() {
            for number in [f64::NAN, f64::INFINITY, 1e300, -1e300, 1e9, -1.0, 0.0] {
                let mut altered = state.clone();
                // The model's numbers are index and value in turn.
                let indices = usize::from(name.starts_with("model."));
                let numbers = altered.get_mut(name).expect("it is its own name").iter_mut();
                numbers.skip(indices).step_by(1 + indices).for_each(|old| *old = number);
                if env.set_state(&altered, &frame).is_ok() {
                    let _ = env.step(Action::Continuous(&idle));
                }
            }
        }
        env.set_state(&state, &frame).expect("it is the simulation's own");
        env.step(Action::Continuous(&idle)).expect("nothing has stayed behind");
    }
}

#[test]
fn numbers_that_are_none_and_bodies_smaller_than_nothing_are_refused() {
    let mut env = started("dmc:reacher-easy", 0);
    let state = env.state().expect("a simulation tells it");
    let mut refused = |name: &str, number: f64| {
        let mut state = state.clone();
        state.get_mut(name).expect("it has it")[1] = number;
        env.set_state(&state).expect_err("no simulation has it").to_string()
    };
    let error = refused("qvel", f64::NAN);
    assert!(error.contains("qvel has a number that is not finite"), "{error}");
    let error = refused("model.geom_size", -0.5);
    assert!(error.contains("model.geom_size has -0.5, expected 0 or more"), "{error}");
}
