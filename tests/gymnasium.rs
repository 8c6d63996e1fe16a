//! Runs of the real program in environments of Gymnasium, with the set-up's own interpreter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use curl_rl::config::{Colour, Config};

/// The interpreter, made by the set-up where it is missing.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut setup = Command::new("python3");
    let setup = setup.args([".cargo/native", "gymnasium"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(setup.status().is_ok_and(|status| status.success()), "the set-up says why");
    Path::new(env!("CURL_NATIVE_DIR")).join("gymnasium/bin/python")
});

/// A run of 50 agent steps and the small networks of the preset, with an evaluation at its end.
const RUN: [&str; 8] =
    ["--preset", "debug", "--set", "eval.episodes=1", "--run-dir", "run", "--env-steps", "2000"];

fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_curl"));
    command.args(args).current_dir(folder);
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    program(folder, args).output().expect("the program starts")
}

fn succeed(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "curl {args:?}: {}\n{errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Arguments that train in an environment.
fn training<'a>(env: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let python = PYTHON.to_str().expect("the path is text");
    [&["train", "--env", env, "--python", python], &RUN[..], more].concat()
}

fn trained_config(folder: &Path) -> Config {
    Config::from_file(&folder.join("run/config.toml")).expect("the run has stored it")
}

#[test]
fn a_run_on_continuous_actions_goes_on_and_plays_back() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (folder, python) = (folder.path(), PYTHON.to_str().expect("the path is text"));
    succeed(folder, &training("gymnasium:Pendulum-v1", &[]));
    assert_eq!(trained_config(folder).env.python, python);
    let again = ["train", "--resume", "run", "--env-steps", "4000"];
    assert!(succeed(folder, &again).contains("finished after 4000 env steps"));
    let table = fs::read_to_string(folder.join("run/train.csv")).expect("the table is there");
    assert_eq!(table.lines().count(), 1 + 4000 / 200, "episodes have 200 env steps:\n{table}");

    let eval = ["eval", "run", "--episodes", "1", "--video", "film.gif"];
    let told = succeed(folder, &[&eval[..], &["--python", python]].concat());
    assert!(told.contains("gymnasium:Pendulum-v1 after 4000 env steps"), "{told}");
    assert!(folder.join("film.gif").exists());
    let elsewhere =
        ["eval", "run", "--episodes", "1", "--env", "gymnasium:MountainCarContinuous-v0"];
    let told = succeed(folder, &[&elsewhere[..], &["--python", python]].concat());
    assert!(told.starts_with("gymnasium:MountainCarContinuous-v0 after 4000 env steps"), "{told}");
    // A checkpoint does not say which program is started.
    let refused = run(folder, &[&eval[..], &["--python", "./none"]].concat());
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(errors.contains(&format!("the run was trained with --python {python}")), "{errors}");
    assert!(errors.contains("./none cannot be started"), "{errors}");
}

#[test]
fn a_game_is_learned_from_grey_frames_with_discrete_actions() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    succeed(folder.path(), &training("gymnasium:ALE/Pong-v5", &[]));
    let env = trained_config(folder.path()).env;
    assert_eq!((env.colour, env.frame_stack.get()), (Colour::Grey, 4), "as its preset says");
    let python = PYTHON.to_str().expect("the path is text");
    let verify = ["checkpoint", "verify", "run", "--python"];
    let told = succeed(folder.path(), &[&verify[..], &[python]].concat());
    assert!(told.contains("whole"), "{told}");
    // Not the interpreter that the checkpoint names.
    let refused = run(folder.path(), &[&verify[..], &["./none"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stdout);
    assert!(told.contains("./none cannot be started"), "{told}");
    // Its observations are pictures: there is no state to read out.
    let probe = ["probe", "run", "--frames", "100", "--python", python, "--out", "probed"];
    let told = succeed(folder.path(), &probe);
    assert!(told.contains("no readout") && told.contains("effective rank"), "{told}");
    assert!(folder.path().join("probed/sprite.png").exists());
}

#[test]
fn what_tells_no_state_is_not_learned_from_states() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let states = training("gymnasium:ALE/Pong-v5", &["--method", "sac-state"]);
    let refused = run(folder.path(), &states);
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{errors}");
    assert!(errors.contains("gymnasium:ALE/Pong-v5 tells no state"), "{errors}");
}

/// An environment whose state leaves the range of float32 after some steps.
const OVERFLOW: &str = "
import gymnasium, numpy

class Overflow(gymnasium.Env):
    metadata = {'render_modes': ['rgb_array'], 'render_fps': 30}
    observation_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, (2,), numpy.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), numpy.float32)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return numpy.zeros(2), {}

    def step(self, action):
        self.steps += 1
        return numpy.array([1.0, 1e300 if self.steps > 30 else 1.0]), 0.0, False, False, {}

    def render(self):
        return numpy.zeros((64, 64, 3), numpy.uint8)

gymnasium.register('Overflow-v0', Overflow, max_episode_steps=100)
";

#[test]
fn a_state_that_is_not_finite_is_refused_before_it_is_learned_from() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    fs::write(folder.path().join("overflow.py"), OVERFLOW).expect("it can be written");
    let args = training("gymnasium:overflow:Overflow-v0", &["--method", "sac-state"]);
    let mut command = program(folder.path(), &args);
    let output = command.env("PYTHONPATH", folder.path()).output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("the environment's state has a number that is inf"), "{errors}");
}

#[test]
fn a_simulator_is_learned_from() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let env = "gymnasium:Swimmer-v5?width=64&height=64";
    succeed(folder.path(), &training(env, &[]));
    assert_eq!(trained_config(folder.path()).env.id, env);
    let show = ["envs", "show", env, "--out", "swimmer.png", "--steps", "2", "--python"];
    succeed(folder.path(), &[&show[..], &[PYTHON.to_str().expect("text")]].concat());
    assert!(folder.path().join("swimmer.png").exists());
}

/// The processes below one, from the top.
fn below(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    let children = children.split_whitespace().map(|child| child.parse().expect("a number"));
    children.flat_map(|child: u32| [vec![child], below(child)].concat()).collect()
}

fn is_alive(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_is_killed_leaves_no_process_behind() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let endless = ["--set", "train.env_steps=100000000"];
    let mut training = program(folder.path(), &training("gymnasium:Pendulum-v1", &endless))
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let log = folder.path().join("run/train.csv");
    let episodes = || fs::read_to_string(&log).map_or(0, |table| table.lines().count());
    wait_until("no episode ends", || episodes() > 2);
    let processes = below(training.id());
    assert_eq!(processes.len(), 4, "two environments, with a watcher each: {processes:?}");
    training.kill().expect("it runs");
    training.wait().expect("it was killed");
    wait_until("a process is left", || !processes.iter().any(|process| is_alive(*process)));
}
