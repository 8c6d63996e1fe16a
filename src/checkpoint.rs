//! Checkpoints: one folder that holds all that evaluation needs and, but for the replay, all that a
//! run needs to go on. Nothing in it is executed.
//!
//! | file | content |
//! |---|---|
//! | `checkpoint.toml` | format version, program version, environment, counters, optimiser steps |
//! | `config.toml` | the resolved configuration of the run |
//! | `agent.safetensors` | parameters, and the optimisers' moments as `<optimiser>/<parameter>.first`, `.second` |
//! | `run.toml` | the state of the run ([`RunState`]): episode, environment, logs, place in the replay |
//! | `SHA256SUMS` | checksums of the other four, as `sha256sum -c` reads them |

mod folder;
mod name;
mod run;
mod tensors;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::agent::AgentState;
use crate::config::Config;
use crate::durable;
use crate::steps::Steps;

pub use folder::Checkpoints;
pub use run::{Arithmetic, EnvironmentState, EpisodeState, LastEvaluation, RunState};

const FORMAT_VERSION: u32 = 6;
const ABOUT: &str = "checkpoint.toml";
const CONFIG: &str = "config.toml";
const TENSORS: &str = "agent.safetensors";
const RUN: &str = "run.toml";
const CHECKSUMS: &str = "SHA256SUMS";
/// Text files beyond this are not ours, and are not read. The largest are those of uneven ground, whose
/// heights take a megabyte for each environment.
const MAX_TEXT_BYTES: u64 = 1 << 26;

/// A run at one moment.
#[derive(Debug)]
pub struct Checkpoint {
    pub config: Config,
    pub steps: Steps,
    /// Mean return of the evaluation at this env step, where there was one.
    pub evaluation: Option<f64>,
    pub agent: AgentState,
    pub run: RunState,
}

/// What `checkpoint.toml` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    pub format_version: u32,
    pub program_version: String,
    pub env: String,
    pub evaluation: Option<f64>,
    pub steps: Steps,
    pub optimiser_steps: BTreeMap<String, u64>,
}

impl About {
    /// Whether all counters are those of a run.
    fn check(&self) -> Result<(), String> {
        let Steps { env_step, agent_step, update, episode } = self.steps;
        let counters = [
            ("steps.env_step", env_step),
            ("steps.agent_step", agent_step),
            ("steps.update", update),
            ("steps.episode", episode),
        ];
        let optimisers = self.optimiser_steps.iter().map(|(name, &steps)| (name.as_str(), steps));
        counters.into_iter().chain(optimisers).try_for_each(run::check_counter)
    }
}

/// Why a checkpoint cannot be read or written.
#[derive(Debug, Error)]
pub enum CheckpointError {
    #[error(
        "{path} is not a checkpoint: it has no file {missing}; name a run folder, or one of its \
         checkpoints such as runs/<env>/<run>/checkpoints/last"
    )]
    NotACheckpoint { path: PathBuf, missing: &'static str },
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "cannot write the checkpoint {path}: {source}; earlier checkpoints are as they were: make \
         room or check the folder's permissions"
    )]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "{link} is a folder and no link to the checkpoint where the run goes on: rename it to \
         env_step-<N>, the env steps that its {ABOUT} tells, or remove it if it is a copy of one beside it"
    )]
    NoLink { link: PathBuf },
    #[error(
        "{path} has format version {got}, this program reads version {FORMAT_VERSION}: use the \
         release that wrote it"
    )]
    Version { path: PathBuf, got: u32 },
    #[error("{path} is damaged: {problem}; take another checkpoint of the run")]
    Damaged { path: PathBuf, problem: String },
}

impl CheckpointError {
    /// Whether the place holds no checkpoint at all.
    pub fn is_not_a_checkpoint(&self) -> bool {
        matches!(self, Self::NotACheckpoint { .. })
    }
}

impl Checkpoint {
    /// Whether a folder is one, whole or not.
    pub fn is_at(path: &Path) -> bool {
        path.join(ABOUT).is_file()
    }

