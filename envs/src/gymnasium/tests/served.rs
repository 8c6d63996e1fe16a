//! With Gymnasium itself, of the set-up's own virtual environment.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{observation, picture};
use crate::env::{Action, ActionSpec, Ended, Env, Step};
use crate::error::EnvError;
use crate::gymnasium::{Gymnasium, Settings};

/// The module of `environments.py`, as seen from where tests run.
const MODULE: &str = "src.gymnasium.tests.environments";
const CHOICE: Action<'_> = Action::Discrete(2);

/// The interpreter, made by the set-up where it is missing.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut setup = Command::new("python3");
    let made = setup.args([".cargo/native", "gymnasium"]).current_dir(checkout).status();
    assert!(made.is_ok_and(|status| status.success()), "the set-up says why");
    Path::new(env!("CURL_NATIVE_DIR")).join("gymnasium/bin/python")
});

fn settings() -> Settings {
    Settings { python: PYTHON.clone(), step_limit: Duration::from_secs(10), ..Settings::default() }
}

fn make(name: &str) -> Result<Gymnasium, EnvError> {
    Gymnasium::make(&format!("gymnasium:{name}"), &settings())
}

fn started(name: &str, seed: u64) -> Gymnasium {
    let mut env = make(name).unwrap_or_else(|error| panic!("{error}"));
    env.reset(&mut ChaCha8Rng::seed_from_u64(seed)).unwrap_or_else(|error| panic!("{error}"));
    env
}

/// An environment of this module, started.
fn ours(name: &str) -> Gymnasium {
    started(&format!("{MODULE}:{name}"), 0)
}

/// Rewards, observations and a picture of some steps with the same action.
fn episode(env: &mut Gymnasium, action: Action<'_>) -> (Vec<f64>, Vec<u8>) {
    let mut numbers = Vec::new();
    for _ in 0..20 {
        let step = env.step(action).expect("it goes well");
        numbers.push(step.reward);
        numbers.extend(observation(env));
    }
    (numbers, picture(env, 84).expect("it can be drawn"))
}

#[test]
fn the_same_seed_is_the_same_episode() {
    for (name, action, varies) in [
        ("Pendulum-v1", Action::Continuous(&[0.5]), true),
        ("ALE/Pong-v5", Action::Discrete(3), false),
        ("Hopper-v5?width=100&height=100", Action::Continuous(&[0.5; 3]), true),
    ] {
        let mut env = started(name, 1);
        let first = episode(&mut env, action);
        assert!(first.1.iter().any(|byte| *byte != first.1[0]), "{name}: an empty picture");
        let again = episode(&mut started(name, 1), action);
        assert!(first == again, "{name}: another process plays otherwise");
        env.reset(&mut ChaCha8Rng::seed_from_u64(1)).expect("it answers");
        assert!(first == episode(&mut env, action), "{name}: a second episode is another");
        env.reset(&mut ChaCha8Rng::seed_from_u64(2)).expect("it answers");
        assert_eq!(first != episode(&mut env, action), varies, "{name}: another seed");
    }
}

#[test]
fn specs_are_those_of_gymnasium() {
    let pendulum = make("Pendulum-v1").expect("Gymnasium has it");
    let spec = pendulum.spec();
    assert_eq!(spec.action, ActionSpec::Continuous { low: vec![-2.0], high: vec![2.0] });
    assert_eq!((spec.observation_len(), spec.time_limit), (3, Some(200)));
    assert_eq!(spec.control_timestep, 1.0 / 30.0);
    let pong = make("ALE/Pong-v5?full_action_space=true").expect("it brings its own ROMs");
    assert_eq!(pong.spec().action, ActionSpec::Discrete { n: 18 });
    assert_eq!(pong.spec().observation_len(), 0, "its observations are pictures");
}

