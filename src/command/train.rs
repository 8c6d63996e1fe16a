//! `curl train`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{fs, io};

use anyhow::Context;

use super::build;
use crate::checkpoint::Checkpoints;
use crate::cli::TrainArgs;
use crate::config::Config;
use crate::durable;
use crate::metrics::Metrics;
use crate::replay::Replay;
use crate::train::{Parts, train as run};

pub fn train(args: &TrainArgs) -> anyhow::Result<()> {
    let resolved = super::resolve(&args.config)?;
    let config = &resolved.config;
    let stop = stop_on_signals()?;
    build::set_threads(config);
    let device = build::device(config.train.device)?;

    let env = build::pixels(config)?;
    let eval_env = build::pixels(config)?;
    let shape = build::replay_shape(config, env.spec())?;
    let forecast = build::forecast(config, &shape)?;

    let run_dir = create_run_dir(args.run_dir.as_deref(), config)?;
    write_config(config, &run_dir)?;
    eprintln!("{}: training for {} env steps", config.env.id, config.train.env_steps.get());
    eprintln!("{}", build::passes(config, device));
    eprintln!("{}", build::storage(config, &shape));
    eprintln!("needs about {forecast}");
    eprintln!("writes to {}", run_dir.display());
    let parts = Parts {
        agent: build::agent(config, &shape, device),
        env,
        eval_env,
        replay: Replay::new(shape),
        metrics: Metrics::create(&run_dir, config.train.env_steps.get())?,
        checkpoints: Checkpoints::create(&run_dir, config.checkpoint.keep.len())?,
    };
    let outcome = run(config, parts, &stop)?;

    let how = if outcome.complete { "finished after" } else { "stopped at" };
    let mut summary = format!("{how} {} env steps\n", outcome.steps.env_step);
    if let Some(report) = &outcome.last_evaluation {
        let (mean, std) = report.mean_and_std();
        summary += &format!("last evaluation: {mean:.1} +- {std:.1}\n");
    }
    summary += &format!("checkpoint: {}\n", outcome.checkpoint.display());
    summary += &format!("play it back: curl eval {} --video film.mp4\n", run_dir.display());
    super::print(&summary)
}

/// A flag that Ctrl-C and a polite kill set. A second signal ends the process at once.
fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("cannot handle signals")?;
    }
    Ok(stop)
}

/// Makes the run folder, which must be new: an earlier run is never written over.
fn create_run_dir(asked: Option<&Path>, config: &Config) -> anyhow::Result<PathBuf> {
    let path = match asked {
        Some(path) => path.to_path_buf(),
        None => {
            let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
            let name = format!("{now}-s{}", config.train.seed);
            Path::new("runs").join(config.env.id.replace(':', "-")).join(name)
        }
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    match fs::create_dir(&path) {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let problem = format!("{} exists already: name another folder", path.display());
            Err(super::usage("--run-dir", problem).into())
        }
        Err(error) => Err(error).with_context(|| format!("cannot make {}", path.display())),
    }
}

fn write_config(config: &Config, run_dir: &Path) -> anyhow::Result<()> {
    let path = run_dir.join("config.toml");
    durable::write_file(&path, |file| file.write_all(config.to_toml().as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
