//! Episodes of all tasks: starts, ends, states, errors and pictures. That rewards, observations and
//! pictures agree with dm_control is tested against its numbers elsewhere.

mod distractions;
mod dog;
mod fish;
mod hostile;
mod humanoid;
mod lqr;
mod manipulation;
mod pictures;
mod quadruped;
mod starts;
mod swimmer;

use std::f64::consts::PI;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{DOMAINS, Dmc, ModelField, State, ids};
use crate::env::{Action, ActionSpec, Ended, Env, EnvState};
use crate::error::EnvError;

fn make(id: &str) -> Dmc {
    Dmc::make(id).expect("the models are there")
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn started(id: &str, seed: u64) -> Dmc {
    let mut env = make(id);
    env.reset(&mut rng(seed)).expect("a start is found");
    env
}

fn dimensions(env: &Dmc) -> usize {
    match &env.spec().action {
        ActionSpec::Continuous { low, .. } => low.len(),
        ActionSpec::Discrete { n } => panic!("{n} choices"),
    }
}

/// An action of changing signs.
fn action(env: &Dmc, step: usize) -> Vec<f32> {
    (0..dimensions(env)).map(|i| ((step * 7 + i * 3) as f32).sin()).collect()
}

fn observation(env: &Dmc) -> Vec<f64> {
    let mut observation = vec![0.0; env.spec().observation_len()];
    env.observe(&mut observation);
    observation
}

/// Rewards and observations of some steps.
fn play(env: &mut Dmc, steps: std::ops::Range<usize>) -> Vec<(f64, Vec<f64>)> {
    let play_step = |step| {
        let action = action(env, step);
        let step = env.step(Action::Continuous(&action)).expect("the simulation is stable");
        (step.reward, observation(env))
    };
    steps.map(play_step).collect()
}

/// The first task of each domain, for what takes its time and does not depend on the task.
fn one_of_each_domain() -> impl Iterator<Item = String> {
    DOMAINS.iter().map(|tasks| tasks[0].id())
}

/// The states of many starts.
fn starts(id: &str, count: usize) -> Vec<State> {
    let (mut env, mut rng) = (make(id), rng(5));
    let start = |_| {
        env.reset(&mut rng).expect("a start is found");
        env.simulation_state()
    };
    (0..count).map(start).collect()
}

fn mean_and_deviation(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let numbers: Vec<f64> = numbers.collect();
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[test]
fn a_start_depends_on_its_stream_alone() {
    for id in ids() {
        let mut env = started(&id, 11);
        let (start, other) = (env.simulation_state(), started(&id, 12).simulation_state());
        assert_ne!(start, other, "{id}");
        play(&mut env, 0..20);
        env.reset(&mut rng(12)).expect("a start is found");
        assert_eq!(env.simulation_state(), other, "{id}: what went before changes the start");
        env.reset(&mut rng(11)).expect("a start is found");
        assert_eq!(env.simulation_state(), start, "{id}");
    }
}

#[test]
fn cartpole_hangs_almost_at_rest_in_the_middle() {
    let starts = starts("dmc:cartpole-swingup", 500);
    for (mean, values) in [
        (0.0, starts.iter().map(|start| start.qpos[0]).collect::<Vec<_>>()),
        (PI, starts.iter().map(|start| start.qpos[1]).collect()),
        (0.0, starts.iter().flat_map(|start| start.qvel.clone()).collect()),
    ] {
        let (got, deviation) = mean_and_deviation(values.into_iter());
        assert!((got - mean).abs() < 0.0025, "mean {got}, not {mean}");
        assert!((deviation - 0.01).abs() < 0.002, "deviation {deviation}");
    }
}

#[test]
fn reacher_has_a_target_of_its_size_in_reach() {
    let env = make("dmc:reacher-easy");
    let target = env.physics.geom("target").expect("the model has a target");
    let value = |start: &State, field, index| {
        let mut values = start.model.iter();
        values
            .find(|value| (value.field, value.index) == (field, index))
            .expect("it is written")
            .value
    };
    let starts = starts("dmc:reacher-easy", 500);
    let places: Vec<_> = starts
        .iter()
        .map(|start| {
            assert_eq!(value(start, ModelField::GeomSize, 3 * target), 0.05);
            let x = value(start, ModelField::GeomPos, 3 * target);
            let y = value(start, ModelField::GeomPos, 3 * target + 1);
            (x, y)
        })
        .collect();
    let radii = places.iter().map(|(x, y)| x.hypot(*y));
    assert!(radii.clone().all(|radius| (0.05..0.2).contains(&radius)));
    // Uniform in the radius, not over the disc.
    let (mean, deviation) = mean_and_deviation(radii);
    assert!((mean - 0.125).abs() < 0.01 && (deviation - 0.15 / 12f64.sqrt()).abs() < 0.005);
    let (mean, deviation) = mean_and_deviation(places.iter().map(|(x, y)| x.atan2(*y)));
    assert!(mean.abs() < 0.41 && (deviation - PI / 3f64.sqrt()).abs() < 0.2, "{mean}, {deviation}");
    assert!(starts.iter().all(|start| start.qpos[1].abs() <= 160f64.to_radians()));
}

#[test]
fn cheetah_has_settled_on_the_ground() {
    let env = make("dmc:cheetah-run");
    let ranges = env.physics.model().jnt_range().to_vec();
    let limited = env.physics.model().jnt_limited().to_vec();
    for start in starts("dmc:cheetah-run", 30) {
        assert_eq!(start.time, 0.0);
        assert!(start.qvel.iter().all(|velocity| velocity.abs() < 1.0), "{:?}", start.qvel);
        assert!(start.qacc_warmstart.iter().any(|&acceleration| acceleration != 0.0));
        for ((&angle, [low, high]), _) in
            start.qpos.iter().zip(&ranges).zip(&limited).filter(|(_, limited)| **limited)
        {
            // Limits are springs: a joint may lean beyond them a little.
            assert!((low - 0.1..high + 0.1).contains(&angle), "{angle} not in [{low}, {high}]");
        }
    }
}

#[test]
fn finger_and_ball_start_without_contacts() {
    for id in ["dmc:finger-spin", "dmc:finger-turn_easy", "dmc:ball_in_cup-catch"] {
        let (mut env, mut rng) = (make(id), rng(3));
        for _ in 0..50 {
            env.reset(&mut rng).expect("a start is found");
            assert_eq!(env.physics.data().ncon(), 0, "{id}");
        }
    }
    for start in starts("dmc:ball_in_cup-catch", 50) {
        assert!((-0.2..0.2).contains(&start.qpos[2]) && (0.2..0.5).contains(&start.qpos[3]));
        assert_eq!(start.qpos[..2], [0.0, 0.0]);
    }
}

#[test]
fn finger_spins_freely_and_hides_the_sites_of_other_tasks() {
    let mut env = started("dmc:finger-spin", 0);
    let written = env.simulation_state().model;
    let named = |name| env.physics.site(name).expect("the model has the site");
    let [target, tip] = ["target", "tip"].map(|name| 4 * named(name) + 3);
    let hinge = env.physics.joint_dof("hinge").expect("the model has a hinge");
    let expected = [
        (ModelField::DofDamping, hinge, 0.03),
        (ModelField::SiteRgba, tip, 0.0),
        (ModelField::SiteRgba, target, 0.0),
    ];
    assert_eq!(written.len(), expected.len());
    for (field, index, value) in expected {
        assert!(written.iter().any(|w| (w.field, w.index, w.value) == (field, index, value)));
    }
    // A state that does not hold them gets the model's own numbers.
    let bare = State { model: Vec::new(), ..env.simulation_state() };
    env.set_simulation_state(&bare).expect("the state fits");
    assert_eq!(env.physics.model().dof_damping()[hinge], 0.5);
    assert_eq!(env.simulation_state(), bare);
}

#[test]
fn a_saved_state_continues_bit_for_bit() {
    for id in ids() {
        let mut env = started(&id, 4);
        play(&mut env, 0..30);
        let (state, seen) = (env.simulation_state(), observation(&env));
        let stored = env.state().expect("a simulation tells its state");
        let expected = play(&mut env, 30..60);
        let mut other = started(&id, 5);
        other.set_state(&stored).expect("the state fits");
        assert_eq!(observation(&other), seen, "{id}");
        assert_eq!(other.simulation_state(), state, "{id}");
        assert_eq!(play(&mut other, 30..60), expected, "{id}");
        assert_eq!(other.simulation_state(), env.simulation_state(), "{id}");
    }
}

#[test]
fn a_stored_state_of_something_else_is_refused() {
    let mut env = started("dmc:reacher-easy", 0);
    let stored = env.state().expect("a simulation tells its state");
    let refused = |env: &mut Dmc, change: &dyn Fn(&mut EnvState)| {
        let mut state = stored.clone();
        change(&mut state);
        let error = env.set_state(&state).expect_err("it does not fit").to_string();
        assert!(env.step(Action::Continuous(&[0.0, 0.0])).is_err(), "no episode is running");
        error
    };
    let missing = refused(&mut env, &|state| drop(state.remove("qvel")));
    assert!(missing.contains("dmc:reacher-easy: it has no qvel"), "{missing}");
    let unknown = refused(&mut env, &|state| drop(state.insert("wind".to_owned(), vec![1.0])));
    assert!(unknown.contains("1 of its names"), "{unknown}");
    let short = refused(&mut env, &|state| drop(state.insert("time".to_owned(), vec![])));
    assert!(short.contains("time has 0 numbers, expected 1"), "{short}");
    let odd = refused(&mut env, &|state| state.get_mut("model.geom_pos").unwrap().truncate(1));
    assert!(odd.contains("model.geom_pos has an index without a value"), "{odd}");
    refused(&mut env, &|state| state.get_mut("model.geom_pos").unwrap()[0] = 1e18);
    refused(&mut env, &|state| state.get_mut("qpos").unwrap().push(0.0));
    env.set_state(&stored).expect("the state itself fits");
}

#[test]
fn an_episode_ends_at_its_time_limit_and_not_before() {
    for id in one_of_each_domain() {
        let mut env = make(&id);
        let idle = vec![0.0; dimensions(&env)];
        let no_episode = EnvError::NoEpisode { id: id.clone() };
        assert_eq!(env.step(Action::Continuous(&idle)), Err(no_episode.clone()), "{id}");
        env.reset(&mut rng(0)).expect("a start is found");
        let Some(limit) = env.spec().time_limit else { continue };
        for step in 1..=limit {
            let ended =
                env.step(Action::Continuous(&idle)).expect("the simulation is stable").ended;
            assert_eq!(ended, (step == limit).then_some(Ended::TimeLimit), "{id}, step {step}");
        }
        assert_eq!(env.step(Action::Continuous(&idle)), Err(no_episode), "{id}");
    }
}

#[test]
fn actions_that_do_not_fit_are_refused_and_the_episode_goes_on() {
    let mut env = started("dmc:finger-spin", 0);
    for (action, message) in [
        (
            Action::Continuous(&[0.0]),
            "dmc:finger-spin takes 2 continuous numbers, but got 1 continuous numbers",
        ),
        (
            Action::Discrete(1),
            "dmc:finger-spin takes 2 continuous numbers, but got the discrete choice 1",
        ),
        (
            Action::Continuous(&[0.0, 1.5]),
            "dmc:finger-spin: entry 1 of the action is 1.5, outside [-1, 1]",
        ),
        (
            Action::Continuous(&[f32::NAN, 0.0]),
            "dmc:finger-spin: entry 0 of the action is NaN, outside [-1, 1]",
        ),
    ] {
        let error = env.step(action).expect_err("the action does not fit");
        assert_eq!(error.to_string(), message);
    }
    assert!(env.step(Action::Continuous(&[1.0, -1.0])).is_ok());
}

#[test]
fn a_diverged_simulation_is_an_error_and_ends_the_episode() {
    let mut env = started("dmc:walker-walk", 0);
    let mut state = env.simulation_state();
    state.qvel[3] = 1e9;
    env.set_simulation_state(&state).expect("MuJoCo accepts the state");
    let action = [1.0; 6];
    let error = (0..5).find_map(|_| env.step(Action::Continuous(&action)).err());
    let Some(EnvError::Diverged { warnings, .. }) = error else {
        panic!("{error:?}");
    };
    assert!(!warnings.is_empty());
    let no_episode = EnvError::NoEpisode { id: "dmc:walker-walk".to_owned() };
    assert_eq!(env.step(Action::Continuous(&action)), Err(no_episode));
    env.reset(&mut rng(0)).expect("a start is found");
    assert!(env.step(Action::Continuous(&action)).is_ok());
}

#[test]
fn a_state_of_another_model_is_refused() {
    let state = started("dmc:walker-walk", 0).simulation_state();
    let mut env = started("dmc:cartpole-swingup", 0);
    let expected = EnvError::StateLength { field: "qpos", expected: 2, got: 9 };
    assert_eq!(env.set_simulation_state(&state), Err(expected));
    assert!(env.step(Action::Continuous(&[0.0])).is_err(), "no episode is running");
}