#[test]
fn a_time_limit_is_no_termination() {
    let mut env = started("Pendulum-v1?max_episode_steps=3", 0);
    let ended = [0; 3].map(|_| env.step(Action::Continuous(&[0.0])).expect("it goes well").ended);
    assert_eq!(ended, [None, None, Some(Ended::TimeLimit)]);
    assert!(picture(&mut env, 8).is_ok(), "the last state can be drawn");
    let mut env = ours("Spaces-v0?space=good");
    let step = env.step(Action::Continuous(&[0.0]));
    assert_eq!(step, Ok(Step { reward: 0.0, ended: Some(Ended::Terminated) }), "if it is both");
}

#[test]
fn pictures_come_from_observations_where_these_are_pictures() {
    for (colours, expected) in
        [("none", [0, 0, 0]), ("one", [0, 0, 0]), ("three", [0, 1, 2]), ("four", [0, 1, 2])]
    {
        let mut env = ours(&format!("Seen-v0?colours={colours}"));
        let step = env.step(Action::Continuous(&[-1.0, 1.0])).expect("actions have their shape");
        assert_eq!(step.reward, -1.0 + 4.0);
        let pixels = picture(&mut env, 48).expect("it can be drawn");
        assert_eq!(pixels[..3], expected, "{colours}");
    }
    let upside_down = picture(&mut ours("Bad-v0"), 48).expect("it can be drawn");
    assert_eq!(upside_down[..3], [120, 121, 122], "a view of an array is drawn as it is seen");
}

#[test]
fn opacity_is_left_out_of_pictures() {
    for (how, first, last_of_row) in
        [("opacity", [0, 1, 2], [21, 22, 23]), ("grey-opacity", [0; 3], [21; 3])]
    {
        let pixels = picture(&mut ours(&format!("Bad-v0?how={how}")), 48).expect("it can be drawn");
        assert_eq!(
            (&pixels[..3], &pixels[3 * 47..3 * 48]),
            (&first[..], &last_of_row[..]),
            "{how}"
        );
    }
}

#[test]
fn choices_begin_where_the_space_does() {
    let mut env = ours("Bad-v0?how=choice");
    assert_eq!(env.spec().action, ActionSpec::Discrete { n: 3 });
    for (choice, meant) in [(0, -1.0), (1, 0.0), (2, 1.0)] {
        assert_eq!(env.step(Action::Discrete(choice)).map(|step| step.reward), Ok(meant));
    }
}

#[test]
fn what_environments_print_does_no_harm() {
    let mut env = ours("Bad-v0?how=print");
    for _ in 0..3 {
        env.step(CHOICE).expect("its output is not the protocol's");
    }
    let printed = env.child.last_lines();
    for line in ["a line for standard output", "and one past Python", "and one of a shell"] {
        assert!(printed.iter().any(|printed| printed == line), "{printed:?}");
    }
}

#[test]
fn what_cannot_be_made_says_why() {
    for (name, part) in [
        ("NoSuchThing-v0", "NoSuchThing"),
        ("no_such_module:Thing-v0", "No module named 'no_such_module'"),
        ("Pendulum-v1?no_such_option=1", "no_such_option"),
        ("src.gymnasium.tests.environments:Bad-v0?how=refuse", "it must be so"),
        ("src.gymnasium.tests.environments:Spaces-v0?space=multi", "MultiDiscrete([2 3])"),
        ("src.gymnasium.tests.environments:Spaces-v0?space=whole", "Box(0, 5, (2,), int64)"),
        ("src.gymnasium.tests.environments:Spaces-v0?space=endless", "bounded by -inf and inf"),
        ("Pendulum-v1?render_mode=human", "draws no pictures"),
    ] {
        let error = make(name).map(drop).expect_err(name).to_string();
        assert!(error.contains(part), "{name}: {error}");
    }
    let without = Settings { python: "python3".into(), ..settings() };
    let without = Gymnasium::make("gymnasium:Pendulum-v1", &without).map(drop);
    if let Err(error) = without {
        assert!(error.to_string().contains("No module named"), "{error}");
    }
}

