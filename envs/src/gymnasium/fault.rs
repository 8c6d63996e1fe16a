//! What can go wrong with a Python process.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

/// Why the Python process behind an environment is of no more use.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// It ended by itself.
    Ended { status: Option<ExitStatus> },
    /// It did not answer in time.
    Silent { request: &'static str, limit: Duration },
    /// It answered what is no answer.
    Garbage { problem: String },
    /// A number that learning cannot do without is none.
    NotFinite { what: &'static str, value: f64 },
}

/// What a Python process runs, once it has told.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Versions {
    #[default]
    Unknown,
    Known {
        python: String,
        gymnasium: String,
    },
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::Known { python, gymnasium } => {
                write!(f, " (Python {python}, gymnasium {gymnasium})")
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { status: Some(status) } => {
                write!(f, "its Python process has ended ({status})")
            }
            Self::Ended { status: None } => write!(f, "its Python process has ended"),
            Self::Silent { request, limit } => {
                write!(
                    f,
                    "its Python process did not answer {request:?} within {} s",
                    limit.as_secs_f64()
                )
            }
            Self::Garbage { problem } => {
                write!(f, "its Python process does not keep to the protocol: {problem}")
            }
            Self::NotFinite { what, value } => write!(f, "{what} is {value}"),
        }
    }
}
