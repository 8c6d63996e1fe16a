//! The subcommands: each builds the parts from the configuration, calls the library, and prints.

mod bench;
pub mod build;
mod checkpoint;
mod config;
mod elsewhere;
mod envs;
mod eval;
mod inspect;
mod methods;
mod probe;
mod train;

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::{Context, Result};

use crate::config::ConfigError;

pub use bench::bench;
pub use checkpoint::checkpoint;
pub use config::{config, resolve};
pub use envs::envs;
pub use eval::eval;
pub use inspect::inspect;
pub use methods::methods;
pub use probe::probe;
pub use train::train;

/// An argument or key that is wrong in a way that the library found out.
fn usage(argument: &str, error: impl Display) -> ConfigError {
    ConfigError::Argument { argument: argument.to_string(), problem: error.to_string() }
}

/// Whether the reader of our output has left, as `head` does. Commands return the errors of standard
/// output with a context at most, while a pipe within the library is wrapped in the library's error.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|io: &io::Error| io.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes to standard output. Unlike `println!` this does not panic where the reader has gone.
fn print(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .context("cannot write to standard output")
}
