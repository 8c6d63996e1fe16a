//! A checkpoint's agent in an environment that the arguments name, which need not be its own.

use std::path::Path;

use anyhow::{Context, Result};
use curl_envs::{EnvError, Spec};

use super::config::canonical_env;
use crate::action::ActionSpace;
use crate::checkpoint::Checkpoint;
use crate::config::{Config, ConfigError, EnvConfig};

/// The configuration of a checkpoint, with the environment and the interpreter that arguments name. All else
/// is as it was in training: action repeat, size and colours of the pictures, and the stack.
///
/// Environments in Python are run by an interpreter that the user has named: a checkpoint that is a
/// stranger's must not say which program is started.
///
/// # Errors
/// If there is no such environment, or the interpreter's path is not UTF-8.
pub(super) fn config(
    env: Option<&str>,
    python: &Path,
    trained: &Config,
) -> Result<Config, ConfigError> {
    let id = env.map(|id| canonical_env("--env", id)).transpose()?;
    let python =
        python.to_str().ok_or_else(|| super::usage("--python", "the path is not UTF-8"))?;
    let env = EnvConfig {
        id: id.unwrap_or_else(|| trained.env.id.clone()),
        python: python.to_owned(),
        ..trained.env.clone()
    };
    Ok(Config { env, ..trained.clone() })
}

/// What was made of such a configuration. Where it could not be, and the training had another interpreter,
/// the message names that one.
///
/// # Errors
/// If it could not be made.
pub(super) fn made<T>(
    envs: Result<T, EnvError>,
    config: &Config,
    checkpoint: &Checkpoint,
) -> Result<T> {
    let trained = &checkpoint.config.env;
    if config.env.id != trained.id || config.env.python == trained.python {
        return Ok(envs?);
    }
    envs.with_context(|| format!("the run was trained with --python {}", trained.python))
}

/// Whether the agent's actions are those of an environment that it was not trained in, and its states.
/// Pictures always fit: whatever is drawn becomes one of the size and the colours of training.
///
/// # Errors
/// If they are not. What is no agent's at all is told where it is restored.
pub(super) fn check_fit(
    config: &Config,
    checkpoint: &Checkpoint,
    spec: &Spec,
) -> Result<(), ConfigError> {
    let Checkpoint { agent, config: trained, .. } = checkpoint;
    let trained_in = &trained.env.id;
    if config.env.id == *trained_in {
        return Ok(());
    }
    let refused = |fits_not: String| {
        let problem =
            format!("{} {fits_not}; name one that fits an agent of {trained_in}", spec.id);
        Err(super::usage("--env", problem))
    };
    let takes = ActionSpace::from(&spec.action);
    if let Some(acts) = agent.actions(&trained.agent).filter(|acts| *acts != takes) {
        return refused(format!("takes {takes}, but the agent acts with {acts}"));
    }
    let len = spec.observation_len();
    if let Some(known) = agent.state_len().filter(|known| *known != len) {
        return refused(format!(
            "has states of {len} numbers, but the agent knows those of {known}"
        ));
    }
    Ok(())
}
