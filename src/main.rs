//! The program: parses the arguments, runs a subcommand, and turns its result into an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use curl_rl::allocator;
use curl_rl::cli::{Cli, Command};
use curl_rl::command;

const RUN_FAILED: u8 = 1;
/// As clap ends where it cannot parse the arguments.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    allocator::keep_freed_blocks();
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output, such as `head`, has seen enough.
        Err(error) if command::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed too, the exit code is all that is left to say.
            let _ = writeln!(io::stderr(), "error: {}", command::message(&error));
            ExitCode::from(if command::is_usage(&error) { USAGE } else { RUN_FAILED })
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Train(args) => command::train(args),
        Command::Eval(args) => command::eval(args),
        Command::Probe(args) => command::probe(args),
        Command::Checkpoint(args) => command::checkpoint(args),
        Command::Inspect(args) => command::inspect(args),
        Command::Envs(args) => command::envs(args),
        Command::Methods(args) => command::methods(args),
        Command::Config(args) => command::config(args),
        Command::Bench(args) => command::bench(args),
    }
}
