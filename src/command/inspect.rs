//! `curl inspect`: shows the scalars of runs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use console::Term;

use crate::cli::InspectArgs;
use crate::event_log::Damage;
use crate::inspect::export::{Export, write_csv};
use crate::inspect::plot::Ink;
use crate::inspect::report::{Page, report};
use crate::inspect::{Inspection, TagPattern};

/// How often a followed run is looked at.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// Columns of a page that is no terminal.
const PLAIN_WIDTH: usize = 100;
const CANNOT_WRITE: &str = "cannot write to standard output; check where it leads";

/// Shows the scalars of runs as text, JSON or CSV on standard output, and tells on standard error
/// what could not be read.
///
/// # Errors
/// If there is nothing to show, a file cannot be read, or standard output fails.
pub fn inspect(args: &InspectArgs) -> Result<()> {
    show(args, &mut io::stdout().lock())
}

fn show(args: &InspectArgs, output: &mut impl Write) -> Result<()> {
    let pattern = match args.tag.as_deref() {
        Some(tag) => TagPattern::new(tag).map_err(|error| super::usage("--tag", error))?,
        None => TagPattern::any(),
    };
    let mut inspection = Inspection::new(&args.runs)?;
    if args.follow {
        return follow(&mut inspection, &pattern, output, FOLLOW_EVERY);
    }
    let change = inspection.look()?;
    warn(&change.damage);
    inspection.expect_something(&pattern)?;
    let written = if args.json {
        write_json(&Export::new(&inspection, &pattern), output)
    } else if args.csv {
        write_csv(&inspection, &pattern, &mut *output)
    } else {
        output.write_all(report(&inspection, &pattern, page()).as_bytes())
    };
    written.and_then(|()| output.flush()).context(CANNOT_WRITE)
}

fn write_json(export: &Export, output: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *output, export)?;
    writeln!(output)
}

/// Shows the runs again whenever they have grown, until the program is interrupted.
fn follow(
    inspection: &mut Inspection,
    pattern: &TagPattern,
    output: &mut impl Write,
    every: Duration,
) -> Result<()> {
    let mut shown = false;
    loop {
        let change = inspection.look().context("cannot follow any longer")?;
        let lasting = change.damage.into_iter().filter(|(_, damage)| !damage.reason.may_pass());
        let lasting: Vec<_> = lasting.collect();
        if change.grown || !shown {
            // Cleared and written in one go, so that the picture does not flicker.
            let clear = if Term::stdout().is_term() { "\x1b[H\x1b[2J\x1b[3J" } else { "" };
            let page = format!("{clear}{}\n", report(inspection, pattern, page()));
            output
                .write_all(page.as_bytes())
                .and_then(|()| output.flush())
                .context(CANNOT_WRITE)?;
            shown = true;
        }
        warn(&lasting);
        std::thread::sleep(every);
    }
}

/// The page that standard output is.
fn page() -> Page {
    let terminal = Term::stdout();
    let ink = if console::colors_enabled() { Ink::Colour } else { Ink::Letters };
    let width = terminal.size_checked().map_or(PLAIN_WIDTH, |(_, columns)| usize::from(columns));
    Page { width, ink }
}

fn warn(damage: &[(PathBuf, Damage)]) {
    for (path, damage) in damage {
        // Without a standard error there is nobody to warn.
        let _ = writeln!(io::stderr(), "warning: {}: {damage}", path.display());
    }
}

#[cfg(test)]
mod tests;
