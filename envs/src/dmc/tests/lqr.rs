//! The linear systems: springs, and episodes without a time limit of their own.

use std::f64::consts::SQRT_2;

use super::{make, mean_and_deviation, play, rng, started, starts};
use crate::catalog;
use crate::dmc::{ModelField, State};
use crate::env::{Action, Ended, Env};

const TASKS: [&str; 2] = ["dmc:lqr-lqr_2_1", "dmc:lqr-lqr_6_2"];

#[test]
fn all_starts_are_equally_far_from_rest() {
    for id in TASKS {
        let starts = starts(id, 500);
        for start in &starts {
            let norm = start.qpos.iter().map(|position| position.powi(2)).sum::<f64>().sqrt();
            assert!((norm - SQRT_2).abs() < 1e-12, "{id}: {norm}");
            assert!(start.qvel.iter().all(|&velocity| velocity == 0.0), "{id}");
        }
        let bodies = starts[0].qpos.len();
        for body in 0..bodies {
            let (mean, deviation) = mean_and_deviation(starts.iter().map(|start| start.qpos[body]));
            // The coordinates of a uniform direction have variance 1 / their number.
            let expected = SQRT_2 / (bodies as f64).sqrt();
            assert!(mean.abs() < 0.2 * expected, "{id}, body {body}: mean {mean}");
            assert!((deviation - expected).abs() < 0.1 * expected, "{id}, body {body}");
        }
    }
}

#[test]
fn every_start_has_springs_of_its_own() {
    for id in TASKS {
        let starts = starts(id, 500);
        let stiffness: Vec<f64> = starts
            .iter()
            .flat_map(|start| {
                assert_eq!(start.model.len(), start.qpos.len(), "{id}: one for each body");
                let all = start.model.iter();
                all.inspect(|value| assert_eq!(value.field, ModelField::JntStiffness))
                    .map(|value| value.value)
            })
            .collect();
        assert!(stiffness.iter().all(|number| (15.0..25.0).contains(number)), "{id}");
        let (mean, deviation) = mean_and_deviation(stiffness.into_iter());
        assert!((mean - 20.0).abs() < 0.5, "{id}: mean {mean}");
        assert!((deviation - 10.0 / 12f64.sqrt()).abs() < 0.3, "{id}: deviation {deviation}");
    }
}

#[test]
fn an_episode_has_no_time_limit() {
    for id in TASKS {
        let mut env = started(id, 0);
        assert_eq!(env.spec().time_limit, None, "{id}");
        let idle = vec![0.0; env.simulation_state().ctrl.len()];
        for step in 1..3000 {
            let taken = env.step(Action::Continuous(&idle)).expect("the simulation is stable");
            assert_eq!(taken.ended, None, "{id}, step {step}");
        }
        let late = State { env_step: u64::MAX, ..env.simulation_state() };
        env.set_simulation_state(&late).expect("the state fits");
        assert!(env.step(Action::Continuous(&idle)).is_ok(), "{id}");
    }
}

#[test]
fn what_agents_play_is_cut_like_a_time_limit() {
    for id in TASKS {
        let mut env = make(id).with_step_limit();
        assert_eq!(env.spec(), catalog::make(id).expect("the models are there").spec(), "{id}");
        let limit = env.spec().time_limit.expect("it has one now");
        assert_eq!(limit, 1000, "{id}");
        let idle = vec![0.0; env.simulation_state().ctrl.len()];
        for seed in 0..2 {
            env.reset(&mut rng(seed)).expect("a start is found");
            for step in 1..=limit {
                let taken = env.step(Action::Continuous(&idle)).expect("the simulation is stable");
                assert_eq!(
                    taken.ended,
                    (step == limit).then_some(Ended::TimeLimit),
                    "{id}, {step}"
                );
            }
            assert!(env.step(Action::Continuous(&idle)).is_err(), "{id}: no episode is running");
        }
    }
    let walker = make("dmc:walker-walk");
    assert_eq!(
        walker.spec().time_limit,
        make("dmc:walker-walk").with_step_limit().spec().time_limit
    );
}

#[test]
fn an_episode_ends_at_rest() {
    for id in TASKS {
        let mut env = started(id, 0);
        let start = env.simulation_state();
        let idle = vec![0.0; start.ctrl.len()];
        for (distance, ended) in [(1e-3, None), (1e-8, Some(Ended::Terminated))] {
            let near = start.qpos.iter().map(|position| distance * position).collect();
            env.set_simulation_state(&State { qpos: near, ..start.clone() }).expect("it fits");
            let step = env.step(Action::Continuous(&idle)).expect("the simulation is stable");
            assert_eq!(step.ended, ended, "{id}, {distance}");
            assert!((0.999..=1.0).contains(&step.reward), "{id}: {}", step.reward);
        }
        assert!(env.step(Action::Continuous(&idle)).is_err(), "{id}: no episode is running");
    }
}

#[test]
fn costs_are_quadratic_in_positions_and_controls() {
    let mut env = make("dmc:lqr-lqr_6_2");
    let state = State {
        qpos: vec![1.0, -2.0, 0.0, 3.0, 0.0, 0.5],
        ctrl: vec![4.0, -1.0],
        ..started("dmc:lqr-lqr_6_2", 0).simulation_state()
    };
    env.set_simulation_state(&state).expect("the state fits");
    let expected = 1.0 - 0.5 * (1.0 + 4.0 + 9.0 + 0.25) - 0.1 * 0.5 * (16.0 + 1.0);
    assert!((env.reward() - expected).abs() < 1e-12, "{}", env.reward());
}

#[test]
fn an_action_means_mujocos_largest_control() {
    let mut env = started("dmc:lqr-lqr_2_1", 0);
    play(&mut env, 0..1);
    env.step(Action::Continuous(&[-0.5])).expect("the simulation is stable");
    assert_eq!(env.simulation_state().ctrl, [-0.5e10]);
}
