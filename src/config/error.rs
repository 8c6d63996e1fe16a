//! What can be wrong with a configuration.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::change::{CHANGEABLE, Change};
use super::layer::Source;

/// A usage or configuration error: what was asked for cannot be done as it was asked. The program
/// then ends with exit code 2.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a configuration: {problem}", path.display())]
    NotAConfiguration { path: PathBuf, problem: String },
    /// The message of the TOML parser, which shows the line with a mark.
    #[error("{}: {message}", path.display())]
    Syntax { path: PathBuf, message: String },
    /// An argument that is wrong in a way that only its user, such as a subcommand, can tell.
    #[error("{argument}: {problem}")]
    Argument { argument: String, problem: String },
    #[error(
        "a run goes on with the configuration it began with, which this changes: {}; leave that out, or \
         start a new run (what may change: {})",
        list(.0),
        CHANGEABLE.join(", ")
    )]
    Changes(Vec<Change>),
    #[error("{}", lines(.0))]
    Keys(Vec<KeyProblem>),
    #[error("{}", lines(.0))]
    Conflicts(Vec<Conflict>),
}

/// What is wrong with one key, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyProblem {
    #[error("{place}: unknown key {key}: {hint}")]
    Unknown { place: Source, key: String, hint: String },
    #[error("{place}: {key} is a section and takes no value: set its keys, such as {example}")]
    Section { place: Source, key: String, example: String },
    #[error("{place}: {key} = {value} is not {expected}")]
    Value { place: Source, key: String, value: String, expected: String },
    #[error(
        "{place}: env.id = {value} is not {env}, the environment of --env: remove the key or change --env"
    )]
    OtherEnvironment { place: Source, value: String, env: String },
    #[error("{}: the key {key} is missing", path.display())]
    Missing { path: PathBuf, key: String },
}

/// Values that are fine alone but not together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}: {remedy}")]
pub struct Conflict {
    pub problem: String,
    pub remedy: String,
}

fn list(changes: &[Change]) -> String {
    changes.iter().map(Change::to_string).collect::<Vec<_>>().join(", ")
}

/// One problem a line.
fn lines<E: ToString>(problems: &[E]) -> String {
    problems.iter().map(E::to_string).collect::<Vec<_>>().join("\n")
}
