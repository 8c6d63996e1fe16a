//! The subcommands: each builds the parts from the configuration, calls the library, and prints.

mod bench;
mod build;
mod config;
mod envs;
mod eval;
mod inspect;
mod train;

use std::io::{self, Write};

pub use bench::bench;
pub use config::{config, resolve};
pub use envs::envs;
pub use eval::eval;
pub use inspect::inspect;
pub use train::train;

/// Writes to standard output. Unlike `println!` this does not panic where the reader has gone.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    Ok(output.flush()?)
}
