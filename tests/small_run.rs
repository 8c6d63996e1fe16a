//! Small runs within the test's own process, with all that a run has.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use curl_envs::{Counter, Ended, Env, PixelEnvs, Pixels};
use curl_rl::action::ActionSpace;
use curl_rl::agent::Agent;
use curl_rl::checkpoint::{Arithmetic, Checkpoint, Checkpoints};
use curl_rl::config::Config;
use curl_rl::replay::{Codec, ReplayShape};
use curl_rl::train::{Parts, Start, Storage, TrainError, pictures, train};
use tch::Device;

use crate::fixtures::{IMAGE, debug_config};

/// A run of 50 agent steps with a replay of 20 transitions.
pub fn config() -> Config {
    debug_config(&[
        "env.action_repeat=1",
        "replay.capacity=20",
        "train.env_steps=50",
        "train.warmup_agent_steps=8",
        "train.batch_size=4",
        "eval.every_env_steps=12",
        "checkpoint.every_env_steps=9",
        "checkpoint.keep=2",
        "log.scalars_every_updates=1",
        "log.media_every_updates=30",
    ])
}

/// Episodes of two lengths.
pub fn counter() -> Box<dyn Env> {
    Box::new(Counter::new(1, &[7, 4], Ended::TimeLimit))
}

/// Plays a run in the counting environment to its end, from its last checkpoint if there is one.
pub fn play(run_dir: &Path, config: &Config, codec: Codec) -> Result<(), TrainError> {
    play_with(counter, run_dir, config, codec)
}

/// The same in another environment.
pub fn play_with(
    make: impl Fn() -> Box<dyn Env>,
    run_dir: &Path,
    config: &Config,
    codec: Codec,
) -> Result<(), TrainError> {
    let pixels = || {
        Pixels::new(make(), config.env.action_repeat.get(), config.env.render_size.len())
            .expect("the size is possible")
    };
    play_in([pixels().into(), pixels().into()], run_dir, config, codec)
}

/// The same in given environments, those of training and those of evaluations.
pub fn play_in(
    [envs, eval_envs]: [PixelEnvs; 2],
    run_dir: &Path,
    config: &Config,
    codec: Codec,
) -> Result<(), TrainError> {
    tch::set_num_threads(1);
    let action = ActionSpace::from(&envs.spec().action);
    let shape = ReplayShape {
        capacity: config.replay.capacity.len(),
        episode_len: Some(7),
        stack: config.env.frame_stack.len(),
        action,
        observation: pictures(config),
        codec,
    };
    let mut agent = Agent::new(IMAGE, action, &config.agent, config.train.seed, Device::Cpu);
    let (storage, start) = match Checkpoints::last(run_dir)? {
        None => (Storage::create(run_dir, config, shape)?, Start::New),
        Some(path) => {
            let checkpoint = Checkpoint::load(&path)?;
            agent.restore(&checkpoint.agent).expect("it is of the same run");
            let storage = Storage::resume(run_dir, config, shape, &checkpoint)?;
            let (steps, state) = (checkpoint.steps, Box::new(checkpoint.run));
            (storage, Start::From { checkpoint: path, steps, state })
        }
    };
    let arithmetic = Arithmetic { threads: 1, passes: String::new() };
    let parts = Parts { agent, envs, eval_envs, storage, arithmetic };
    train(config, parts, start, &AtomicBool::new(false)).map(drop)
}
