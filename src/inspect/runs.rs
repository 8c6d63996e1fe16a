//! Finding the runs and reading their curves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use walkdir::WalkDir;

use super::{InspectError, TagPattern};
use crate::event_log::{Damage, EventLog};

/// One value of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    pub step: i64,
    /// Seconds since 1970.
    pub wall_time: f64,
    pub value: f64,
}

/// A folder with event files in it, or one event file by itself.
#[derive(Debug)]
pub struct Run {
    /// The folder or file, as it was reached.
    name: String,
    files: Vec<RunFile>,
}

/// One event file and what has been read of it.
#[derive(Debug)]
pub struct RunFile {
    log: EventLog,
    curves: BTreeMap<String, Vec<Point>>,
    damage: Vec<Damage>,
}

/// Some runs under inspection.
#[derive(Debug)]
pub struct Inspection {
    roots: Vec<PathBuf>,
    runs: Vec<Run>,
}

/// What one look at the runs brought.
#[derive(Debug, Default)]
pub struct Change {
    /// There are other curves than before.
    pub grown: bool,
    /// Damage seen for the first time, with its file.
    pub damage: Vec<(PathBuf, Damage)>,
}

impl Inspection {
    /// Begins to inspect run folders and event files; nothing is read yet. A folder stands for
    /// itself and every folder below it, each a run if it has event files.
    ///
    /// # Errors
    /// If one of `roots` does not exist.
    pub fn new(roots: &[PathBuf]) -> Result<Self, InspectError> {
        if let Some(path) = roots.iter().find(|path| !path.exists()) {
            return Err(InspectError::Missing { path: path.clone() });
        }
        Ok(Self { roots: roots.to_vec(), runs: Vec::new() })
    }

    /// Looks for files that have appeared, and reads what has been added to all of them.
    ///
    /// # Errors
    /// If a folder or file cannot be read.
    pub fn look(&mut self) -> Result<Change, InspectError> {
        self.find_files()?;
        let mut change = Change::default();
        for file in self.runs.iter_mut().flat_map(|run| &mut run.files) {
            file.read(&mut change)?;
        }
        Ok(change)
    }

    /// The runs found, those of each root in the order of their names.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// All tags that match, in order.
    pub fn tags(&self, pattern: &TagPattern) -> Vec<String> {
        let tags: BTreeSet<_> = self.runs.iter().flat_map(|run| run.tags(pattern)).collect();
        tags.into_iter().collect()
    }

    /// Checks that every root has an event file, every run an event and some tag matches: what
    /// somebody who does not wait for more expects.
    ///
    /// # Errors
    /// If there is nothing to show for a root, a run or the pattern.
    pub fn expect_something(&self, pattern: &TagPattern) -> Result<(), InspectError> {
        let empty = |root: &&PathBuf| !self.runs.iter().any(|run| run.lies_in(root));
        if let Some(path) = self.roots.iter().find(empty) {
            return Err(InspectError::NoEventFile { path: path.clone() });
        }
        let unread = |run: &&Run| run.files.iter().all(|file| file.log.records() == 0);
        if let Some(run) = self.runs.iter().find(unread) {
            return Err(InspectError::NoEvent { run: run.name.clone() });
        }
        let tags = self.tags(&TagPattern::any());
        if !tags.is_empty() && self.tags(pattern).is_empty() {
            return Err(InspectError::NoTag { pattern: pattern.as_str().to_owned(), tags });
        }
        Ok(())
    }

    fn find_files(&mut self) -> Result<(), InspectError> {
        for root in &self.roots {
            for path in event_files(root)? {
                let folder = path.parent().filter(|_| path != *root).unwrap_or(&path);
                let name = folder.display().to_string();
                let run = match self.runs.iter().position(|run| run.name == name) {
                    Some(index) => &mut self.runs[index],
                    None => self.runs.push_mut(Run { name, files: Vec::new() }),
                };
                if run.files.iter().all(|file| file.log.path() != path) {
                    run.files.push(RunFile::new(path));
                }
            }
        }
        Ok(())
    }
}

impl Run {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn files(&self) -> &[RunFile] {
        &self.files
    }

    /// Its tags that match, in order.
    pub fn tags(&self, pattern: &TagPattern) -> Vec<String> {
        let tags = self.files.iter().flat_map(|file| file.curves.keys());
        let tags: BTreeSet<_> = tags.filter(|tag| pattern.matches(tag)).collect();
        tags.into_iter().cloned().collect()
    }

    /// The curve of a tag over all files of the run, in the order of time; empty if it has none.
    pub fn curve(&self, tag: &str) -> Vec<Point> {
        let curves = self.files.iter().filter_map(|file| file.curves.get(tag));
        let mut points: Vec<Point> = curves.flatten().copied().collect();
        points.sort_by(|a, b| a.wall_time.total_cmp(&b.wall_time));
        points
    }

    fn lies_in(&self, root: &Path) -> bool {
        self.files.iter().any(|file| file.path().starts_with(root))
    }
}

impl RunFile {
    pub fn path(&self) -> &Path {
        self.log.path()
    }

    /// All places that could not be read.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    fn new(path: PathBuf) -> Self {
        Self { log: EventLog::new(path), curves: BTreeMap::new(), damage: Vec::new() }
    }

    fn read(&mut self, change: &mut Change) -> Result<(), InspectError> {
        let news = self.log.read()?;
        if news.restarted {
            self.curves.clear();
            self.damage.clear();
        }
        change.grown |= news.restarted || !news.scalars.is_empty();
        for scalar in news.scalars {
            let point =
                Point { step: scalar.step, wall_time: scalar.wall_time, value: scalar.value };
            self.curves.entry(scalar.tag).or_default().push(point);
        }
        // The end of a file that is being written is cut off only until the rest arrives.
        let cut_off = self.damage.pop_if(|damage| damage.reason.may_pass());
        for damage in news.damage {
            if cut_off.as_ref() != Some(&damage) {
                change.damage.push((self.path().to_owned(), damage.clone()));
            }
            self.damage.push(damage);
        }
        Ok(())
    }
}

/// The event files of a root in the order of their names, which begin with the time. A file that is
/// named outright is one whatever it is called; in folders they are told by their names, as
/// TensorBoard does.
fn event_files(root: &Path) -> Result<Vec<PathBuf>, InspectError> {
    if root.is_file() {
        return Ok(vec![root.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(root).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) => {
                let named = entry.file_name().to_string_lossy().contains("tfevents");
                if named && entry.file_type().is_file() {
                    files.push(entry.into_path());
                }
            }
            // A link back to a parent shows nothing new, and what vanished meanwhile is no loss.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) if vanished(&error) => {}
            Err(source) => return Err(InspectError::Folder { source }),
        }
    }
    Ok(files)
}

fn vanished(error: &walkdir::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests;
