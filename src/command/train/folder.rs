//! Which run a command line means: a new one, or one that goes on.

use std::iter;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::cli::TrainArgs;
use crate::command::config::{resolve_onto, resolve_settings};
use crate::command::tell;
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
        let (folder, stored) = open(path).map_err(|error| usage("--resume", error))?;
        let config = resolve_onto(&stored, &path.join("config.toml"), &args.settings)?.config;
        return go_on(folder, &stored, config);
    }
    let env = args.env.as_deref().expect("the command line requires it without --resume");
    let config = resolve_settings(env, &args.settings)?.config;
    match &args.run_dir {
        Some(path) if RunFolder::holds_run(path) => {
            let (folder, stored) = open(path).map_err(|error| usage("--run-dir", error))?;
            go_on(folder, &stored, config)
        }
        Some(path) => begin(path, config),
        None => begin(&new_path(&config), config),
    }
}

/// A run that was started, and its configuration.
fn open(path: &Path) -> Result<(RunFolder, Config), RunFolderError> {
    let folder = RunFolder::open(path)?;
    let config = folder.config()?;
    Ok((folder, config))
}

fn begin(path: &Path, config: Config) -> Result<Chosen> {
    let folder = RunFolder::create(path).map_err(|error| usage("--run-dir", error))?;
    Ok(Chosen { folder, config, checkpoint: None })
}

/// Goes on with a run, if what was asked for is still the same run. One that has not come to a checkpoint
/// begins anew, with whatever is asked for now.
fn go_on(folder: RunFolder, stored: &Config, config: Config) -> Result<Chosen> {
    let Some(last) = Checkpoints::last(folder.path())? else {
        tell(&format!("{} has no checkpoint yet: the run begins anew", folder.path().display()));
        folder.clear()?;
        return Ok(Chosen { folder, config, checkpoint: None });
    };
    let (allowed, refused): (Vec<_>, Vec<_>) =
        stored.changes(&config).into_iter().partition(|change| change.is_allowed());
    if !refused.is_empty() {
        return Err(ConfigError::Changes(refused).into());
    }
    for change in allowed {
        tell(&format!("changes {change}"));
    }
    let checkpoint = Some(Checkpoint::load(&last)?);
    Ok(Chosen { folder, config, checkpoint })
}

fn new_path(config: &Config) -> PathBuf {
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let folder = Path::new("runs").join(folder_name(&config.env.id));
    let path = folder.join(format!("{now}-s{}", config.train.seed));
    // Another run with this seed may have begun within the same second.
    let numbered = (2..).map(|number| path.with_added_extension(number.to_string()));
    let mut paths = iter::once(path.clone()).chain(numbered);
    paths.find(|path| !path.exists()).expect("there are enough numbers")
}

/// An environment's id as the name of a folder, which a shell takes as it is:
/// `dmc-cartpole-swingup-color=0.2` of `dmc:cartpole-swingup?color=0.2`.
fn folder_name(id: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_.=".contains(character);
    id.chars().map(|character| if is_plain(character) { character } else { '-' }).collect()
}

/// A folder that cannot be had because of what was asked for is an error of the argument.
fn usage(argument: &str, error: RunFolderError) -> anyhow::Error {
    use RunFolderError::{Checkpoint, Config, Create, InUse, NoRun, Taken};
    match error {
        Create { .. } | Taken { .. } | NoRun { .. } | Checkpoint { .. } | InUse { .. } => {
            crate::command::usage(argument, error).into()
        }
        Config(error) => error.into(),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_folders_whose_names_need_no_quotes() {
        for (id, expected) in [
            ("dmc:ball_in_cup-catch", "dmc-ball_in_cup-catch"),
            (
                "dmc:cartpole-swingup?color=0.2&camera=0.1",
                "dmc-cartpole-swingup-color=0.2-camera=0.1",
            ),
            ("gymnasium:ALE/Pong-v5", "gymnasium-ALE-Pong-v5"),
            ("gymnasium:my.module:Env-v0", "gymnasium-my.module-Env-v0"),
        ] {
            assert_eq!(folder_name(id), expected);
        }
    }
}
