//! Against a process that needs Python alone and speaks the protocol, or does not keep to it.

mod served;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::id::Name;
use super::{Fault, Gymnasium, Settings};
use crate::env::{Action, ActionSpec, Ended, Env, Frame, Step};
use crate::error::EnvError;

const FAKE: &str = include_str!("tests/fake.py");
/// Two dimensions, of which the first is bounded by -2 and 2, the second by 0 and 10.
const ACTION: Action<'_> = Action::Continuous(&[-0.5, 1.0]);

fn settings() -> Settings {
    Settings { step_limit: Duration::from_millis(300), ..Settings::default() }
}

fn fake_with(name: &str, settings: &Settings) -> Result<Gymnasium, EnvError> {
    let name = Name::parse(name).expect("it is a name");
    Gymnasium::serve(&format!("gymnasium:{}", name.id), &name, settings, FAKE)
}

fn fake(name: &str) -> Gymnasium {
    fake_with(name, &settings()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn observation(env: &Gymnasium) -> Vec<f64> {
    let mut observation = vec![0.0; env.spec().observation_len()];
    env.observe(&mut observation);
    observation
}

fn picture(env: &mut Gymnasium, side: usize) -> Result<Vec<u8>, EnvError> {
    let mut pixels = vec![0; side * side * 3];
    env.render(Frame { pixels: &mut pixels, height: side, width: side })?;
    Ok(pixels)
}

/// Makes, resets, steps and draws, until something goes wrong.
fn play(name: &str, settings: &Settings) -> Result<(), EnvError> {
    let mut env = fake_with(name, settings)?;
    env.reset(&mut rng())?;
    env.step(ACTION)?;
    picture(&mut env, 4).map(drop)
}

#[test]
fn an_environment_is_what_its_process_says() {
    let mut env = fake("good");
    let spec = env.spec().clone();
    let bounds = ActionSpec::Continuous { low: vec![-2.0, 0.0], high: vec![2.0, 10.0] };
    assert_eq!(spec.action, bounds);
    assert_eq!((spec.observation_len(), spec.time_limit), (3, Some(200)));
    assert_eq!((spec.control_timestep, spec.default_action_repeat), (0.02, 1));
    assert_eq!(env.step(ACTION), Err(EnvError::NoEpisode { id: spec.id.clone() }));
    env.reset(&mut rng()).expect("it answers");
    assert_eq!(observation(&env), [0.0, 0.0, 0.5]);
    for step in 1..=3 {
        let ended = (step == 3).then_some(Ended::TimeLimit);
        assert_eq!(env.step(ACTION), Ok(Step { reward: 0.25 * f64::from(step), ended }));
        assert_eq!(observation(&env), [f64::from(step), -1.0, 0.5]);
        assert_eq!(picture(&mut env, 4), Ok(vec![10 * step as u8; 48]));
    }
    assert_eq!(env.step(ACTION), Err(EnvError::NoEpisode { id: spec.id.clone() }));
    env.reset(&mut rng()).expect("it answers");
    assert_eq!(env.state(), None);
}

#[test]
fn a_termination_is_not_a_time_limit() {
    let mut env = fake("terminates");
    env.reset(&mut rng()).expect("it answers");
    let ended = Some(Ended::Terminated);
    assert_eq!(env.step(ACTION), Ok(Step { reward: 0.25, ended }));
}

#[test]
fn actions_must_fit() {
    let mut env = fake("discrete");
    assert_eq!(env.spec().action, ActionSpec::Discrete { n: 5 });
    env.reset(&mut rng()).expect("it answers");
    env.step(Action::Discrete(4)).expect("it is the last choice");
    assert_eq!(observation(&env)[1], 4.0);
    for action in [Action::Discrete(5), ACTION] {
        assert!(matches!(env.step(action), Err(EnvError::ActionKind { .. })), "{action:?}");
    }
    let mut env = fake("good");
    env.reset(&mut rng()).expect("it answers");
    assert!(env.step(Action::Continuous(&[1.5, 0.0])).is_err());
    assert!(env.step(Action::Discrete(0)).is_err());
    env.step(ACTION).expect("what was refused does no harm");
}

#[test]
fn what_no_agent_can_act_in_or_see_is_refused() {
    for (name, part) in [
        ("unbounded", "entry 0 of its actions is bounded by -1 and inf"),
        ("other", "takes actions of MultiDiscrete([2 2])"),
        ("blind", "draws no pictures"),
    ] {
        let error = fake_with(name, &settings()).map(drop).expect_err(name).to_string();
        assert!(error.contains(part), "{error}");
    }
    let settings = Settings { python: PathBuf::from("no/such/python"), ..settings() };
    let error = fake_with("good", &settings).map(drop).expect_err("there is none").to_string();
    assert!(error.contains("no/such/python") && error.contains("--python"), "{error}");
}

#[test]
fn every_misbehaviour_is_an_error_that_quotes_standard_error() {
    for (name, part) in [
        ("make-die", "has ended (exit status: 3)"),
        ("reset-die", "has ended (exit status: 3)"),
        ("step-crash", "has ended (signal: 6"),
        ("render-die", "has ended (exit status: 3)"),
        ("step-stall", "did not answer \"step\" within 0.3 s"),
        ("render-stall", "did not answer \"render\" within 0.3 s"),
        ("step-leave", "has ended"),
        ("make-garbage", "what it sent begins with \"Hello from a\""),
        ("step-garbage", "what it sent begins with \"Hello from a\""),
        ("step-other", "answered step by a reply of kind 4"),
        ("make-short", "cut short"),
        ("reset-short", "cut short"),
        ("step-short", "cut short"),
        ("render-short", "cut short"),
        ("make-long", "1 bytes too long"),
        ("step-long", "1 bytes too long"),
        ("step-much", "announced a reply of 4294967295 bytes"),
        ("step-twice", "more than its reply has"),
        ("reset-nan", "a number of its observation is NaN"),
        ("step-nan", "a number of its observation is NaN"),
        ("step-worthless", "its reward is inf"),
        ("render-huge", "its picture is 5000x5000 with 3 channels"),
        ("render-colours", "its picture is 1x2 with 4 channels"),
        ("render-cut", "its picture is cut short"),
    ] {
        let error = play(name, &settings()).expect_err(name);
        assert!(matches!(error, EnvError::Python { .. }), "{name}: {error}");
        let text = error.to_string();
        let (_, how) = name.split_once('-').expect("it says how");
        assert!(text.contains(part), "{name}: {text}");
        assert!(text.ends_with(&format!("\n  about to {how}")), "{name}: {text}");
    }
}

#[test]
fn time_limits_are_kept() {
    let settings = Settings { make_limit: Duration::from_millis(200), ..settings() };
    let begun = Instant::now();
    let error = play("make-hang", &settings).expect_err("it hangs");
    assert!(matches!(&error, EnvError::Python { fault: Fault::Silent { .. }, .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_is_printed_never_stops_a_process() {
    let patient = Settings { step_limit: Duration::from_secs(20), ..settings() };
    for name in ["make-babble", "step-babble", "render-babble"] {
        play(name, &patient).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn what_is_printed_without_end_keeps_no_limit_from_passing() {
    for (name, request) in [("make-flood", "make"), ("step-flood", "step")] {
        let settings = Settings { make_limit: Duration::from_secs(2), ..settings() };
        let begun = Instant::now();
        let error = play(name, &settings).expect_err("it does not answer").to_string();
        assert!(begun.elapsed() < Duration::from_secs(20), "{name}: {:?}", begun.elapsed());
        assert!(error.contains(&format!("did not answer {request:?}")), "{name}: {error}");
    }
}

#[test]
fn a_process_that_failed_stays_failed() {
    let mut env = fake("step-die");
    env.reset(&mut rng()).expect("it answers");
    let error = env.step(ACTION).expect_err("it dies");
    assert_eq!(env.step(ACTION), Err(error.clone()));
    assert_eq!(env.reset(&mut rng()), Err(error.clone()));
    assert_eq!(picture(&mut env, 4), Err(error));
}
