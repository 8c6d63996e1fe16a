//! Reading TensorBoard event files, ours or another writer's.
//!
//! An event file is a row of records ([`record`]), each an `Event` message ([`event`]) that may
//! hold scalars, in the plain form or as tensors ([`tensor`]). [`EventLog`] reads the scalars of
//! one file, again and again as it grows.
//!
//! Files come from anywhere: from runs that were killed, from full disks, from a download that
//! broke off. No content of a file makes the reader panic or allocate more than the file holds.
//! Whatever is intact is returned, and what is not is reported as [`Damage`].

pub mod event;
pub mod record;
pub mod tensor;

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use event::{Decoder, Scalar};
pub use record::{Damage, Reason, Records};

/// Why a file could not be read at all.
#[derive(Debug, Error)]
#[error("cannot read {path}; check that it is a file and may be read")]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

/// The scalars of one event file, read up to some place.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    decoder: Decoder,
    /// Where the next record begins.
    offset: u64,
    /// Whole records so far.
    records: u64,
    /// The file cannot be read beyond `offset`.
    lost: bool,
}

/// What one reading of an [`EventLog`] brought.
#[derive(Debug, Default)]
pub struct News {
    pub scalars: Vec<Scalar>,
    /// Places that could not be read, each told once.
    pub damage: Vec<Damage>,
    /// The file has become shorter: it is read from its start again, and what it held before is
    /// void.
    pub restarted: bool,
}

impl EventLog {
    /// An event file of which nothing has been read.
    pub fn new(path: PathBuf) -> Self {
        Self { path, decoder: Decoder::default(), offset: 0, records: 0, lost: false }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whole records read so far. A file that is not empty and has none is no event file.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Reads what has been added since the last time. A record that is not whole yet is damage of
    /// [`Reason::Truncated`], which goes away if the rest of it arrives.
    ///
    /// # Errors
    /// If the file cannot be opened or read.
    pub fn read(&mut self) -> Result<News, ReadError> {
        self.read_new().map_err(|source| ReadError { path: self.path.clone(), source })
    }

    fn read_new(&mut self) -> io::Result<News> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let mut news = News::default();
        if length < self.offset {
            *self = Self::new(std::mem::take(&mut self.path));
            news.restarted = true;
        }
        if self.lost || length == self.offset {
            return Ok(news);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut records = Records::new(BufReader::new(file), self.offset);
        while let Some(record) = records.next_record()? {
            match record.and_then(|record| self.decoder.scalars(&record)) {
                Ok(scalars) => {
                    self.records += 1;
                    news.scalars.extend(scalars);
                }
                Err(damage) => {
                    self.lost |= damage.reason.hides_the_rest();
                    news.damage.push(damage);
                }
            }
        }
        self.offset = records.offset();
        Ok(news)
    }
}

#[cfg(test)]
mod tests;
