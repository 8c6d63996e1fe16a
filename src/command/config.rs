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
    let default_action_repeat = curl_envs::make(&env)?.spec().default_action_repeat;
    Ok(config::resolve(&selection(&env, default_action_repeat, settings))?)
}

/// The configuration of a run with settings on top of it.
pub(super) fn resolve_onto(
    stored: &Config,
    path: &Path,
    settings: &SettingArgs,
) -> Result<Resolved, ConfigError> {
    let EnvConfig { id, action_repeat, .. } = &stored.env;
    config::resolve_onto(stored, path, &selection(id, action_repeat.get(), settings))
}

fn selection<'a>(
    env: &'a str,
    default_action_repeat: u64,
    settings: &'a SettingArgs,
) -> Selection<'a> {
    Selection {
        env,
        default_action_repeat,
        preset: settings.preset.as_deref(),
        file: settings.config.as_deref(),
        env_steps: settings.env_steps,
        seed: settings.seed,
        envs: settings.envs,
        eval_envs: settings.eval_envs,
        sets: &settings.sets,
    }
}

/// The canonical form of an environment id that an argument names.
pub(super) fn canonical_env(argument: &str, id: &str) -> Result<String, ConfigError> {
    curl_envs::canonical(id).map_err(|error| super::usage(argument, error))
}
