//! Trains in an environment of one's own, from its pictures: `catch.rs`, a type that implements
//! gym-rs's trait.
//!
//! `cargo run --release --example catch -- --folder runs/catch`
//!
//! The folder is one as `curl train` leaves it, so that `curl inspect` and TensorBoard show its
//! curves. `curl eval` cannot play it, as it does not know the environment.

mod catch;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::Parser;
use curl_envs::gym::Gym;
use curl_envs::{Env, EnvError, Pixels};
use curl_rl::checkpoint::Arithmetic;
use curl_rl::command::build;
use curl_rl::config::{Config, Selection, resolve};
use curl_rl::train::{Parts, Start, Storage, train};
use tch::Device;

use catch::Catch;

/// Learns to catch a ball.
#[derive(Parser)]
struct Args {
    /// Length of the run, in env steps.
    #[arg(long, default_value_t = 6000)]
    env_steps: u64,
    /// Where the run is written; must not exist.
    #[arg(long)]
    folder: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let spec = Gym::new(Catch::new()).spec().clone();
    let config = config(&spec.id, spec.default_action_repeat, args.env_steps)?;
    let shape = build::replay_shape(&config, &spec)?;
    fs::create_dir(&args.folder)
        .with_context(|| format!("cannot make {}", args.folder.display()))?;
    tch::set_num_threads(1);
    let parts = Parts {
        agent: build::agent(&config.agent, &shape, config.train.seed, Device::Cpu),
        envs: pixels(&config)?.into(),
        eval_envs: pixels(&config)?.into(),
        storage: Storage::create(&args.folder, &config, shape)?,
        arithmetic: Arithmetic { threads: 1, passes: "float32".to_owned() },
    };
    let outcome = train(&config, parts, Start::New, &AtomicBool::new(false))?;
    let report = outcome.last_evaluation.context("a run ends with an evaluation")?;
    println!("catches {:.0} of 100 balls", 100.0 * report.mean_and_std().0);
    Ok(())
}

/// The environment as the agent sees it.
fn pixels(config: &Config) -> Result<Pixels, EnvError> {
    let env = Box::new(Gym::new(Catch::new()));
    Pixels::new(env, config.env.action_repeat.get(), config.env.render_size.len())
}

/// The defaults, but for what suits episodes of ten steps and small pictures.
fn config(env: &str, action_repeat: u64, env_steps: u64) -> anyhow::Result<Config> {
    let sets = [
        "env.render_size=40",
        "agent.image_size=36",
        "agent.precision=float32",
        "agent.hidden_dim=128",
        "agent.encoder.layers=2",
        "agent.encoder.filters=16",
        "train.batch_size=64",
        "train.warmup_agent_steps=500",
        "eval.every_env_steps=1000",
        "eval.episodes=100",
    ];
    let selection = Selection {
        env_steps: Some(env_steps),
        sets: &sets.map(str::to_owned),
        ..Selection::of(env, action_repeat)
    };
    Ok(resolve(&selection)?.config)
}
