//! The checkpoints of a run: every N env steps, the newest few kept, with links to the last and
//! best.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::name::Name;
use super::{About, Checkpoint, CheckpointError};
use crate::durable;

const FOLDER: &str = "checkpoints";
const LAST: &str = "last";
const BEST: &str = "best";

/// The folder `checkpoints` of a run: `env_step-000030000/` and so on, and the links `last` and
/// `best`.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    best: Option<f64>,
}

impl Checkpoints {
    /// Makes the folder in a run folder. `keep` is how many checkpoints stay, the last among them, besides
    /// the best.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn create(run_dir: &Path, keep: usize) -> Result<Self, CheckpointError> {
        let checkpoints = Self::at(run_dir, keep);
        fs::create_dir_all(&checkpoints.folder).map_err(|source| CheckpointError::Write {
            path: checkpoints.folder.clone(),
            source,
        })?;
        Ok(checkpoints)
    }

    fn at(run_dir: &Path, keep: usize) -> Self {
        Self { folder: run_dir.join(FOLDER), keep, best: None }
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
        let mut checkpoints = Self::at(run_dir, keep);
        let best = About::load(&checkpoints.folder.join(BEST));
        checkpoints.best = best.ok().and_then(|about| about.evaluation);
        let name = checkpoints.last_name()?.ok_or_else(|| CheckpointError::Read {
            path: checkpoints.folder.join(LAST),
            source: io::ErrorKind::NotFound.into(),
        })?;
        checkpoints.finish_last(last, name).map_err(|source| CheckpointError::Write {
            path: checkpoints.folder.clone(),
            source,
        })?;
        Ok(checkpoints)
    }

    fn finish_last(&mut self, last: &Checkpoint, name: Name) -> io::Result<()> {
        durable::remove_temporaries(&self.folder)?;
        for later in self.names()?.into_iter().filter(|other| *other > name) {
            durable::discard_folder(&self.path(later))?;
        }
        self.link(LAST, name)?;
        self.link_best(last, name)?;
        self.prune(name)
    }

    /// Where a run goes on: its last checkpoint, if it has come to one.
    ///
    /// # Errors
    /// If nothing tells which it is.
    pub fn last(run_dir: &Path) -> Result<Option<PathBuf>, CheckpointError> {
        let checkpoints = Self::at(run_dir, 0);
        let name = checkpoints.last_name()?;
        Ok(name.map(|name| checkpoints.path(name)))
    }

    /// What the link `last` leads to. Without the link, which a copy may have lost and a run that was killed
    /// at its first checkpoint not have made, that is the newest: each is whole.
    fn last_name(&self) -> Result<Option<Name>, CheckpointError> {
        let link = self.folder.join(LAST);
        if fs::symlink_metadata(&link).is_ok_and(|about| about.is_dir()) {
            return Err(CheckpointError::NoLink { link });
        }
        let target = fs::read_link(&link).ok();
        let linked = target.and_then(|target| Name::parse(target.to_str()?));
        match linked.filter(|name| self.path(*name).is_dir()) {
            Some(name) => Ok(Some(name)),
            None => {
                let names = self.names();
                let failed = |source| CheckpointError::Read { path: self.folder.clone(), source };
                Ok(names.map_err(failed)?.into_iter().max())
            }
        }
    }

    /// The checkpoint that a path stands for: itself, or a run folder's last one.
    pub fn locate(path: &Path) -> PathBuf {
        let last = path.join(FOLDER).join(LAST);
        if last.is_dir() {
            return last;
        }
        Self::last(path).ok().flatten().unwrap_or_else(|| path.to_path_buf())
    }

    /// The checkpoints of a run folder, oldest first; none where there is no such folder.
    pub fn all(run_dir: &Path) -> Vec<PathBuf> {
        let checkpoints = Self::at(run_dir, 0);
        let mut names = checkpoints.names().unwrap_or_default();
        names.sort();
        names.into_iter().map(|name| checkpoints.path(name)).collect()
    }

    /// Removes the oldest checkpoints of a run that no process is training, until so many are left
    /// besides the best. Tells which.
    ///
    /// # Errors
    /// If one cannot be removed, or nothing tells which is the last.
    pub fn prune_to(run_dir: &Path, keep: usize) -> Result<Vec<PathBuf>, CheckpointError> {
        let before = Self::all(run_dir);
        let checkpoints = Self::at(run_dir, keep);
        if let Some(last) = checkpoints.last_name()? {
            let path = checkpoints.folder.clone();
            checkpoints.prune(last).map_err(|source| CheckpointError::Write { path, source })?;
        }
        Ok(before.into_iter().filter(|path| !path.exists()).collect())
    }

    /// Saves a checkpoint, moves the links, and removes the oldest beyond those kept.
    ///
    /// # Errors
    /// If something cannot be written. Earlier checkpoints are then still there.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> Result<PathBuf, CheckpointError> {
        let name = self.free_name(checkpoint.steps.env_step);
        let path = self.path(name);
        checkpoint.save(&path)?;
        self.link(LAST, name)
            .and_then(|()| self.link_best(checkpoint, name))
            .and_then(|()| self.prune(name))
            .map_err(|source| CheckpointError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    fn free_name(&self, env_step: u64) -> Name {
        let mut names = Name::all_at(env_step);
        names.find(|name| !self.path(*name).exists()).expect("there are enough numbers")
    }

    fn path(&self, name: Name) -> PathBuf {
        self.folder.join(name.to_string())
    }

    fn link(&self, link: &str, name: Name) -> io::Result<()> {
        durable::replace_link(Path::new(&name.to_string()), &self.folder.join(link))
    }

    /// A score that is no number is worse than all others.
    fn link_best(&mut self, checkpoint: &Checkpoint, name: Name) -> io::Result<()> {
        match checkpoint.evaluation {
            Some(score) if self.best.is_none_or(|best| best.is_nan() || score > best) => {
                self.link(BEST, name)?;
                self.best = Some(score);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn prune(&self, newest: Name) -> io::Result<()> {
        let best = fs::read_link(self.folder.join(BEST)).ok();
        let best = best.and_then(|best| Name::parse(best.to_str()?));
        let mut names = self.names()?;
        names.retain(|name| *name != newest && Some(*name) != best);
        names.sort();
        let surplus = (names.len() + 1).saturating_sub(self.keep);
        names[..surplus].iter().try_for_each(|name| durable::discard_folder(&self.path(*name)))
    }

    /// Those that are there, in no order; none where the folder is missing.
    fn names(&self) -> io::Result<Vec<Name>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        Ok(entries.filter_map(|entry| Name::parse(entry.ok()?.file_name().to_str()?)).collect())
    }
}
