//! Pictures of all tasks.

use super::{one_of_each_domain, play, started};
use crate::dmc::renderer::Renderer;
use crate::dmc::task::Detail;
use crate::dmc::{Dmc, ModelField};
use crate::env::{Env, Frame, Quality};
use crate::error::EnvError;
use crate::similarity::psnr;

pub(super) fn picture(env: &mut Dmc, height: usize, width: usize) -> Vec<u8> {
    let mut pixels = vec![0; height * width * 3];
    let frame = Frame { pixels: &mut pixels, height, width };
    env.render(frame).expect("software rendering works here");
    pixels
}

#[test]
fn pictures_follow_the_state_the_size_and_the_camera() {
    let mut env = started("dmc:reacher-easy", 1);
    let (square, wide) = (picture(&mut env, 32, 32), picture(&mut env, 24, 40));
    assert_eq!(picture(&mut env, 32, 32), square, "sizes disturb each other");
    assert_eq!(picture(&mut env, 24, 40), wide, "sizes disturb each other");
    // The target lies elsewhere, and nothing else has moved.
    let mut moved = env.simulation_state();
    for value in moved.model.iter_mut().filter(|value| value.field == ModelField::GeomPos) {
        value.value = -value.value;
    }
    env.set_simulation_state(&moved).expect("the state fits");
    assert_ne!(picture(&mut env, 32, 32), square);
    env.set_camera(1).expect("the model has two cameras");
    let other = picture(&mut env, 32, 32);
    env.set_camera(0).expect("the model has two cameras");
    assert_ne!(picture(&mut env, 32, 32), other);
    let expected = EnvError::Camera { id: "dmc:reacher-easy".to_owned(), camera: 2, count: 2 };
    assert_eq!(env.set_camera(2), Err(expected));
}

#[test]
fn a_picture_has_its_top_row_first() {
    // The sky is above the ground: the upper rows are bluer and the lower ones hold the floor.
    let mut env = started("dmc:cartpole-swingup", 0);
    let pixels = picture(&mut env, 40, 40);
    let sum = |rows: std::ops::Range<usize>, channel: usize| {
        let rows = &pixels[rows.start * 120..rows.end * 120];
        rows.iter().skip(channel).step_by(3).map(|&byte| f64::from(byte)).sum::<f64>()
    };
    assert!(sum(0..8, 2) > sum(32..40, 2), "{} {}", sum(0..8, 2), sum(32..40, 2));
}

#[test]
fn a_buffer_of_another_size_is_refused() {
    let mut env = started("dmc:cartpole-swingup", 0);
    let mut pixels = [0; 10];
    let frame = Frame { pixels: &mut pixels, height: 2, width: 2 };
    let expected = EnvError::FrameBuffer { height: 2, width: 2, expected: 12, got: 10 };
    assert_eq!(env.render(frame), Err(expected));
    let frame = Frame { pixels: &mut [], height: 0, width: 2 };
    assert!(matches!(env.render(frame), Err(EnvError::FrameSize { .. })));
}

/// The same state at both qualities.
fn pair(env: &mut Dmc, size: usize) -> [Vec<u8>; 2] {
    [Quality::Model, Quality::Reduced].map(|quality| {
        env.set_quality(quality);
        picture(env, size, size)
    })
}

#[test]
fn reduced_pictures_of_an_episode_are_within_40_decibels() {
    for id in one_of_each_domain() {
        let mut env = started(&id, 7);
        for state in 0..6 {
            play(&mut env, state * 40..(state + 1) * 40);
            let [model, reduced] = pair(&mut env, 84);
            assert_ne!(model, reduced, "{id}: the quality changes nothing");
            let similarity = psnr(&model, &reduced);
            assert!(similarity >= 40.0, "{id}, state {state}: {similarity:.1} dB");
        }
    }
}

#[test]
fn a_ground_without_shadow_and_shadows_without_stencil_change_no_byte() {
    // The string of the cup is drawn in fewer pieces even at full detail.
    for id in one_of_each_domain().filter(|id| !id.contains("ball_in_cup")) {
        let mut env = started(&id, 3);
        env.renderer = Renderer::new(Detail { shadow_map: i32::MAX, rings: i32::MAX });
        play(&mut env, 0..40);
        let [model, reduced] = pair(&mut env, 100);
        assert!(model == reduced, "{id}: {:.1} dB", psnr(&model, &reduced));
    }
}

#[test]
fn the_model_keeps_its_own_settings() {
    let mut env = started("dmc:walker-walk", 2);
    let own = env.physics.model().vis().clone();
    assert_eq!(own.quality.shadowsize, 2048);
    env.set_quality(Quality::Reduced);
    let reduced = picture(&mut env, 32, 32);
    assert_eq!(*env.physics.model().vis(), own);
    env.set_quality(Quality::Model);
    picture(&mut env, 32, 32);
    assert_eq!(*env.physics.model().vis(), own);
    env.set_quality(Quality::Reduced);
    assert_eq!(picture(&mut env, 32, 32), reduced, "qualities disturb each other");
}
