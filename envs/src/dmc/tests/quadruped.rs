//! Starts of the quadruped's tasks, and the ground of its escape.

use super::{make, mean_and_deviation, pictures::picture, rng, started, starts};
use crate::dmc::State;
use crate::env::Env;
use crate::error::EnvError;

#[test]
fn it_starts_in_any_position_just_above_the_ground() {
    let mut env = make("dmc:quadruped-walk");
    let starts = starts("dmc:quadruped-walk", 100);
    for start in &starts {
        assert_eq!(start.qpos[..2], [0.0, 0.0]);
        assert!(start.qpos[7..].iter().chain(&start.qvel).chain(&start.act).all(|&x| x == 0.0));
        env.set_simulation_state(start).expect("the state fits");
        assert_eq!(env.physics.data().ncon(), 0);
        let mut lower = State { sensors: Vec::new(), ..start.clone() };
        lower.qpos[2] -= 0.01;
        env.set_simulation_state(&lower).expect("the state fits");
        assert!(env.physics.data().ncon() > 0, "a centimetre lower it touches the ground");
    }
    for component in 3..7 {
        let (mean, deviation) =
            mean_and_deviation(starts.iter().map(|start| start.qpos[component]));
        assert!(mean.abs() < 0.2 && (deviation - 0.5).abs() < 0.1, "{mean}, {deviation}");
    }
}

#[test]
fn the_ball_falls_anywhere_in_the_arena_and_the_body_stands() {
    for start in starts("dmc:quadruped-fetch", 50) {
        let (body, ball) = (&start.qpos[..7], &start.qpos[23..30]);
        assert!([body[0], body[1], ball[0], ball[1]].iter().all(|x| x.abs() < 13.5));
        assert_eq!(([body[4], body[5]], ball[2]), ([0.0, 0.0], 2.0));
        assert!(body[2] < 0.7, "it stands {} m above the ground", body[2]);
        assert!(start.qvel[22..24].iter().all(|speed| speed.abs() < 25.0));
        assert!(start.qvel[..22].iter().chain(&start.qvel[24..]).all(|&speed| speed == 0.0));
    }
}

#[test]
fn escape_has_other_ground_in_every_episode_and_keeps_it_in_its_state() {
    let (mut env, mut rng) = (make("dmc:quadruped-escape"), rng(0));
    let own = picture(&mut env, 32, 32);
    assert!(env.simulation_state().heights.is_empty(), "no reset has written any");
    let mut episodes = Vec::new();
    for _ in 0..2 {
        env.reset(&mut rng).expect("a start is found");
        assert_eq!(env.physics.data().ncon(), 0);
        let state = env.state().expect("a simulation tells its state");
        assert_eq!(state["model.hfield_data"].len(), 201 * 201);
        episodes.push((state, picture(&mut env, 32, 32)));
    }
    assert_ne!(episodes[0].0["model.hfield_data"], episodes[1].0["model.hfield_data"]);
    for (state, seen) in &episodes {
        env.set_state(state).expect("the state fits");
        assert_eq!(env.state().as_ref(), Some(state));
        assert!(picture(&mut env, 32, 32) == *seen, "the picture is not of this ground");
    }
    let start = make("dmc:quadruped-escape").simulation_state();
    env.set_simulation_state(&start).expect("the state fits");
    assert!(picture(&mut env, 32, 32) == own, "the ground is not the model's own");
}

#[test]
fn ground_that_does_not_fit_is_refused() {
    let mut env = started("dmc:quadruped-escape", 0);
    let state = env.simulation_state();
    let short = State { heights: vec![0.0; 7], ..state.clone() };
    let expected = EnvError::StateLength { field: "hfield_data", expected: 201 * 201, got: 7 };
    assert_eq!(env.set_simulation_state(&short), Err(expected));
    let mut high = state.to_env_state();
    high.get_mut("model.hfield_data").expect("it has ground")[5] = 3.0;
    let error = env.set_state(&high).expect_err("no ground is that high").to_string();
    assert!(error.contains("model.hfield_data has 3, expected -1.0..=2.0"), "{error}");
    env.set_simulation_state(&state).expect("the state itself fits");
}
