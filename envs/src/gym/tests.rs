//! The dynamics, episodes, states and pictures of gym-rs's environments.

use std::collections::BTreeMap;

use gym_rs::envs::classical_control::cartpole::CartPoleObservation;
use gym_rs::envs::classical_control::mountain_car::MountainCarObservation;
use gym_rs::utils::custom::types::O64;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::env::FRAME_CHANNELS;
use crate::similarity::psnr;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn cartpole([x, x_dot, theta, theta_dot]: [f64; 4]) -> CartPoleEnv {
    let mut env = CartPoleEnv::new(RenderMode::None);
    let [x, x_dot, theta, theta_dot] = [x, x_dot, theta, theta_dot].map(O64::from);
    env.state = CartPoleObservation::new(x, x_dot, theta, theta_dot);
    env
}

fn mountain_car(position: f64) -> MountainCarEnv {
    let mut env = MountainCarEnv::new(RenderMode::None);
    env.state = MountainCarObservation::new(O64::from(position), O64::from(0.0));
    env
}

fn observe(env: &dyn Env) -> Vec<f64> {
    let mut observation = vec![0.0; env.spec().observation_len()];
    env.observe(&mut observation);
    observation
}

fn picture(env: &mut dyn Env, height: usize, width: usize) -> Vec<u8> {
    let mut pixels = vec![0; height * width * FRAME_CHANNELS];
    env.render(Frame { pixels: &mut pixels, height, width }).expect("it can be drawn");
    pixels
}

/// Plays an episode, and tells the sum of its rewards, its length, and how it ended.
fn play(env: &mut dyn Env, seed: u64, policy: impl Fn(&[f64]) -> usize) -> (f64, u64, Ended) {
    env.reset(&mut rng(seed)).expect("it can be reset");
    let (mut sum, mut steps) = (0.0, 0);
    loop {
        let action = policy(&observe(env));
        let step = env.step(Action::Discrete(action)).expect("the action fits");
        sum += step.reward;
        steps += 1;
        if let Some(ended) = step.ended {
            let again = env.step(Action::Discrete(action));
            assert_eq!(again, Err(EnvError::NoEpisode { id: env.spec().id.clone() }));
            return (sum, steps, ended);
        }
    }
}

fn near(got: &[f64], expected: &[f64]) -> bool {
    got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-12)
}

#[test]
fn cartpole_differs_from_gyms_in_the_carts_acceleration() {
    let after = |state: [f64; 4], action: usize| -> Vec<f64> {
        gym_rs::core::Env::step(&mut cartpole(state), action).observation.into()
    };
    let pushed = after([0.0; 4], 1);
    // By Gymnasium 1.4.0, and by it with the crate's 0.1 + 0.5 in place of its 0.1 * 0.5.
    let gym = [0.0, 0.195_121_951_219_512_2, 0.0, -0.292_682_926_829_268_3];
    assert!(near(&pushed, &[0.0, 0.341_463_414_634_146_3, 0.0, gym[3]]), "{pushed:?}");
    let moving = after([0.1, -0.2, 0.03, 0.4], 1);
    let expected = [0.096, 0.136_248_069_468_627_77, 0.038, 0.116_847_115_666_336_71];
    assert!(near(&moving, &expected), "{moving:?}");
}

#[test]
fn mountain_car_is_gyms() {
    let mut env = mountain_car(-0.5);
    // By Gymnasium 1.4.0.
    for (action, expected) in [
        (2, [-0.499_176_843_004_169_26, 0.000_823_156_995_830_742_8]),
        (2, [-0.497_536_686_679_353_25, 0.001_640_156_324_816_024_6]),
        (0, [-0.497_091_796_932_347_4, 0.000_444_889_747_005_862_73]),
        (1, [-0.496_845_500_067_847_45, 0.000_246_296_864_499_942_7]),
    ] {
        let observation: Vec<f64> = gym_rs::core::Env::step(&mut env, action).observation.into();
        assert!(near(&observation, &expected), "{observation:?}");
    }
}

