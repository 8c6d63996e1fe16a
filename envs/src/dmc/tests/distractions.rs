//! Pictures with other colours and a camera that moves.

use super::pictures::picture;
use super::{one_of_each_domain, play, rng, started};
use crate::catalog::canonical;
use crate::dmc::{Dmc, ModelField, State};
use crate::env::Env;
use crate::error::EnvError;
use crate::similarity::psnr;

const BOTH: &str = "?color=0.3&camera=0.2";

/// Tasks with a fixed camera, one that follows, and one that looks down from above.
const TASKS: [&str; 3] = ["dmc:cartpole-swingup", "dmc:walker-walk", "dmc:reacher-easy"];

/// A state without the colours of materials.
fn without_colours(state: State) -> State {
    let mut model = state.model;
    model.retain(|value| value.field != ModelField::MatRgba);
    State { model, ..state }
}

#[test]
fn options_have_one_form() {
    for (form, expected) in [
        ("cartpole_swingup?color=0.2", "dmc:cartpole-swingup?color=0.2"),
        ("dmc:walker-walk?camera=.1&color=1", "dmc:walker-walk?color=1&camera=0.1"),
        ("Cheetah-Run?color=2e-1", "dmc:cheetah-run?color=0.2"),
        ("finger-spin?color=0&camera=0.30001", "dmc:finger-spin?camera=0.3"),
        ("reacher-easy?color=0&camera=-0.0", "dmc:reacher-easy"),
    ] {
        assert_eq!(canonical(form).as_deref(), Ok(expected), "{form}");
        assert_eq!(canonical(expected).as_deref(), Ok(expected));
        let env = Dmc::make(expected).expect("the models are there");
        assert_eq!(env.spec().id, expected);
    }
    assert_eq!(crate::task("dmc:finger-spin?camera=0.3"), "dmc:finger-spin");
    assert_eq!(crate::task("dmc:finger-spin"), "dmc:finger-spin");
}

