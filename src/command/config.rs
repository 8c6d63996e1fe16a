//! `curl config`, and how every subcommand comes to its configuration.

use std::path::Path;

use anyhow::Result;

use crate::cli::{ConfigArgs, SettingArgs};
use crate::config::{self, Config, ConfigError, EnvConfig, Resolved, Selection};

/// Prints the resolved configuration as TOML, with the source of each value. The output serves as
/// `--config`.
///
/// # Errors
/// As [`resolve`], or if standard output fails.
pub fn config(args: &ConfigArgs) -> Result<()> {
    super::print(&resolve(args)?.to_toml())
}

/// The configuration that arguments select.
///
/// # Errors
/// [`ConfigError`] where the arguments, or what they name, are wrong; otherwise if the
/// environment's models cannot be loaded.
pub fn resolve(args: &ConfigArgs) -> Result<Resolved> {
    resolve_settings(&args.env, &args.settings)
}

pub(super) fn resolve_settings(env: &str, settings: &SettingArgs) -> Result<Resolved> {
    let env = canonical_env("--env", env)?;
    let default_action_repeat = curl_envs::default_action_repeat(&env)?;
    let python = python(settings)?;
    let selection = selection(&env, default_action_repeat, settings);
    Ok(config::resolve(&Selection { python: python.as_deref(), ..selection })?)
}

/// The configuration of a run with settings on top of it.
pub(super) fn resolve_onto(
    stored: &Config,
    path: &Path,
    settings: &SettingArgs,
) -> Result<Resolved, ConfigError> {
    let EnvConfig { id, action_repeat, .. } = &stored.env;
    let python = python(settings)?;
    let selection = selection(id, action_repeat.get(), settings);
    config::resolve_onto(stored, path, &Selection { python: python.as_deref(), ..selection })
}

/// The interpreter of `--python`. A path is stored from the root on, so that the run can go on from
/// elsewhere. Links are kept: that of a virtual environment says which one it is.
fn python(settings: &SettingArgs) -> Result<Option<String>, ConfigError> {
    let Some(python) = &settings.python else { return Ok(None) };
    let unusable = |problem: &dyn std::fmt::Display| super::usage("--python", problem);
    let is_name = python.components().count() == 1 && !python.starts_with(".");
    let path = if is_name { Ok(python.clone()) } else { std::path::absolute(python) };
    let text = path.map_err(|error| unusable(&error))?.into_os_string().into_string();
    text.map(Some).map_err(|_| unusable(&"the path is not UTF-8"))
}

fn selection<'a>(
    env: &'a str,
    default_action_repeat: u64,
    settings: &'a SettingArgs,
) -> Selection<'a> {
    Selection {
        method: settings.method.as_deref(),
        preset: settings.preset.as_deref(),
        file: settings.config.as_deref(),
        env_steps: settings.env_steps,
        seed: settings.seed,
        envs: settings.envs,
        eval_envs: settings.eval_envs,
        sets: &settings.sets,
        ..Selection::of(env, default_action_repeat)
    }
}

/// The canonical form of an environment id that an argument names.
pub(super) fn canonical_env(argument: &str, id: &str) -> Result<String, ConfigError> {
    curl_envs::canonical(id).map_err(|error| super::usage(argument, error))
}