#[test]
fn cartpole_ends_when_the_pole_falls_or_after_500_steps() {
    let mut env = make(cartpole::ID).expect("it is there");
    let (sum, steps, ended) = play(&mut *env, 1, |_| 1);
    assert!(steps < 15, "{steps}");
    assert_eq!((sum, ended), (steps as f64, Ended::Terminated));
    let balance = |o: &[f64]| usize::from(0.1 * o[0] + 0.3 * o[1] + 3.0 * o[2] + o[3] > 0.0);
    assert_eq!(play(&mut *env, 1, balance), (500.0, 500, Ended::TimeLimit));
}

#[test]
fn mountain_car_ends_at_the_flag_or_after_200_steps() {
    let mut env = make(mountain_car::ID).expect("it is there");
    let (sum, steps, ended) = play(&mut *env, 1, |o| if o[1] < 0.0 { 0 } else { 2 });
    assert!((90..200).contains(&steps), "{steps}");
    assert_eq!((sum, ended), (-(steps as f64), Ended::Terminated));
    assert_eq!(play(&mut *env, 1, |_| 1), (-200.0, 200, Ended::TimeLimit));
}

#[test]
fn starts_are_gyms_and_the_streams() {
    for (id, low, high) in [
        (cartpole::ID, [-0.05; 4].as_slice(), [0.05; 4].as_slice()),
        (mountain_car::ID, &[-0.6, 0.0], &[-0.4, 0.0]),
    ] {
        let start = |seed| {
            let mut env = make(id).expect("it is there");
            env.reset(&mut rng(seed)).expect("it can be reset");
            observe(&*env)
        };
        let starts: Vec<Vec<f64>> = (0..200).map(start).collect();
        assert_eq!(starts[7], start(7));
        for (part, (&low, &high)) in low.iter().zip(high).enumerate() {
            let values = || starts.iter().map(|start| start[part]);
            let (least, most) = (values().fold(high, f64::min), values().fold(low, f64::max));
            let margin = (high - low) / 20.0;
            assert!((low..=low + margin).contains(&least), "{id}: {least}");
            assert!((high - margin..=high).contains(&most), "{id}: {most}");
        }
    }
}

#[test]
fn actions_that_do_not_fit_are_refused_and_change_nothing() {
    for id in ids() {
        let mut env = make(&id).expect("it is there");
        env.reset(&mut rng(3)).expect("it can be reset");
        let before = env.state();
        for action in [Action::Discrete(3), Action::Continuous(&[0.0])] {
            assert!(matches!(env.step(action), Err(EnvError::ActionKind { .. })), "{id}");
        }
        assert_eq!(env.state(), before);
    }
}

#[test]
fn an_episode_goes_on_from_its_state_bit_by_bit() {
    for id in ids() {
        let mut env = make(&id).expect("it is there");
        env.reset(&mut rng(5)).expect("it can be reset");
        let actions = [1, 0, 1, 1, 0, 0].map(Action::Discrete);
        for action in actions {
            env.step(action).expect("it fits");
        }
        let mut other = make(&id).expect("it is there");
        other.set_state(&env.state().expect("it tells its state")).expect("it is its own");
        assert_eq!(picture(&mut *other, 84, 84), picture(&mut *env, 84, 84));
        for action in actions {
            assert_eq!(other.step(action), env.step(action));
            assert_eq!(observe(&*other), observe(&*env));
        }
        assert_eq!(other.state(), env.state());
    }
}

#[test]
fn the_state_of_an_ended_episode_is_one_too() {
    let mut env = make(mountain_car::ID).expect("it is there");
    play(&mut *env, 2, |_| 1);
    let mut other = make(mountain_car::ID).expect("it is there");
    other.set_state(&env.state().expect("it tells its state")).expect("it is its own");
    assert_eq!(observe(&*other), observe(&*env));
    assert!(matches!(other.step(Action::Discrete(1)), Err(EnvError::NoEpisode { .. })));
}

