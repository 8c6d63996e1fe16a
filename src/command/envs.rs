//! `curl envs`.

mod list;
mod show;

use anyhow::Result;

use crate::cli::{EnvsArgs, EnvsCommand};

/// Lists the environments, or saves pictures of one.
///
/// # Errors
/// If no environment is like what was asked for, what it needs is missing, or the picture cannot be
/// written.
pub fn envs(args: &EnvsArgs) -> Result<()> {
    match &args.command {
        None => list::list(&args.list),
        Some(EnvsCommand::Show(args)) => show::show(args),
    }
}
