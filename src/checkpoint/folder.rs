//! The checkpoints of a run: every N env steps, the newest few kept, with links to the last and
//! best.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Checkpoint, CheckpointError};
use crate::durable;

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
        let folder = run_dir.join("checkpoints");
        fs::create_dir_all(&folder)
            .map_err(|source| CheckpointError::Write { path: folder.clone(), source })?;
        Ok(Self { folder, keep, best: None })
    }

    /// Where `eval` finds the checkpoint of a path: a checkpoint itself, or a run folder's last
    /// one.
    pub fn locate(path: &Path) -> PathBuf {
        let last = path.join("checkpoints").join("last");
        if last.is_dir() { last } else { path.to_path_buf() }
    }

    /// Saves a checkpoint, moves the links, and removes the oldest beyond those kept.
    ///
    /// # Errors
    /// If something cannot be written. Earlier checkpoints are then still there.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> Result<PathBuf, CheckpointError> {
        let name = format!("env_step-{:09}", checkpoint.steps.env_step);
        let path = self.folder.join(&name);
        if !path.exists() {
            checkpoint.save(&path)?;
        }
        self.link(checkpoint, &name)
            .and_then(|()| self.prune(&name))
            .map_err(|source| CheckpointError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    fn link(&mut self, checkpoint: &Checkpoint, name: &str) -> io::Result<()> {
        durable::replace_link(Path::new(name), &self.folder.join("last"))?;
        match checkpoint.evaluation {
            Some(score) if self.best.is_none_or(|best| score > best) => {
                durable::replace_link(Path::new(name), &self.folder.join("best"))?;
                self.best = Some(score);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn prune(&self, newest: &str) -> io::Result<()> {
        let best = fs::read_link(self.folder.join("best")).ok();
        let mut names: Vec<String> = fs::read_dir(&self.folder)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with("env_step-"))
            .filter(|name| name != newest && best.as_deref() != Some(Path::new(name)))
            .collect();
        names.sort();
        let surplus = (names.len() + 1).saturating_sub(self.keep);
        names[..surplus].iter().try_for_each(|name| fs::remove_dir_all(self.folder.join(name)))
    }
}
