//! Alterations of a real checkpoint with right checksums: played as `curl eval` does, and gone on
//! with as `curl train --resume` does.

#![no_main]

use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use arbitrary::Arbitrary;
use curl_envs::{Counter, Ended, PixelEnvs, Pixels};
use curl_rl::agent::Act;
use curl_rl::checkpoint::{Arithmetic, Checkpoint, Checkpoints};
use curl_rl::command::build::{self, Player};
use curl_rl::config::{Config, ConfigError, EnvConfig, Selection, resolve, resolve_onto};
use curl_rl::frame_stack::FrameStack;
use curl_rl::train::{Parts, Start, Storage, train};
use libfuzzer_sys::fuzz_target;
use safetensors::SafeTensors;
use sha2::{Digest, Sha256};
use tch::Device;
use tempfile::TempDir;

const FILES: [&str; 4] = ["checkpoint.toml", "config.toml", "run.toml", "agent.safetensors"];
const TENSORS: usize = 3;
/// Larger pictures and batches are refused or not as these are, but take their time.
const LARGEST: u64 = 64;

#[derive(Arbitrary, Debug)]
struct Input {
    edits: Vec<Edit>,
    /// Go on with the run, or only play.
    resume: bool,
}

#[derive(Arbitrary, Debug)]
enum Edit {
    /// A number of one of the texts, counted modulo how many there are, becomes another.
    Number { file: u8, number: u16, value: Value },
    /// Bytes of a file give way to others.
    Splice { file: u8, at: u16, removed: u8, bytes: Vec<u8> },
    /// A whole file.
    Replace { file: u8, bytes: Vec<u8> },
    /// All numbers of a tensor.
    Fill { tensor: u8, value: f32 },
}

#[derive(Arbitrary, Debug)]
enum Value {
    Whole(i64),
    Large(u64),
    Real(f64),
    List(Vec<f64>),
}

/// Runs of a few episodes, complete with their folders: one to watch, and one to go on with, whose
/// environment is made faster than a simulation.
static RUNS: LazyLock<[TempDir; 2]> = LazyLock::new(|| {
    [SIMULATION, COUNTER].map(|env| {
        let run = folder();
        let config = config();
        let envs = [env(&config), env(&config)];
        play(run.path(), &config, envs, None).expect("nothing is altered yet");
        run
    })
});

const SIMULATION: fn(&Config) -> Pixels = |config| build::pixels(config).expect("it can be made");
const COUNTER: fn(&Config) -> Pixels = |config| {
    let env = Box::new(Counter::new(1, &[200], Ended::TimeLimit));
    let Config { env: EnvConfig { action_repeat, render_size, .. }, .. } = config;
    Pixels::new(env, action_repeat.get(), render_size.len()).expect("the size is possible")
};

thread_local! {
    /// A simulation that has been drawn: to open the graphics driver takes longer than all else.
    static DRAWN: RefCell<Pixels> = RefCell::new(SIMULATION(&config()));
}

fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").expect("there is room")
}

fn config() -> Config {
    let sets = [
        "train.env_steps=1200",
        "train.threads=1",
        "train.device=cpu",
        "replay.codec=delta",
        "eval.every_env_steps=1200",
        "checkpoint.keep=1",
    ]
    .map(str::to_owned);
    // Its resets write into the model, so that there is most to alter in its state.
    let selection =
        Selection { preset: Some("debug"), sets: &sets, ..Selection::of("dmc:reacher-easy", 8) };
    resolve(&selection).expect("these are keys").config
}

fuzz_target!(|input: Input| {
    let run = folder();
    copy(RUNS[usize::from(input.resume)].path(), run.path());
    let path = fs::canonicalize(Checkpoints::locate(run.path())).expect("it was copied");
    alter(&path, &input.edits);
    let checkpoint = match Checkpoint::load(&path) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return drop(error.to_string()),
    };
    let config = checkpoint.config.clone();
    if config.env.render_size.get().max(config.train.batch_size.get()) > LARGEST {
        return;
    }
    if input.resume {
        let Ok(config) = a_little_longer(&checkpoint) else { return };
        let envs = [COUNTER(&config), COUNTER(&config)];
        if play(run.path(), &config, envs, Some(checkpoint)).is_ok() {
            Checkpoint::load(&Checkpoints::locate(run.path())).expect("it was written by us");
        }
    } else {
        let result = if config.env == self::config().env {
            DRAWN.with_borrow_mut(|env| watch(&checkpoint, env))
        } else {
            build::pixels(&config)
                .map_err(Into::into)
                .and_then(|mut env| watch(&checkpoint, &mut env))
        };
        drop(result.map_err(|error| error.to_string()));
    }
});

/// What `curl train --resume` makes of a checkpoint's configuration for some steps more.
fn a_little_longer(checkpoint: &Checkpoint) -> Result<Config, ConfigError> {
    let Checkpoint { config, steps, .. } = checkpoint;
    let sets = ["eval.episodes=1".to_owned()];
    let selection = Selection {
        env_steps: Some(steps.env_step + 3 * 40),
        sets: &sets,
        ..Selection::of(&config.env.id, 8)
    };
    Ok(resolve_onto(config, Path::new("config.toml"), &selection)?.config)
}

