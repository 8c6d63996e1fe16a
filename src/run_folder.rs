//! The folder of a run: made or taken over by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, Checkpoints};
use crate::config::{Config, ConfigError};
use crate::durable;
use crate::metrics::{Metrics, MetricsError};
use crate::replay::segments::{self, SegmentsError};

const CONFIG: &str = "config.toml";
const LOCK: &str = "lock";

/// A run folder that this process alone writes to, until this is dropped or the process ends in
/// whatever way.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a run folder cannot be had.
#[derive(Debug, Error)]
pub enum RunFolderError {
    #[error("cannot make the run folder {path}: {source}")]
    Create { path: PathBuf, source: io::Error },
    #[error("{path} exists already and holds no run: name another folder")]
    Taken { path: PathBuf },
    #[error("{path} is no run folder: it has no {CONFIG}")]
    NoRun { path: PathBuf },
    #[error("{path} is a checkpoint: name the run that it belongs to")]
    Checkpoint { path: PathBuf },
    #[error(
        "{path} is in use by another process ({holder}): wait for it or stop it, or name another folder"
    )]
    InUse { path: PathBuf, holder: String },
    #[error("cannot lock {path}: {source}")]
    Lock { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Segments(#[from] SegmentsError),
    #[error(transparent)]
    Checkpoints(#[from] CheckpointError),
}

impl RunFolder {
    /// Makes the folder of a new run. It must not exist, or be empty.
    ///
    /// # Errors
    /// If it holds something, or cannot be made or locked.
    pub fn create(path: &Path) -> Result<Self, RunFolderError> {
        let failed = |source| RunFolderError::Create { path: path.to_path_buf(), source };
        fs::create_dir_all(path).map_err(failed)?;
        let mut entries = fs::read_dir(path).map_err(failed)?.flatten();
        if entries.any(|entry| entry.file_name() != LOCK) {
            return Err(RunFolderError::Taken { path: path.to_path_buf() });
        }
        Self::lock(path)
    }

    /// Takes over the folder of a run that has been started.
    ///
    /// # Errors
    /// If there is no run in it, or another process has it.
    pub fn open(path: &Path) -> Result<Self, RunFolderError> {
        if Checkpoint::is_at(path) {
            return Err(RunFolderError::Checkpoint { path: path.to_path_buf() });
        }
        if !Self::holds_run(path) {
            return Err(RunFolderError::NoRun { path: path.to_path_buf() });
        }
        Self::lock(path)
    }

    /// Whether a run has been started in a folder. A checkpoint has a configuration, too.
    pub fn holds_run(path: &Path) -> bool {
        path.join(CONFIG).is_file() && !Checkpoint::is_at(path)
    }

    /// The system gives a lock back when its process ends, so that of a dead one never stands in the
    /// way.
    fn lock(path: &Path) -> Result<Self, RunFolderError> {
        let lock_path = path.join(LOCK);
        let failed = |source| RunFolderError::Lock { path: lock_path.clone(), source };
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&lock_path);
        let mut lock = options.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who it is makes the message better, and is not needed for it.
                let _ = lock.take(1000).read_to_string(&mut holder);
                let path = path.to_path_buf();
                return Err(RunFolderError::InUse { path, holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let host = gethostname::gethostname();
        let holder = format!("process {} on {}\n", std::process::id(), host.to_string_lossy());
        lock.set_len(0).and_then(|()| lock.write_all(holder.as_bytes())).map_err(failed)?;
        Ok(Self { path: path.to_path_buf(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration that the run has now.
    ///
    /// # Errors
    /// If it is none.
    pub fn config(&self) -> Result<Config, RunFolderError> {
        Ok(Config::from_file(&self.path.join(CONFIG))?)
    }

    /// Stores the run's configuration.
    ///
    /// # Errors
    /// If it cannot be written; the one before it then stays.
    pub fn write_config(&self, config: &Config) -> Result<(), RunFolderError> {
        let path = self.path.join(CONFIG);
        durable::write_file(&path, |file| file.write_all(config.to_toml().as_bytes()))
            .map_err(|source| RunFolderError::Write { path, source })
    }

    /// Removes what a run left that was stopped before its first checkpoint.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn clear(&self) -> Result<(), RunFolderError> {
        Metrics::remove(&self.path)?;
        segments::remove(&self.path)?;
        Checkpoints::remove(&self.path)?;
        Ok(())
    }
}