    /// Writes the checkpoint as a new folder, whole or not at all.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        durable::write_folder(path, |folder| self.fill(folder))
            .map_err(|source| CheckpointError::Write { path: path.to_path_buf(), source })
    }

    fn fill(&self, folder: &Path) -> io::Result<()> {
        let about = About {
            format_version: FORMAT_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_string(),
            env: self.config.env.id.clone(),
            evaluation: self.evaluation,
            steps: self.steps,
            optimiser_steps: self.agent.optimiser_steps.clone(),
        };
        let about = toml::to_string(&about).map_err(io::Error::other)?;
        let run = toml::to_string(&self.run).map_err(io::Error::other)?;
        let config = self.config.to_toml();
        fs::write(folder.join(ABOUT), &about)?;
        fs::write(folder.join(CONFIG), &config)?;
        fs::write(folder.join(RUN), &run)?;
        tensors::write(&self.agent.tensors, &folder.join(TENSORS))?;
        let tensors = fs::read(folder.join(TENSORS))?;
        fs::write(folder.join(CHECKSUMS), checksums([&about, &config, &run], &tensors))
    }

    /// Reads a checkpoint folder.
    ///
    /// # Errors
    /// If the folder is no checkpoint, has another format version, or differs from what was
    /// written.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let damaged =
            |problem: String| CheckpointError::Damaged { path: path.to_path_buf(), problem };
        let about = read_text(path, ABOUT)?;
        check_version(path, &about)?;
        let sums = read_text(path, CHECKSUMS)?;
        let config = read_text(path, CONFIG)?;
        let run = read_text(path, RUN)?;
        let tensors = read(path, TENSORS)?;
        let expected = checksums([&about, &config, &run], &tensors);
        if let Some((got, _)) = sums.lines().zip(expected.lines()).find(|(got, sum)| got != sum) {
            let name = got.split_whitespace().next_back().unwrap_or(CHECKSUMS);
            return Err(damaged(format!("the checksum of {name} does not match {CHECKSUMS}")));
        }
        if sums != expected {
            return Err(damaged(format!(
                "{CHECKSUMS} does not list the four files of a checkpoint"
            )));
        }
        let about: About =
            toml::from_str(&about).map_err(|error| damaged(format!("{ABOUT}: {error}")))?;
        about.check().map_err(|problem| damaged(format!("{ABOUT}: {problem}")))?;
        let config = Config::from_toml(&config, &path.join(CONFIG))
            .map_err(|error| damaged(error.to_string()))?;
        let run: RunState =
            toml::from_str(&run).map_err(|error| damaged(format!("{RUN}: {error}")))?;
        run.check(config.train.envs.len())
            .map_err(|problem| damaged(format!("{RUN}: {problem}")))?;
        let tensors =
            tensors::read(&tensors).map_err(|problem| damaged(format!("{TENSORS}: {problem}")))?;
        Ok(Self {
            config,
            steps: about.steps,
            evaluation: about.evaluation,
            agent: AgentState { tensors, optimiser_steps: about.optimiser_steps },
            run,
        })
    }
}

impl About {
    /// Reads what a checkpoint says of itself; its other files are not looked at.
    ///
    /// # Errors
    /// If it is no checkpoint, has another format version, or its text cannot be read.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let about = read_text(path, ABOUT)?;
        check_version(path, &about)?;
        toml::from_str(&about).map_err(|error| CheckpointError::Damaged {
            path: path.to_path_buf(),
            problem: format!("{ABOUT}: {error}"),
        })
    }
}

/// The version comes before everything else, so that the checkpoint of a later release is called
/// that and not damaged.
fn check_version(path: &Path, about: &str) -> Result<(), CheckpointError> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    match toml::from_str::<Version>(about) {
        Ok(Version { format_version: FORMAT_VERSION }) => Ok(()),
        Ok(Version { format_version: got }) => {
            Err(CheckpointError::Version { path: path.to_path_buf(), got })
        }
        Err(error) => {
            let problem = format!("{ABOUT} states no format version: {}", error.message());
            Err(CheckpointError::Damaged { path: path.to_path_buf(), problem })
        }
    }
}

fn read(folder: &Path, name: &'static str) -> Result<Vec<u8>, CheckpointError> {
    let path = folder.join(name);
    read_file(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            CheckpointError::NotACheckpoint { path: folder.to_path_buf(), missing: name }
        }
        _ => CheckpointError::Read { path, source },
    })
}

/// Reads as many bytes as a file has. A link to a device would have no end, and a pipe none to read.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(about.len()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_text(folder: &Path, name: &'static str) -> Result<String, CheckpointError> {
    let damaged =
        |problem: String| CheckpointError::Damaged { path: folder.to_path_buf(), problem };
    if fs::metadata(folder.join(name)).is_ok_and(|about| about.len() > MAX_TEXT_BYTES) {
        return Err(damaged(format!("{name} is larger than any that was written")));
    }
    let bytes = read(folder, name)?;
    String::from_utf8(bytes).map_err(|_| damaged(format!("{name} is not text")))
}

/// What [`CHECKSUMS`] holds for a checkpoint of these files: [`ABOUT`], [`CONFIG`] and [`RUN`], and
/// the tensors.
fn checksums(texts: [&str; 3], tensors: &[u8]) -> String {
    let files = [ABOUT, CONFIG, RUN].into_iter().zip(texts.map(str::as_bytes));
    files.chain([(TENSORS, tensors)]).map(|(name, bytes)| checksum_line(name, bytes)).collect()
}

fn checksum_line(name: &str, bytes: &[u8]) -> String {
    let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{sum}  {name}\n")
}
