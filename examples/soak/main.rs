//! A long run in a short time, to see that nothing grows: the soak of docs/benchmarks/reliability.md.
//!
//! `cargo run --release --example soak -- --agent-steps 10000000 --updates 100000 --folder FOLDER`
//! trains in the counting environment, whose pictures cost nothing, with an agent of a few hundred
//! parameters. The replay wraps around many times; evaluations, checkpoints and records are the real
//! ones. Updates cost most, so that they come last and a row then covers fewer steps.

mod watched;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::Parser;
use curl_envs::Pixels;
use curl_rl::action::ActionSpace;
use curl_rl::agent::Agent;
use curl_rl::checkpoint::Arithmetic;
use curl_rl::config::{Config, Selection, resolve};
use curl_rl::memory::Forecast;
use curl_rl::replay::{Codec, ReplayShape};
use curl_rl::train::{Parts, Start, Storage, pictures, train};
use tch::Device;

use watched::Watched;

/// Trains for millions of agent steps and watches memory, file handles and time.
#[derive(Parser)]
struct Args {
    /// Length of the run, in agent steps.
    #[arg(long, default_value_t = 10_000_000)]
    agent_steps: u64,
    /// Updates, at the run's end.
    #[arg(long, default_value_t = 100_000)]
    updates: u64,
    /// Where the run is written; must not exist.
    #[arg(long)]
    folder: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let config = config(&args)?;
    let shape = ReplayShape {
        capacity: config.replay.capacity.len(),
        episode_len: Some(700),
        stack: config.env.frame_stack.len(),
        action: ActionSpace::Continuous(1),
        observation: pictures(&config),
        codec: Codec::Delta,
    };
    println!("forecast: {}", Forecast::new(&config, &shape));
    tch::set_num_threads(1);
    fs::create_dir(&args.folder)
        .with_context(|| format!("cannot make {}", args.folder.display()))?;
    let size = config.env.render_size.len();
    let (row, updates_begin) = (args.agent_steps / 20, args.agent_steps - args.updates);
    let env = Watched::new(&args.folder, row, updates_begin, args.updates.div_ceil(10));
    let parts = Parts {
        agent: Agent::new(
            shape.observation.input(shape.stack),
            shape.action,
            &config.agent,
            config.train.seed,
            Device::Cpu,
        ),
        envs: Pixels::new(Box::new(env), 1, size)?.into(),
        eval_envs: Pixels::new(Box::new(watched::counter()), 1, size)?.into(),
        storage: Storage::create(&args.folder, &config, shape)?,
        arithmetic: Arithmetic { threads: 1, passes: "float32".to_owned() },
    };
    let outcome = train(&config, parts, Start::New, &AtomicBool::new(false))?;
    println!("finished: {:?}", outcome.steps);
    Ok(())
}

fn config(args: &Args) -> anyhow::Result<Config> {
    let sets = [
        "env.action_repeat=1".to_owned(),
        "env.render_size=12".to_owned(),
        "agent.image_size=10".to_owned(),
        "agent.hidden_dim=4".to_owned(),
        "agent.encoder.layers=1".to_owned(),
        "agent.encoder.filters=2".to_owned(),
        "agent.encoder.feature_dim=4".to_owned(),
        "replay.capacity=50000".to_owned(),
        "train.batch_size=4".to_owned(),
        format!("train.env_steps={}", args.agent_steps),
        format!("train.warmup_agent_steps={}", args.agent_steps - args.updates),
        "eval.every_env_steps=100000".to_owned(),
        "checkpoint.every_env_steps=20000".to_owned(),
        "log.scalars_every_updates=100".to_owned(),
        "log.media_every_updates=10000".to_owned(),
    ];
    let selection = Selection {
        preset: Some("debug"),
        sets: &sets,
        ..Selection::of("dmc:cartpole-swingup", 1)
    };
    Ok(resolve(&selection)?.config)
}
