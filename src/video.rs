//! Films of an agent at work: an MP4 (H.264) that ordinary players open, or an animated GIF.

mod gif;
mod mp4;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::gif::GifWriter;
use self::mp4::Mp4Writer;
use crate::durable;

/// The largest side that the H.264 encoder takes, and the largest of the other side.
const MAX_SIDES: (usize, usize) = (3840, 2160);
const FRAME_RATES: std::ops::RangeInclusive<f64> = 0.1..=1000.0;

/// A film in the making. It gets its name when it is finished; dropped before, it leaves no file.
pub struct Video {
    writer: Writer,
    file: UnfinishedFile,
    width: usize,
    height: usize,
    frames: u64,
}

enum Writer {
    Mp4(Box<Mp4Writer>),
    Gif(GifWriter),
}

/// Why a film cannot be made.
#[derive(Debug, Error)]
pub enum VideoError {
    #[error("{path} does not end in .mp4 or .gif, the two kinds of film that can be written")]
    UnknownExtension { path: PathBuf },
    #[error(
        "frames of {width}x{height} do not make a film: each side must be at least 1 and at most \
         {} pixels, and one of them at most {}",
        MAX_SIDES.0, MAX_SIDES.1
    )]
    Size { width: usize, height: usize },
    #[error(
        "{frames_per_second} frames per second are outside {} to {}",
        FRAME_RATES.start(), FRAME_RATES.end()
    )]
    FrameRate { frames_per_second: f64 },
    #[error("a frame has {expected} bytes (height x width x 3), not {found}")]
    FrameLength { expected: usize, found: usize },
    #[error("{path} would have no frame")]
    Empty { path: PathBuf },
    #[error("cannot write the film {path}")]
    Io { path: PathBuf, source: io::Error },
    #[error("cannot encode the film {path}")]
    Encode { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
}

impl Video {
    /// Starts a film of frames of `width` x `height` pixels. The extension of `path` chooses its
    /// kind.
    ///
    /// H.264 needs even sides, of 16 pixels or more here, so an MP4 repeats the last column or row
    /// until they are. A GIF shows at most 50 frames per second, because browsers slow down faster
    /// ones; the frames between are left out.
    ///
    /// # Errors
    /// If the extension is neither `mp4` nor `gif`, the size or rate is out of range, or the file
    /// cannot be created.
    pub fn create(
        path: &Path,
        width: usize,
        height: usize,
        frames_per_second: f64,
    ) -> Result<Self, VideoError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let start = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("mp4") => start_mp4,
            Some("gif") => start_gif,
            _ => return Err(VideoError::UnknownExtension { path: path.to_path_buf() }),
        };
        let (short, long) = (width.min(height), width.max(height));
        if short == 0 || long > MAX_SIDES.0 || short > MAX_SIDES.1 {
            return Err(VideoError::Size { width, height });
        }
        if !FRAME_RATES.contains(&frames_per_second) {
            return Err(VideoError::FrameRate { frames_per_second });
        }
        let (file, handle) = UnfinishedFile::create(path).map_err(|error| error.at(path))?;
        let writer =
            start(handle, width, height, frames_per_second).map_err(|error| error.at(path))?;
        Ok(Self { writer, file, width, height, frames: 0 })
    }

    /// Adds a frame: height x width x 3 bytes, row by row from the top, RGB.
    ///
    /// # Errors
    /// If the length is wrong, the encoder fails, or the disk is full.
    pub fn frame(&mut self, rgb: &[u8]) -> Result<(), VideoError> {
        let expected = self.width * self.height * 3;
        if rgb.len() != expected {
            return Err(VideoError::FrameLength { expected, found: rgb.len() });
        }
        self.frames += 1;
        match &mut self.writer {
            Writer::Mp4(writer) => writer.frame(rgb),
            Writer::Gif(writer) => writer.frame(rgb),
        }
        .map_err(|error| error.at(&self.file.path))
    }

    /// Completes the film and gives it its name. What stood under the name is replaced.
    ///
    /// # Errors
    /// If there was no frame, or the disk is full. The film is then removed.
    pub fn finish(self) -> Result<(), VideoError> {
        let path = self.file.path.clone();
        if self.frames == 0 {
            return Err(VideoError::Empty { path });
        }
        match self.writer {
            Writer::Mp4(writer) => writer.finish(),
            Writer::Gif(writer) => writer.finish(),
        }
        .and_then(|handle| self.file.finish(&handle))
        .map_err(|error| error.at(&path))
    }
}

