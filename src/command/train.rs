//! `curl train`.

mod folder;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};

use super::build;
use crate::agent::Numbers;
use crate::checkpoint::{Arithmetic, Checkpoint, Checkpoints};
use crate::cli::TrainArgs;
use crate::config::Config;
use crate::memory::gigabytes;
use crate::steps::Steps;
use crate::train::{Outcome, Parts, Start, Storage, train as run};
use folder::{Chosen, choose};

pub fn train(args: &TrainArgs) -> Result<()> {
    let stop = stop_on_signals()?;
    let Chosen { folder, config, checkpoint } = choose(args)?;
    let run_dir = folder.path();
    if let Some(checkpoint) = &checkpoint
        && is_finished(checkpoint, &config)
    {
        let env_step = checkpoint.steps.env_step;
        let text = format!(
            "{} has finished after {env_step} env steps; --env-steps N goes on to more\n",
            run_dir.display()
        );
        return super::print(&text);
    }
    folder.write_config(&config)?;
    let (parts, start) = build_run(run_dir, &config, checkpoint)?;
    let outcome = run(&config, parts, start, &stop)?;
    super::print(&summary(run_dir, &config, &outcome))
}

/// Whether the budget is used and the agent evaluated at its end.
fn is_finished(checkpoint: &Checkpoint, config: &Config) -> bool {
    let Checkpoint { steps: Steps { env_step, .. }, run, .. } = checkpoint;
    let evaluated = run.last_evaluation.as_ref().is_some_and(|last| last.env_step == *env_step);
    *env_step >= config.train.env_steps.get() && evaluated
}

fn summary(run_dir: &Path, config: &Config, outcome: &Outcome) -> String {
    let env_step = outcome.steps.env_step;
    let mut summary = if outcome.complete {
        format!("finished after {env_step} env steps\n")
    } else {
        format!("stopped at {env_step} env steps: curl train --resume {}\n", run_dir.display())
    };
    if let Some(report) = &outcome.last_evaluation {
        let (mean, std) = report.mean_and_std();
        summary += &format!("last evaluation: {mean:.1} +- {std:.1}\n");
    }
    summary += &format!("checkpoint: {}\n", outcome.checkpoint.display());
    let python = match config.env.python.as_str() {
        "python3" => String::new(),
        other => format!(" --python {other}"),
    };
    summary + &format!("play it back: curl eval {}{python} --video film.mp4\n", run_dir.display())
}

/// A flag that Ctrl-C and a polite kill set. A second signal ends the process at once.
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("cannot handle signals")?;
    }
    Ok(stop)
}

/// Builds all that a run is made of, and says what it will do and need.
fn build_run(
    run_dir: &Path,
    config: &Config,
    checkpoint: Option<Checkpoint>,
) -> Result<(Parts, Start)> {
    let threads = build::set_threads(config);
    let device = build::device(config.train.device)?;
    let envs = build::pixel_envs(config, config.train.envs.len())?;
    let eval_envs = build::pixel_envs(config, config.eval.envs.len())?;
    let mut shape = build::replay_shape(config, envs.spec())?;
    build::check_steps_ahead(config, &shape)?;
    if let Some(checkpoint) = &checkpoint {
        shape.codec = checkpoint.run.codec;
    }
    let forecast = build::forecast(config, &shape)?;
    let passes = Numbers::new(config.agent.precision, device).to_string();
    let arithmetic = Arithmetic { threads, passes };

    super::tell(&format!(
        "{}: training for {} env steps",
        config.env.id,
        config.train.env_steps.get()
    ));
    super::tell(&build::passes(config, device));
    super::tell(&build::storage(config, &shape));
    super::tell(&format!("needs about {forecast}"));
    let replay = gigabytes(forecast.replay);
    super::tell(&format!("writes to {}, up to about {replay} of it the replay", run_dir.display()));
    let (agent, storage, start) = match checkpoint {
        None => {
            let agent = build::agent(&config.agent, &shape, config.train.seed, device);
            (agent, Storage::create(run_dir, config, shape)?, Start::New)
        }
        Some(checkpoint) => {
            let agent = build::restored_agent(config, &shape, device, &checkpoint)?;
            tell_resumption(&checkpoint, &arithmetic);
            let storage = Storage::resume(run_dir, config, shape, &checkpoint)?;
            let Checkpoint { steps, run, .. } = checkpoint;
            let (checkpoint, state) = (Checkpoints::locate(run_dir), Box::new(run));
            (agent, storage, Start::From { checkpoint, steps, state })
        }
    };
    Ok((Parts { agent, envs, eval_envs, storage, arithmetic }, start))
}

fn tell_resumption(checkpoint: &Checkpoint, now: &Arithmetic) {
    super::tell(&format!("goes on from env step {}", checkpoint.steps.env_step));
    let before = &checkpoint.run.arithmetic;
    if before != now {
        super::tell(&format!(
            "warning: the run computed its passes in {} on {} threads and now does in {} on {}: what \
             follows will not be the same bits as if it had not been stopped",
            before.passes, before.threads, now.passes, now.threads
        ));
    }
}
