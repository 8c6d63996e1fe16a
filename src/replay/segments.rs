//! The replay on the disk: segment files that only grow.
//!
//! Every frame is written once, when it arrives, with the transition that led to it. A checkpoint
//! brings what was written to the disk and remembers how far the newest file went; nothing is
//! rewritten. Files whose frames have all been overwritten in memory are removed once no checkpoint
//! needs them.
//!
//! The files are `replay/<segment>.frames`, and `replay-1/...` of a second environment and so on; `format` says what is in them.

mod format;
mod read;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Replay, ReplayPosition, ReplayShape};
use crate::durable;

pub use read::read;

/// Of the files of an environment's replay, in the run folder: `replay` for the first environment,
/// `replay-1` for the next.
fn folder(run_dir: &Path, env: usize) -> PathBuf {
    match env {
        0 => run_dir.join("replay"),
        _ => run_dir.join(format!("replay-{env}")),
    }
}

/// Whether a folder of that name is one of an environment's replay.
fn is_folder(name: &str) -> bool {
    let number = name.strip_prefix("replay-").and_then(|number| number.parse::<usize>().ok());
    name == "replay" || number.is_some()
}

/// Whether a run has a replay on the disk.
pub fn are_in(run_dir: &Path) -> bool {
    folders(run_dir).is_ok_and(|mut folders| folders.next().is_some())
}

/// Removes a run's replay, of all its environments, if it is there.
///
/// # Errors
/// If it cannot be removed.
pub fn remove(run_dir: &Path) -> Result<(), SegmentsError> {
    let folders = folders(run_dir)
        .map_err(|source| SegmentsError::Read { path: run_dir.to_path_buf(), source })?;
    for path in folders {
        fs::remove_dir_all(&path).map_err(|source| SegmentsError::Write { path, source })?;
    }
    Ok(())
}

/// The folders of a run's replay that are there, one for each of its environments.
fn folders(run_dir: &Path) -> io::Result<impl Iterator<Item = PathBuf>> {
    let entries = fs::read_dir(run_dir)?.flatten();
    let replays = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_folder));
    Ok(replays.map(|entry| entry.path()))
}

/// How far the files went when a checkpoint was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentsPosition {
    pub replay: ReplayPosition,
    /// The newest segment and the bytes of its file.
    pub last_segment: u64,
    pub last_bytes: u64,
}

/// Why the replay's files cannot be written or read.
#[derive(Debug, Error)]
pub enum SegmentsError {
    #[error(
        "cannot write {path}: {source}; the last checkpoint can be resumed once there is room and \
         permission"
    )]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {path}: {source}; a run without its replay can only be evaluated")]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "{path} is damaged at byte {offset}: {problem}; a run without its replay can only be evaluated"
    )]
    Damaged { path: PathBuf, offset: u64, problem: String },
    #[error("the replay in {folder} is not the checkpoint's: {problem}")]
    Position { folder: PathBuf, problem: String },
}

/// The files of a run's replay, open at their end.
#[derive(Debug)]
pub struct Segments {
    folder: PathBuf,
    open: Option<OpenSegment>,
    /// The oldest segment that has a file.
    oldest: u64,
}

#[derive(Debug)]
struct OpenSegment {
    number: u64,
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Segments {
    /// Makes the folder of an environment's replay in a new run.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(run_dir: &Path, env: usize) -> Result<Self, SegmentsError> {
        let folder = folder(run_dir, env);
        fs::create_dir(&folder)
            .map_err(|source| SegmentsError::Write { path: folder.clone(), source })?;
        Ok(Self { folder, open: None, oldest: 0 })
    }

    /// Writes the newest record of a replay.
    ///
    /// # Errors
    /// If the disk refuses it.
    pub fn append(&mut self, replay: &Replay) -> Result<(), SegmentsError> {
        let record = replay.newest();
        if self.open.as_ref().is_none_or(|open| open.number != record.segment) {
            self.begin(record.segment, replay)?;
        }
        let open = self.open.as_mut().expect("it was just opened");
        let bytes = format::encode(&record);
        open.file
            .write_all(&bytes)
            .map_err(|source| SegmentsError::Write { path: open.path.clone(), source })?;
        open.bytes += bytes.len() as u64;
        Ok(())
    }

    fn begin(&mut self, number: u64, replay: &Replay) -> Result<(), SegmentsError> {
        if let Some(mut ended) = self.open.take() {
            ended.sync()?;
        }
        let path = self.path(number);
        let failed = |source| SegmentsError::Write { path: path.clone(), source };
        let mut file = File::create(&path).map_err(failed)?;
        file.write_all(&format::header(replay.written - 1, &replay.shape)).map_err(failed)?;
        let bytes = format::HEADER as u64;
        self.open = Some(OpenSegment { number, path, file: BufWriter::new(file), bytes });
        Ok(())
    }

    /// Brings all that was written to the disk and says how far it went. A frame was written at
    /// least.
    ///
    /// # Errors
    /// If the disk refuses it.
    pub fn sync(&mut self, replay: &Replay) -> Result<SegmentsPosition, SegmentsError> {
        let open = self.open.as_mut().expect("a frame was written");
        open.sync()?;
        durable::sync_folder(&self.folder)
            .map_err(|source| SegmentsError::Write { path: self.folder.clone(), source })?;
        let (last_segment, last_bytes) = (open.number, open.bytes);
        Ok(SegmentsPosition { replay: replay.position(), last_segment, last_bytes })
    }

    /// Removes the files before a position, which no checkpoint needs any more.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn remove_before(&mut self, position: &SegmentsPosition) -> Result<(), SegmentsError> {
        for number in self.oldest..position.replay.first_segment {
            remove_file(&self.path(number))?;
        }
        self.oldest = position.replay.first_segment;
        Ok(())
    }

    /// Reads an environment's replay of a checkpoint and opens its files to go on. What was written after the
    /// checkpoint is cut off.
    ///
    /// # Errors
    /// If a file is missing, damaged, or not of this replay.
    pub fn resume(
        run_dir: &Path,
        env: usize,
        shape: ReplayShape,
        position: &SegmentsPosition,
    ) -> Result<(Self, Replay), SegmentsError> {
        let replay = read(run_dir, env, shape, position)?;
        let (folder, oldest) = (folder(run_dir, env), position.replay.first_segment);
        let mut segments = Self { folder, open: None, oldest };
        segments.cut(position)?;
        Ok((segments, replay))
    }

    /// Cuts the newest file to the position and removes all others that are not needed.
    fn cut(&mut self, position: &SegmentsPosition) -> Result<(), SegmentsError> {
        let number = position.last_segment;
        let path = self.path(number);
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_len(position.last_bytes).map(|()| file))
            .map_err(|source| SegmentsError::Write { path: path.clone(), source })?;
        let bytes = position.last_bytes;
        self.open = Some(OpenSegment { number, path, file: BufWriter::new(file), bytes });
        let needed = position.replay.first_segment..=number;
        let entries = fs::read_dir(&self.folder)
            .map_err(|source| SegmentsError::Read { path: self.folder.clone(), source })?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".frames")?.parse().ok());
            if number.is_some_and(|number: u64| !needed.contains(&number)) {
                remove_file(&entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        path(&self.folder, number)
    }
}

impl OpenSegment {
    fn sync(&mut self) -> Result<(), SegmentsError> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_data())
            .map_err(|source| SegmentsError::Write { path: self.path.clone(), source })
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.frames"))
}

fn remove_file(path: &Path) -> Result<(), SegmentsError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(SegmentsError::Write { path: path.to_path_buf(), source })
        }
        _ => Ok(()),
    }
}
