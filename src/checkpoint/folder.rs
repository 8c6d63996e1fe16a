//! The checkpoints of a run: every N env steps, the newest few kept, with links to the last and
//! best.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{About, Checkpoint, CheckpointError};
use crate::durable;

const FOLDER: &str = "checkpoints";
const LAST: &str = "last";
const BEST: &str = "best";
const NAMED: &str = "env_step-";

/// The folder `checkpoints` of a run: `env_step-000030000/` and so on, and the links `last` and
/// `best`.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    best: Option<f64>,
}

impl Checkpoints {
    /// Makes the folder in a run folder. `keep` is how many periodic checkpoints stay, besides the
    /// best.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn create(run_dir: &Path, keep: usize) -> Result<Self, CheckpointError> {
        let folder = run_dir.join(FOLDER);
        fs::create_dir_all(&folder)
            .map_err(|source| CheckpointError::Write { path: folder.clone(), source })?;
        Ok(Self { folder, keep, best: None })
    }

    /// Removes the checkpoints of a run, if there are any.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub fn remove(run_dir: &Path) -> Result<(), CheckpointError> {
        let path = run_dir.join(FOLDER);
        match fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(CheckpointError::Write { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Goes on in the folder of a run whose last checkpoint is this. What a process left that was
    /// killed while it saved a later one is finished or removed.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn resume(run_dir: &Path, keep: usize, last: &Checkpoint) -> Result<Self, CheckpointError> {
        let folder = run_dir.join(FOLDER);
        let best = About::load(&folder.join(BEST)).ok().and_then(|about| about.evaluation);
        let mut checkpoints = Self { folder, keep, best };
        checkpoints.finish_last(last).map_err(|source| CheckpointError::Write {
            path: checkpoints.folder.clone(),
            source,
        })?;
        Ok(checkpoints)
    }

    fn finish_last(&mut self, last: &Checkpoint) -> io::Result<()> {
        let link = fs::read_link(self.folder.join(LAST))?;
        let name = link.to_string_lossy();
        durable::remove_temporaries(&self.folder)?;
        for later in self.names()?.into_iter().filter(|other| **other > *name) {
            durable::discard_folder(&self.folder.join(later))?;
        }
        self.link_best(last, &name)?;
        self.prune(&name)
    }

    /// The last checkpoint of a run folder, if there is one.
    pub fn last(run_dir: &Path) -> Option<PathBuf> {
        Some(run_dir.join(FOLDER).join(LAST)).filter(|last| last.is_dir())
    }

    /// The checkpoint that a path stands for: itself, or a run folder's last one.
    pub fn locate(path: &Path) -> PathBuf {
        Self::last(path).unwrap_or_else(|| path.to_path_buf())
    }

    /// The checkpoints of a run folder, oldest first; none where there is no such folder.
    pub fn all(run_dir: &Path) -> Vec<PathBuf> {
        let checkpoints = Self { folder: run_dir.join(FOLDER), keep: 0, best: None };
        let mut names = checkpoints.names().unwrap_or_default();
        names.sort();
        names.iter().map(|name| checkpoints.folder.join(name)).collect()
    }

    /// Removes the oldest checkpoints of a run that no process is training, until so many are left
    /// besides the best. Tells which.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn prune_to(run_dir: &Path, keep: usize) -> Result<Vec<PathBuf>, CheckpointError> {
        let before = Self::all(run_dir);
        let folder = run_dir.join(FOLDER);
        let failed = |source| CheckpointError::Write { path: folder.clone(), source };
        let last = fs::read_link(folder.join(LAST)).map_err(failed)?;
        let checkpoints = Self { folder: folder.clone(), keep, best: None };
        checkpoints.prune(&last.to_string_lossy()).map_err(failed)?;
        Ok(before.into_iter().filter(|path| !path.exists()).collect())
    }

    /// Saves a checkpoint, moves the links, and removes the oldest beyond those kept.
    ///
    /// # Errors
    /// If something cannot be written. Earlier checkpoints are then still there.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> Result<PathBuf, CheckpointError> {
        let name = self.free_name(checkpoint.steps.env_step);
        let path = self.folder.join(&name);
        checkpoint.save(&path)?;
        durable::replace_link(Path::new(&name), &self.folder.join(LAST))
            .and_then(|()| self.link_best(checkpoint, &name))
            .and_then(|()| self.prune(&name))
            .map_err(|source| CheckpointError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    /// A name that sorts behind all others. There are two checkpoints of one env step where a run was
    /// stopped before an evaluation and went on with it.
    fn free_name(&self, env_step: u64) -> String {
        let name = format!("{NAMED}{env_step:09}");
        let numbered = (2..).map(|number| format!("{name}.{number}"));
        let mut names = [name.clone()].into_iter().chain(numbered);
        names.find(|name| !self.folder.join(name).exists()).expect("there are enough numbers")
    }

    fn link_best(&mut self, checkpoint: &Checkpoint, name: &str) -> io::Result<()> {
        match checkpoint.evaluation {
            Some(score) if self.best.is_none_or(|best| score > best) => {
                durable::replace_link(Path::new(name), &self.folder.join(BEST))?;
                self.best = Some(score);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn prune(&self, newest: &str) -> io::Result<()> {
        let best = fs::read_link(self.folder.join(BEST)).ok();
        let mut names = self.names()?;
        names.retain(|name| name != newest && best.as_deref() != Some(Path::new(name)));
        names.sort();
        let surplus = (names.len() + 1).saturating_sub(self.keep);
        names[..surplus]
            .iter()
            .try_for_each(|name| durable::discard_folder(&self.folder.join(name)))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.folder)?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.starts_with(NAMED)).collect())
    }
}
