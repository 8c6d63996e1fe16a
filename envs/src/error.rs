//! What can go wrong in an environment.

use std::path::PathBuf;

use thiserror::Error;

use crate::gymnasium::{Fault, Versions};

/// Why an environment could not be made, reset, stepped or drawn.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum EnvError {
    #[error(
        "there is no environment {id:?}; the nearest are {}; `curl envs` lists all",
        nearest.join(", ")
    )]
    UnknownId { id: String, nearest: Vec<String> },

    #[error(
        "{id:?} asks for what there is not: {problem}; a task of the control suite takes color=S and \
         camera=S with S in [0, 1], such as dmc:cartpole-swingup?color=0.2&camera=0.1"
    )]
    Options { id: String, problem: String },

    #[error(
        "the control suite's models are neither in {} nor in {}; fetch them with `make setup`",
        installed.display(),
        built.display()
    )]
    ModelsMissing { installed: PathBuf, built: PathBuf },

    #[error(
        "the model {} cannot be loaded: {reason}; `make setup` repairs broken downloads",
        path.display()
    )]
    Model { path: PathBuf, reason: String },

    #[error("the model has no {kind} named {name:?}; `make setup` fetches the models that fit")]
    MissingName { kind: &'static str, name: String },

    #[error("{id} takes {expected}, but got {got}")]
    ActionKind { id: String, expected: String, got: String },

    #[error("{id}: entry {index} of the action is {value}, outside [-1, 1]")]
    ActionRange { id: String, index: usize, value: f32 },

    #[error("{id}: no episode is running; reset the environment first")]
    NoEpisode { id: String },

    #[error("the simulation diverged at {time:.3} s: MuJoCo warns of {}", warnings.join(", "))]
    Diverged { time: f64, warnings: Vec<&'static str> },

    #[error("no start without contacts was found in {attempts} attempts")]
    NoFreeStart { attempts: usize },

    #[error("the state's {field} has {got} numbers, but the model needs {expected}")]
    StateLength { field: &'static str, expected: usize, got: usize },

    #[error("the state does not fit {id}: {problem}; take one that this environment has told")]
    State { id: String, problem: String },

    #[error("{field} has {len} numbers in this model, so there is none at {index}")]
    ModelIndex { field: &'static str, index: usize, len: usize },

    #[error(
        "cannot draw without a screen: {reason}; on Debian or Ubuntu install the software \
         renderer: apt-get install libegl1 libgl1-mesa-dri"
    )]
    Renderer { reason: String },

    #[error("a picture of {height}x{width} pixels cannot be drawn; each side must be in 1..={max}")]
    FrameSize { height: usize, width: usize, max: usize },

    #[error(
        "the buffer for a picture of {height}x{width} pixels holds {got} bytes, not {expected}"
    )]
    FrameBuffer { height: usize, width: usize, expected: usize, got: usize },

    #[error("{id} has no camera {camera}; it has cameras 0..{count}")]
    Camera { id: String, camera: usize, count: usize },

    #[error("the action repeat is 0; it must be at least 1")]
    ActionRepeat,
    #[error("the thread of an environment failed: {reason}")]
    Thread { reason: String },

    #[error(
        "{id:?} is no id of an environment of Gymnasium: {problem}; gymnasium:Pendulum-v1 is one"
    )]
    GymnasiumId { id: String, problem: String },

    #[error(
        "the Python interpreter {} cannot be started: {reason}; name one that has gymnasium with \
         --python or env.python",
        python.display()
    )]
    Interpreter { python: PathBuf, reason: String },

    #[error("{id}: {fault}{versions}{}", quoted(stderr))]
    Python { id: String, fault: Fault, versions: Box<Versions>, stderr: Vec<String> },

    #[error(
        "{id} draws no pictures: it has neither the render mode \"rgb_array\" nor pictures for \
         observations"
    )]
    NoPictures { id: String },

    #[error(
        "{id} takes actions of {space}, but an agent here chooses from a Discrete space or from a Box of \
         floating-point numbers; wrap the environment so that it takes one of these"
    )]
    ActionSpace { id: String, space: String },

    #[error(
        "{id}: entry {index} of its actions is bounded by {low} and {high}, which leaves no range to act \
         in; wrap the environment so that its actions have finite bounds"
    )]
    ActionBounds { id: String, index: usize, low: f64, high: f64 },
}

/// The last lines that a process printed, to be put behind what is told of it.
fn quoted(stderr: &[String]) -> String {
    if stderr.is_empty() {
        return "; it printed nothing to standard error".to_owned();
    }
    let lines: String = stderr.iter().map(|line| format!("\n  {line}")).collect();
    format!("; the last it printed to standard error:{lines}")
}
