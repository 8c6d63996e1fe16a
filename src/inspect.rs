//! Looking into runs: their curves, what can be said of each in a line, and a picture of it.
//!
//! [`Inspection`] finds the runs and reads them, again and again if they grow. [`Summary`] sums up
//! a curve, [`plot`] draws curves, [`report`] puts both together as text, [`export`] as JSON and
//! CSV. Nothing here prints.

pub mod export;
pub mod number;
pub mod plot;
pub mod report;
pub mod runs;
pub mod summary;
pub mod tags;

use std::path::PathBuf;

use thiserror::Error;

use crate::event_log::ReadError;

pub use runs::{Inspection, Point, Run};
pub use summary::Summary;
pub use tags::TagPattern;

/// Why runs could not be inspected.
#[derive(Debug, Error)]
pub enum InspectError {
    #[error("there is no {path}; name a run folder or an event file")]
    Missing { path: PathBuf },
    #[error(
        "no event file (*tfevents*) lies in {path} or below it; name the folder of a run, or add \
         --follow to wait for one"
    )]
    NoEventFile { path: PathBuf },
    #[error(
        "{run} holds no whole event; either it is no TensorBoard event file, or it has only just \
         begun (--follow waits for more)"
    )]
    NoEvent { run: String },
    #[error("cannot look into a folder; make it readable or name the run below it")]
    Folder { source: walkdir::Error },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{pattern:?} is no pattern; write for example 'loss/*' or '*reward*'")]
    Pattern { pattern: String, source: globset::Error },
    #[error("no tag matches {pattern:?}; there are: {}", tags.join(", "))]
    NoTag { pattern: String, tags: Vec<String> },
}

impl InspectError {
    /// Whether other arguments would do, and not other files.
    pub fn is_of_arguments(&self) -> bool {
        match self {
            Self::Missing { .. }
            | Self::NoEventFile { .. }
            | Self::Pattern { .. }
            | Self::NoTag { .. } => true,
            Self::NoEvent { .. } | Self::Folder { .. } | Self::Read(_) => false,
        }
    }
}