#[test]
fn other_options_are_refused_with_those_that_there_are() {
    for (id, problem) in [
        ("dmc:walker-walk?", "there is no option \"\""),
        ("dmc:walker-walk?video=0.1", "there is no option \"video\""),
        ("dmc:walker-walk?color", "the strength \"\" is not a number of [0, 1]"),
        ("dmc:walker-walk?color=red", "the strength \"red\""),
        ("dmc:walker-walk?color=1.1", "the strength \"1.1\""),
        ("dmc:walker-walk?camera=-0.1", "the strength \"-0.1\""),
        ("dmc:walker-walk?camera=nan", "the strength \"nan\""),
        ("dmc:walker-walk?color=0.1&color=0.1", "color is there twice"),
        ("gym:CartPole-v1?color=0.1", "gym:CartPole-v1 takes no options"),
    ] {
        let error = canonical(id).expect_err("there is no such option");
        assert!(matches!(error, EnvError::Options { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(id) && message.contains(problem), "{message}");
        assert!(message.contains("color=S and camera=S with S in [0, 1]"), "{message}");
    }
    let unknown = canonical("dmc:walker-wlak?color=0.1").expect_err("there is no such task");
    assert!(matches!(unknown, EnvError::UnknownId { .. }), "{unknown}");
}

#[test]
fn starts_rewards_and_observations_are_those_of_the_task() {
    for id in one_of_each_domain() {
        let mut plain = started(&id, 8);
        let mut distracted = started(&(id.clone() + BOTH), 8);
        let start = without_colours(distracted.simulation_state());
        assert_eq!(start, plain.simulation_state(), "{id}");
        assert_eq!(play(&mut distracted, 0..10), play(&mut plain, 0..10), "{id}");
        let end = without_colours(distracted.simulation_state());
        assert_eq!(end, plain.simulation_state(), "{id}");
    }
}

#[test]
fn pictures_follow_the_seed() {
    for options in ["?color=0.1", "?camera=0.1"] {
        let id = format!("dmc:cartpole-swingup{options}");
        let mut env = started(&id, 1);
        let first = picture(&mut env, 64, 64);
        env.reset(&mut rng(2)).expect("a start is found");
        let second = picture(&mut env, 64, 64);
        // The two starts look the same without distractions.
        assert!(psnr(&first, &second) < 35.0, "{options}: {}", psnr(&first, &second));
        env.reset(&mut rng(1)).expect("a start is found");
        assert!(picture(&mut env, 64, 64) == first, "{options}: what went before shows");
        assert!(picture(&mut started(&id, 2), 64, 64) == second, "{options}");
    }
}

/// Pictures of the starts of some seeds.
fn starts_of(id: &str) -> Vec<Vec<u8>> {
    let mut env = started(id, 0);
    let start = |seed| {
        env.reset(&mut rng(seed)).expect("a start is found");
        picture(&mut env, 84, 84)
    };
    (0..4).map(start).collect()
}

#[test]
fn pictures_are_less_like_the_plain_ones_the_stronger_the_distraction() {
    for id in TASKS {
        let plain = starts_of(id);
        for name in ["color", "camera"] {
            let likenesses = ["0.03", "0.2", "1"].map(|strength| {
                let distracted = starts_of(&format!("{id}?{name}={strength}"));
                let pairs = plain.iter().zip(&distracted);
                pairs.map(|(plain, distracted)| psnr(plain, distracted)).sum::<f64>() / 4.0
            });
            println!("{id}?{name}: {likenesses:.1?} dB");
            assert!(likenesses.is_sorted_by(|a, b| a > b), "{id}, {name}: {likenesses:?}");
            assert!(likenesses[0].is_finite(), "{id}, {name}: the pictures are the same");
        }
    }
}

#[test]
fn floor_sky_and_bodies_get_other_colours_and_the_model_keeps_its_textures() {
    let id = "dmc:cartpole-swingup";
    let mut plain = started(id, 3);
    let texels = plain.physics.model().tex_data().to_vec();
    let mut coloured = started(&format!("{id}?color=0.5"), 3);
    let pictures = [&mut plain, &mut coloured].map(|env| picture(env, 84, 84));
    for (what, row, column) in [("sky", 4, 4), ("floor", 80, 10), ("rail", 42, 42)] {
        let at = 3 * (84 * row + column);
        let [plain, coloured] = [0, 1].map(|index| &pictures[index][at..at + 3]);
        assert_ne!(plain, coloured, "{what}");
    }
    assert!(coloured.physics.model().tex_data() == texels);
}

#[test]
fn the_camera_moves_along_the_episode_and_colours_stay() {
    let mut coloured = started("dmc:cartpole-swingup?color=0.3", 3);
    let mut moved = started("dmc:cartpole-swingup?camera=0.3", 3);
    let shown_at = |env: &mut Dmc, env_step| {
        let state = State { env_step, ..env.simulation_state() };
        env.set_simulation_state(&state).expect("the state fits");
        picture(env, 84, 84)
    };
    assert!(shown_at(&mut coloured, 0) == shown_at(&mut coloured, 50));
    let steps = [0, 1, 8, 50].map(|env_step| shown_at(&mut moved, env_step));
    let likenesses = [1, 2, 3].map(|later| psnr(&steps[0], &steps[later]));
    assert!(likenesses.is_sorted_by(|a, b| a > b), "it moves smoothly: {likenesses:?}");
}

#[test]
fn a_saved_state_shows_the_same_pictures() {
    for id in TASKS.map(|id| id.to_owned() + BOTH) {
        let mut env = started(&id, 4);
        play(&mut env, 0..7);
        let stored = env.state().expect("a simulation tells its state");
        let mut other = started(&id, 5);
        // A canvas with the other episode's colours has to give them up.
        picture(&mut other, 32, 32);
        other.set_state(&stored).expect("the state fits");
        assert_eq!(other.state().as_ref(), Some(&stored), "{id}");
        for steps in [7..7, 7..12] {
            assert_eq!(play(&mut other, steps.clone()), play(&mut env, steps), "{id}");
            assert!(picture(&mut other, 32, 32) == picture(&mut env, 32, 32), "{id}");
        }
    }
}

#[test]
fn a_state_of_other_distractions_is_refused() {
    let id = "dmc:cartpole-swingup";
    let state_of = |options: &str| {
        started(&format!("{id}{options}"), 0).state().expect("a simulation tells its state")
    };
    for (options, other, problem) in [
        ("", "?color=0.1", "it has no distraction.textures"),
        ("", "?camera=0.1", "it has no distraction.camera"),
        ("?camera=0.1", "", "1 of its names are not those of a simulation"),
    ] {
        let mut env = started(&format!("{id}{other}"), 0);
        let error = env.set_state(&state_of(options)).expect_err("it does not fit").to_string();
        assert!(error.contains(problem), "{error}");
    }
    let mut env = started(&format!("{id}{BOTH}"), 0);
    for (name, problem) in [("textures", "5 numbers, expected 6"), ("camera", "15 numbers")] {
        let mut state = state_of(BOTH);
        state.get_mut(&format!("distraction.{name}")).expect("it has it").pop();
        let error = env.set_state(&state).expect_err("it does not fit").to_string();
        assert!(error.contains(&format!("distraction.{name} has {problem}")), "{error}");
    }
}
