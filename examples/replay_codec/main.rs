//! Measures how the replay stores frames: the tables of docs/benchmarks/replay.md.
//!
//! `cargo run --release --example replay_codec -- --frames 5000 --cache FOLDER` renders frames of the
//! six benchmark tasks and compares libraries. With `--fill 100000` it fills replays, measures the
//! memory of the process and times batches.

mod fill;
mod libraries;
mod recording;

use std::path::PathBuf;

use clap::Parser;

use recording::{Policy, record};

/// Measures the codecs of the replay on real frames.
#[derive(Parser)]
struct Args {
    /// Environments, by default the six of the benchmark.
    #[arg(default_values = [
        "cartpole-swingup", "ball_in_cup-catch", "reacher-easy", "finger-spin", "cheetah-run",
        "walker-walk",
    ])]
    envs: Vec<String>,
    /// Frames that are rendered by environment and policy.
    #[arg(long, default_value_t = 5000)]
    frames: usize,
    /// Height and width of a frame.
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// Keeps rendered frames in this folder, and takes those that are there.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Fills replays of so many transitions, by repeating the rendered episodes, and measures
    /// memory and batches, instead of comparing libraries.
    #[arg(long)]
    fill: Option<usize>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    match args.fill {
        Some(_) => fill::print_header(),
        None => libraries::print_header(),
    }
    for env in &args.envs {
        let recordings = [Policy::Random, Policy::Gait]
            .into_iter()
            .map(|policy| record(env, policy, &args))
            .collect::<anyhow::Result<Vec<_>>>()?;
        match args.fill {
            Some(capacity) => fill::measure(&recordings, capacity)?,
            None => recordings.iter().for_each(libraries::measure),
        }
    }
    Ok(())
}