#[test]
fn states_that_no_environment_tells_are_refused() {
    let state = |seed: &[f64], actions: &[f64]| {
        BTreeMap::from([
            ("seed".to_owned(), seed.to_vec()),
            ("actions".to_owned(), actions.to_vec()),
        ])
    };
    let mut with_more = state(&[0.0, 1.0], &[]);
    with_more.insert("more".to_owned(), Vec::new());
    for (wrong, part) in [
        (BTreeMap::new(), "needs \"seed\""),
        (with_more, "nothing else"),
        (state(&[1.0], &[]), "needs \"seed\""),
        (state(&[0.5, 0.0], &[]), "32 bits"),
        (state(&[0.0, 4_294_967_296.0], &[]), "32 bits"),
        (state(&[f64::NAN, 0.0], &[]), "32 bits"),
        (state(&[0.0, 1.0], &[0.0, 0.5]), "whole numbers"),
        (state(&[0.0, 1.0], &[-1.0]), "whole numbers"),
        (state(&[0.0, 1.0], &[f64::INFINITY]), "whole numbers"),
        (state(&[0.0, 1.0], &[3.0]), "the discrete choice 3"),
        (state(&[0.0, 1.0], &[1.0; 201]), "after the end"),
    ] {
        let mut env = make(mountain_car::ID).expect("it is there");
        env.reset(&mut rng(0)).expect("it can be reset");
        let error = env.set_state(&wrong).expect_err("it is not one of its states");
        assert!(matches!(error, EnvError::State { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert!(matches!(env.step(Action::Discrete(1)), Err(EnvError::NoEpisode { .. })));
    }
}

/// Means of the pixels of blocks of `side` x `side`.
fn shrunk(pixels: &[u8], height: usize, width: usize, side: usize) -> Vec<u8> {
    let mut small = Vec::new();
    for (row, column) in (0..height / side).flat_map(|r| (0..width / side).map(move |c| (r, c))) {
        for channel in 0..FRAME_CHANNELS {
            let block = (0..side * side).map(|at| {
                let (y, x) = (row * side + at / side, column * side + at % side);
                usize::from(pixels[(y * width + x) * FRAME_CHANNELS + channel])
            });
            small.push((block.sum::<usize>() / (side * side)) as u8);
        }
    }
    small
}

fn check_picture(env: impl Playable, png: &[u8]) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("it is a PNG");
    let mut expected = vec![0; reader.output_buffer_size().expect("it fits into memory")];
    let info = reader.next_frame(&mut expected).expect("it holds a picture");
    assert_eq!((info.width, info.height, info.color_type), (600, 400, png::ColorType::Rgb));
    let canvas = |height, width| {
        let mut pixels = vec![0; height * width * FRAME_CHANNELS];
        let mut canvas = Canvas::new(height, width);
        env.draw(&mut canvas);
        canvas.copy_to(&mut pixels);
        pixels
    };
    let large = psnr(&canvas(400, 600), &expected);
    let small = psnr(&canvas(100, 150), &shrunk(&expected, 400, 600, 4));
    let tiny = psnr(&canvas(50, 75), &shrunk(&expected, 400, 600, 8));
    assert!(large > 28.0 && small > 39.0 && tiny > 42.0, "{large:.1} {small:.1} {tiny:.1}");
}

#[test]
fn pictures_look_like_gyms() {
    check_picture(cartpole([0.0; 4]), include_bytes!("pictures/cartpole.png"));
    let leaning = cartpole([-1.3, 0.0, 0.17, 0.0]);
    check_picture(leaning, include_bytes!("pictures/cartpole-leaning.png"));
    check_picture(mountain_car(-0.5), include_bytes!("pictures/mountain_car.png"));
    check_picture(mountain_car(0.3), include_bytes!("pictures/mountain_car-uphill.png"));
}

#[test]
fn there_is_one_camera() {
    for id in ids() {
        let mut env = make(&id).expect("it is there");
        assert_eq!(env.set_camera(0), Ok(()));
        assert_eq!(env.set_camera(1), Err(EnvError::Camera { id, camera: 1, count: 1 }));
    }
}
