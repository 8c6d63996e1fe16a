//! `curl config`, and how every subcommand comes to its configuration.

use anyhow::Result;

use crate::cli::ConfigArgs;
use crate::config::{self, ConfigError, Resolved, Selection};

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
    let env = canonical_env("--env", &args.env)?;
    let selection = Selection {
        env: &env,
        default_action_repeat: curl_envs::make(&env)?.spec().default_action_repeat,
        preset: args.preset.as_deref(),
        file: args.config.as_deref(),
        env_steps: args.env_steps,
        seed: args.seed,
        sets: &args.sets,
    };
    Ok(config::resolve(&selection)?)
}

/// The canonical form of an environment id that an argument names.
pub(super) fn canonical_env(argument: &str, id: &str) -> Result<String, ConfigError> {
    curl_envs::canonical(id).map_err(|error| super::usage(argument, error))
}