#[test]
fn a_process_that_fails_says_why() {
    for (how, part) in [
        ("raise", "RuntimeError: the wheel has come off"),
        ("exit", "exit status: 7"),
        ("kill", "ended by SIGKILL"),
        ("segfault", "ended by SIGSEGV"),
        ("nan", "its reward is NaN"),
    ] {
        let mut env = ours(&format!("Bad-v0?how={how}"));
        let error = env.step(CHOICE).and_then(|_| env.step(CHOICE)).expect_err(how).to_string();
        assert!(error.contains(part), "{how}: {error}");
    }
    let error = picture(&mut ours("Bad-v0?how=float"), 8).expect_err("it is no picture");
    assert!(error.to_string().contains("float64 of shape (6, 8, 3)"), "{error}");
}

/// The processes of an environment that tells them.
fn processes(env: &Gymnasium) -> Vec<u64> {
    let told = observation(env).into_iter().filter(|process| *process > 0.0);
    let processes: Vec<u64> = told.map(|process| process as u64).collect();
    assert!(processes.iter().all(|process| is_alive(*process)), "{processes:?}");
    processes
}

fn is_alive(process: u64) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}

/// Whether all processes end before long.
fn end(processes: &[u64]) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while processes.iter().any(|process| is_alive(*process)) {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

#[test]
fn no_process_outlives_its_environment() {
    let env = ours("Bad-v0?how=leave");
    let left = processes(&env);
    drop(env);
    assert!(!left.iter().any(|process| is_alive(*process)), "dropping waits for them");
}

#[test]
fn no_process_outlives_a_time_limit() {
    let mut env = ours("Bad-v0?how=leave-and-hang");
    env.step_limit = Duration::from_millis(200);
    let left = processes(&env);
    let error = env.step(CHOICE).and_then(|_| env.step(CHOICE)).expect_err("it hangs").to_string();
    assert!(error.contains("did not answer") && error.ends_with("not coming back"), "{error}");
    assert!(!left.iter().any(|process| is_alive(*process)), "they are gone with the error");
}

#[test]
fn no_process_outlives_the_one_that_watches() {
    let env = ours("Bad-v0");
    let left = processes(&env);
    let kill = Command::new("kill").args(["-KILL", &left[0].to_string()]).status();
    assert!(kill.expect("there is such a program").success());
    assert!(end(&left), "{left:?}");
}

#[test]
fn what_an_environment_has_started_does_not_outlive_the_one_that_watches() {
    let killed = || {
        let env = ours("Bad-v0?how=leave");
        let left = processes(&env);
        assert_eq!(left.len(), 4);
        let kill = Command::new("kill").args(["-KILL", &left[0].to_string()]).status();
        assert!(kill.expect("there is such a program").success());
        // A step that is faster than the kernel would still be answered.
        assert!(end(&left[..2]), "the watcher and the environment: {left:?}");
        (env, left)
    };
    let (mut env, left) = killed();
    env.step(CHOICE).expect_err("nobody is there any more");
    assert!(end(&left), "with the error: {left:?}");
    let (env, left) = killed();
    drop(env);
    assert!(end(&left), "without being asked for anything: {left:?}");
}

/// Nothing by itself: what the next test runs in a process that it kills.
#[test]
#[ignore = "ends when it is killed"]
fn hangs_until_it_is_killed() {
    let mut env = ours("Bad-v0?how=leave-and-hang");
    println!("processes {:?}", processes(&env));
    let _ = env.step(CHOICE).and_then(|_| env.step(CHOICE));
}

#[test]
fn no_process_outlives_a_program_that_is_killed() {
    let mut program = Command::new(std::env::current_exe().expect("it runs"))
        .args(["--ignored", "--nocapture", "hangs_until_it_is_killed"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs as it does here");
    let output = BufReader::new(program.stdout.take().expect("it is piped"));
    let told = output.lines().map_while(Result::ok).find_map(|line| {
        let numbers = line.split_once("processes [")?.1.strip_suffix(']')?.to_owned();
        Some(numbers.split(", ").map(|number| number.parse().expect("a number")).collect())
    });
    let left: Vec<u64> = told.expect("it tells its processes");
    assert_eq!(left.len(), 4);
    program.kill().expect("it is there");
    program.wait().expect("it was killed");
    assert!(end(&left), "{left:?}");
}