/// A few steps from the checkpoint's states, as far as they are some.
fn watch(checkpoint: &Checkpoint, env: &mut Pixels) -> Result<(), Box<dyn Error>> {
    let Player { agent, shape } = Player::new(checkpoint, env.spec())?;
    let mut stack = FrameStack::new(&shape.observation, shape.stack);
    let frame = vec![0; shape.frame_bytes()];
    let run = &checkpoint.run;
    let states = run.envs.iter().filter_map(|env| env.episode.env.as_ref());
    for state in states.chain(run.eval_envs.iter().flatten()) {
        env.set_state(state, &frame)?;
        for _ in 0..2 {
            stack.push(env.frame());
            let action = agent.act_one(stack.input(), Act::Deterministic);
            if env.step(shape.action.action(&action))?.ended.is_some() {
                break;
            }
        }
    }
    Ok(())
}

/// A run from its start or a checkpoint to its end.
fn play(
    run_dir: &Path,
    config: &Config,
    envs: [Pixels; 2],
    checkpoint: Option<Checkpoint>,
) -> Result<(), Box<dyn Error>> {
    tch::set_num_threads(1);
    let [envs, eval_envs] = envs.map(PixelEnvs::from);
    let mut shape = build::replay_shape(config, envs.spec())?;
    let arithmetic = Arithmetic { threads: 1, passes: "float32".to_owned() };
    let (agent, storage, start) = match checkpoint {
        None => {
            let agent = build::agent(&config.agent, &shape, config.train.seed, Device::Cpu);
            (agent, Storage::create(run_dir, config, shape)?, Start::New)
        }
        Some(checkpoint) => {
            shape.codec = checkpoint.run.codec;
            build::forecast(config, &shape)?;
            let agent = build::restored_agent(config, &shape, Device::Cpu, &checkpoint)?;
            let storage = Storage::resume(run_dir, config, shape, &checkpoint)?;
            let Checkpoint { steps, run, .. } = checkpoint;
            let checkpoint = Checkpoints::locate(run_dir);
            (agent, storage, Start::From { checkpoint, steps, state: Box::new(run) })
        }
    };
    train(
        config,
        Parts { agent, envs, eval_envs, storage, arithmetic },
        start,
        &AtomicBool::new(false),
    )?;
    Ok(())
}

/// Alters the files of a checkpoint and makes its checksums right.
fn alter(path: &Path, edits: &[Edit]) {
    let mut files = FILES.map(|name| fs::read(path.join(name)).expect("it was copied"));
    for edit in edits {
        edit.apply(&mut files);
    }
    let mut sums = String::new();
    for (name, bytes) in FILES.iter().zip(&files) {
        fs::write(path.join(name), bytes).expect("there is room");
        let sum = Sha256::digest(bytes);
        sums += &sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        sums += &format!("  {name}\n");
    }
    fs::write(path.join("SHA256SUMS"), sums).expect("there is room");
}

impl Edit {
    fn apply(&self, files: &mut [Vec<u8>; 4]) {
        let index = |file: &u8| usize::from(*file) % FILES.len();
        match self {
            Self::Number { file, number, value } => {
                let bytes = &mut files[usize::from(*file) % TENSORS];
                let numbers = numbers(bytes);
                if !numbers.is_empty() {
                    let place = numbers[usize::from(*number) % numbers.len()].clone();
                    bytes.splice(place, value.text().into_bytes());
                }
            }
            Self::Splice { file, at, removed, bytes } => {
                let old = &mut files[index(file)];
                let at = usize::from(*at) % (old.len() + 1);
                let end = (at + usize::from(*removed)).min(old.len());
                old.splice(at..end, bytes.iter().copied());
            }
            Self::Replace { file, bytes } => files[index(file)].clone_from(bytes),
            Self::Fill { tensor, value } => fill(&mut files[TENSORS], *tensor, *value),
        }
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Large(number) => number.to_string(),
            Self::Real(number) => format!("{number:?}").to_lowercase(),
            Self::List(numbers) => numbers
                .iter()
                .map(|n| format!("{n:?}").to_lowercase())
                .collect::<Vec<_>>()
                .join(","),
        }
    }
}

/// Where numbers stand in a text.
fn numbers(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.e".contains(byte);
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = at + text[at..].iter().take_while(|byte| is_part(byte)).count();
        if text[at..end].iter().any(u8::is_ascii_digit) {
            found.push(at..end);
        }
        at = end + 1;
    }
    found
}

fn fill(file: &mut [u8], tensor: u8, value: f32) {
    let Ok(tensors) = SafeTensors::deserialize(file) else { return };
    let names = tensors.names();
    if names.is_empty() {
        return;
    }
    let view = tensors.tensor(names[usize::from(tensor) % names.len()]).expect("it is named");
    let start = view.data().as_ptr() as usize - file.as_ptr() as usize;
    let range = start..start + view.data().len();
    drop(tensors);
    for number in file[range].chunks_exact_mut(4) {
        number.copy_from_slice(&value.to_le_bytes());
    }
}

/// Copies a folder with its links.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("it is a folder") {
        let entry = entry.expect("it can be listed");
        let (from, to): (PathBuf, PathBuf) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("it is there");
        if kind.is_symlink() {
            let target = fs::read_link(&from).expect("it is a link");
            std::os::unix::fs::symlink(target, &to).expect("there is room");
        } else if kind.is_dir() {
            fs::create_dir(&to).expect("there is room");
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("there is room");
        }
    }
}
