//! The files read back, by whoever wrote them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::format::{self, HEADER, PREFIX};
use super::{SegmentsError, SegmentsPosition, folder, path};
use crate::replay::{Replay, ReplayShape};

/// Reads an environment's replay of a checkpoint; the files stay as they are.
///
/// # Errors
/// If a file is missing, damaged, or not of this replay.
pub fn read(
    run_dir: &Path,
    env: usize,
    shape: ReplayShape,
    position: &SegmentsPosition,
) -> Result<Replay, SegmentsError> {
    let folder = folder(run_dir, env);
    let mismatch = |problem| SegmentsError::Position { folder: folder.clone(), problem };
    let mut replay = Replay::begin_at(shape, &position.replay).map_err(mismatch)?;
    for number in position.replay.first_segment..=position.last_segment {
        let path = path(&folder, number);
        let file = File::open(&path)
            .map_err(|source| SegmentsError::Read { path: path.clone(), source })?;
        let end = (number == position.last_segment).then_some(position.last_bytes);
        let mut reader = Reader { file: BufReader::new(file), offset: 0, end };
        reader.read_into(number, position.replay.written, &mut replay).map_err(|problem| {
            let offset = reader.offset;
            match problem {
                Problem::Read(source) => SegmentsError::Read { path, source },
                Problem::Content(problem) => SegmentsError::Damaged { path, offset, problem },
            }
        })?;
    }
    replay.finish_at(&position.replay).map_err(mismatch)?;
    Ok(replay)
}

/// Reads one file. Memory is taken for one record at a time, and for no larger one than a replay of
/// its shape has.
struct Reader {
    file: BufReader<File>,
    /// Where the present record begins.
    offset: u64,
    /// Where it ended at the checkpoint, if more may have been written since.
    end: Option<u64>,
}

enum Problem {
    Read(io::Error),
    Content(String),
}

impl From<&str> for Problem {
    fn from(problem: &str) -> Self {
        Self::Content(problem.to_owned())
    }
}

impl Reader {
    /// Puts all records of a segment into a replay, which takes so many frames.
    fn read_into(&mut self, number: u64, written: u64, replay: &mut Replay) -> Result<(), Problem> {
        let mut start = [0; HEADER];
        self.fill(&mut start)?;
        if start != format::header(replay.written, replay.shape()) {
            return Err("its header is not that of this run's next segment".into());
        }
        self.offset = HEADER as u64;
        let longest = format::longest_payload(replay.shape());
        let mut payload = Vec::new();
        while !self.is_at_end()? {
            if replay.written == written {
                return Err("it goes on after the replay's last frame".into());
            }
            self.next_record(&mut payload, longest)?;
            format::restore(number, &payload, replay).map_err(Problem::Content)?;
            self.offset += (PREFIX + payload.len()) as u64;
        }
        Ok(())
    }

    fn is_at_end(&mut self) -> Result<bool, Problem> {
        let Some(end) = self.end else {
            return Ok(self.file.fill_buf().map_err(Problem::Read)?.is_empty());
        };
        if self.offset > end {
            return Err("it ended within a record at the checkpoint, as no run leaves it".into());
        }
        if self.offset < end && self.file.fill_buf().map_err(Problem::Read)?.is_empty() {
            return Err("it is shorter than at the checkpoint".into());
        }
        Ok(self.offset == end)
    }

    fn next_record(&mut self, payload: &mut Vec<u8>, longest: usize) -> Result<(), Problem> {
        let (mut len, mut sum) = ([0; 4], [0; 4]);
        self.fill(&mut len)?;
        self.fill(&mut sum)?;
        let len = u32::from_le_bytes(len) as usize;
        if len > longest {
            return Err("a record is longer than any of this replay".into());
        }
        payload.resize(len, 0);
        self.fill(payload)?;
        if crc32fast::hash(payload) != u32::from_le_bytes(sum) {
            return Err("a record's checksum does not match".into());
        }
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Problem> {
        self.file.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends within a record".into(),
            _ => Problem::Read(error),
        })
    }
}