fn start_mp4(
    handle: File,
    width: usize,
    height: usize,
    frames_per_second: f64,
) -> Result<Writer, WriteError> {
    Mp4Writer::start(handle, width, height, frames_per_second)
        .map(|writer| Writer::Mp4(Box::new(writer)))
}

fn start_gif(
    handle: File,
    width: usize,
    height: usize,
    frames_per_second: f64,
) -> Result<Writer, WriteError> {
    GifWriter::start(handle, width, height, frames_per_second).map(Writer::Gif)
}

/// What goes wrong while writing, before the film's name is added to it.
#[derive(Debug)]
enum WriteError {
    Io(io::Error),
    Encode(Box<dyn std::error::Error + Send + Sync>),
}

impl WriteError {
    fn encode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Encode(error.into())
    }

    fn at(self, path: &Path) -> VideoError {
        let path = path.to_path_buf();
        match self {
            Self::Io(source) => VideoError::Io { path, source },
            Self::Encode(source) => VideoError::Encode { path, source },
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A file under a temporary name beside its own, removed if it is dropped before it is finished.
struct UnfinishedFile {
    path: PathBuf,
    temporary: PathBuf,
}

impl UnfinishedFile {
    fn create(path: &Path) -> Result<(Self, File), WriteError> {
        let temporary = durable::temporary_name(path);
        let handle = File::create(&temporary)?;
        Ok((Self { path: path.to_path_buf(), temporary }, handle))
    }

    fn finish(self, handle: &File) -> Result<(), WriteError> {
        handle.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        durable::sync_folder(durable::parent(&self.path))?;
        Ok(())
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        // After a rename there is nothing to remove; after an error that error is the one to
        // report.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_extensions_are_refused() {
        for name in ["film.avi", "film", "mp4", "film.mp4.txt"] {
            let message = Video::create(Path::new(name), 84, 84, 25.0).err().unwrap().to_string();
            assert!(message.contains(".mp4 or .gif"), "{message}");
        }
        assert!(!Path::new(".film.avi.partial").exists());
    }

    #[test]
    fn sizes_and_rates_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.MP4");
        for (width, height) in [(0, 84), (84, 0), (3841, 84), (3000, 2161)] {
            let error = Video::create(&path, width, height, 25.0).err().unwrap();
            assert!(matches!(error, VideoError::Size { .. }), "{error}");
        }
        for rate in [0.0, -25.0, f64::NAN, f64::INFINITY] {
            let error = Video::create(&path, 84, 84, rate).err().unwrap();
            assert!(matches!(error, VideoError::FrameRate { .. }), "{error}");
        }
        let mut video = Video::create(&path, 84, 84, 25.0).unwrap();
        let error = video.frame(&[0; 84 * 84]).unwrap_err();
        assert_eq!(error.to_string(), "a frame has 21168 bytes (height x width x 3), not 7056");
    }

    #[test]
    fn an_unfinished_film_leaves_the_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["film.mp4", "film.gif"] {
            let path = folder.path().join(name);
            fs::write(&path, b"earlier").unwrap();
            let mut video = Video::create(&path, 8, 8, 25.0).unwrap();
            video.frame(&[7; 8 * 8 * 3]).unwrap();
            drop(video);
            let error = Video::create(&path, 8, 8, 25.0).unwrap().finish().unwrap_err();
            assert!(matches!(error, VideoError::Empty { .. }), "{error}");
            assert_eq!(fs::read(&path).unwrap(), b"earlier");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/film.gif");
        let error = Video::create(&path, 84, 84, 25.0).err().unwrap();
        assert!(error.to_string().ends_with("missing/film.gif"), "{error}");
    }
}
