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

use crate::checkpoint::CheckpointError;
use crate::config::ConfigError;
use crate::inspect::InspectError;

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

/// Whether what was asked for is to blame: a configuration, an argument, or a place that one names.
pub fn is_usage(error: &anyhow::Error) -> bool {
    let no_checkpoint = |error: &CheckpointError| error.is_not_a_checkpoint();
    let no_log = |error: &InspectError| error.is_of_arguments();
    error.is::<ConfigError>()
        || error.downcast_ref().is_some_and(no_checkpoint)
        || error.downcast_ref().is_some_and(no_log)
}

/// The error and its causes, leaving out a cause that the error before it has told already.
pub fn message(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}

/// Whether the reader of our output has left, as `head` does. Commands return the errors of standard
/// output with a context at most, while a pipe within the library is wrapped in the library's error.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|io: &io::Error| io.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes a line to standard error. Where that is gone, the run still goes on.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes to standard output. Unlike `println!` this does not panic where the reader has gone.
fn print(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .context("cannot write to standard output")
}
