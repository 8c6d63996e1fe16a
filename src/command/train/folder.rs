//! Which run a command line means: a new one, or one that goes on.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::cli::TrainArgs;
use crate::command::config::{resolve_onto, resolve_settings};
use crate::config::{Config, ConfigError};
use crate::run_folder::{RunFolder, RunFolderError};

/// A run to be trained.
pub(super) struct Chosen {
    pub(super) folder: RunFolder,
    pub(super) config: Config,
    /// Where it goes on.
    pub(super) checkpoint: Option<Checkpoint>,
}

pub(super) fn choose(args: &TrainArgs) -> Result<Chosen> {
    if let Some(path) = &args.resume {
        let folder = RunFolder::open(path).map_err(|error| usage("--resume", error))?;
        let stored = folder.config()?;
        let config = resolve_onto(&stored, &path.join("config.toml"), &args.settings)?.config;
        return go_on(folder, &stored, config);
    }
    let env = args.env.as_deref().expect("the command line requires it without --resume");
    let config = resolve_settings(env, &args.settings)?.config;
    match &args.run_dir {
        Some(path) if RunFolder::holds_run(path) => {
            let folder = RunFolder::open(path).map_err(|error| usage("--run-dir", error))?;
            let stored = folder.config()?;
            go_on(folder, &stored, config)
        }
        Some(path) => begin(path, config),
        None => begin(&new_path(&config), config),
    }
}

fn begin(path: &Path, config: Config) -> Result<Chosen> {
    let folder = RunFolder::create(path).map_err(|error| usage("--run-dir", error))?;
    Ok(Chosen { folder, config, checkpoint: None })
}

/// Goes on with a run, if what was asked for is still the same run.
fn go_on(folder: RunFolder, stored: &Config, config: Config) -> Result<Chosen> {
    let (allowed, refused): (Vec<_>, Vec<_>) =
        stored.changes(&config).into_iter().partition(|change| change.is_allowed());
    if !refused.is_empty() {
        return Err(ConfigError::Changes(refused).into());
    }
    for change in allowed {
        eprintln!("changes {change}");
    }
    let Some(last) = Checkpoints::last(folder.path()) else {
        eprintln!("{} has no checkpoint yet: the run begins anew", folder.path().display());
        folder.clear()?;
        return Ok(Chosen { folder, config, checkpoint: None });
    };
    let checkpoint = Some(Checkpoint::load(&last)?);
    Ok(Chosen { folder, config, checkpoint })
}

fn new_path(config: &Config) -> PathBuf {
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let name = format!("{now}-s{}", config.train.seed);
    Path::new("runs").join(folder_name(&config.env.id)).join(name)
}

/// An id as the name of a folder: letters, digits, and what joins them.
fn folder_name(id: &str) -> String {
    id.replace(|c: char| !(c.is_alphanumeric() || "._-".contains(c)), "-")
}

/// A folder that cannot be had because of what was asked for is an error of the argument.
fn usage(argument: &str, error: RunFolderError) -> anyhow::Error {
    use RunFolderError::{InUse, NoRun, Taken};
    match error {
        Taken { .. } | NoRun { .. } | InUse { .. } => crate::command::usage(argument, error).into(),
        error => error.into(),
    }
}
