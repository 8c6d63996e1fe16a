//! Animated GIFs: at most 256 colours per frame, chosen for each.

use std::fs::File;
use std::io::{BufWriter, Write};

use gif::{Encoder, EncodingError, Frame, Repeat};

use super::WriteError;

/// Shortest time that a frame stays, in hundredths of a second: browsers take less for ten.
const SHORTEST_DELAY: u64 = 2;
/// Of the choice of colours, 1 (best) to 30.
const SPEED: i32 = 10;

pub(super) struct GifWriter {
    encoder: Encoder<BufWriter<File>>,
    size: (u16, u16),
    frames_per_second: f64,
    frames: u64,
    /// The latest frame and its start, held back until its successor says how long it stays.
    latest: Option<(u64, Frame<'static>)>,
}

impl GifWriter {
    pub(super) fn start(
        file: File,
        width: usize,
        height: usize,
        frames_per_second: f64,
    ) -> Result<Self, WriteError> {
        // At most 3840, by the range that `Video` takes.
        let size = (width as u16, height as u16);
        let mut encoder = Encoder::new(BufWriter::new(file), size.0, size.1, &[])?;
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Self { encoder, size, frames_per_second, frames: 0, latest: None })
    }

    pub(super) fn frame(&mut self, rgb: &[u8]) -> Result<(), WriteError> {
        let now = self.hundredths();
        self.frames += 1;
        if self.latest.as_ref().is_some_and(|(start, _)| now - start < SHORTEST_DELAY) {
            return Ok(());
        }
        let (width, height) = self.size;
        let frame = Frame::from_rgb_speed(width, height, rgb, SPEED);
        if let Some(latest) = self.latest.replace((now, frame)) {
            self.write(latest, now)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<File, WriteError> {
        if let Some(latest) = self.latest.take() {
            self.write(latest, self.hundredths())?;
        }
        // Writes the trailer.
        let mut file = self.encoder.into_inner()?;
        file.flush()?;
        file.into_inner().map_err(|error| error.into_error().into())
    }

    fn write(&mut self, (start, mut frame): (u64, Frame<'_>), end: u64) -> Result<(), WriteError> {
        // At most 1000, by the range of rates that `Video` takes.
        frame.delay = (end - start).max(SHORTEST_DELAY) as u16;
        Ok(self.encoder.write_frame(&frame)?)
    }

    /// When the next frame starts. From the number of frames, so that rounding does not add up.
    fn hundredths(&self) -> u64 {
        (self.frames as f64 * 100.0 / self.frames_per_second).round() as u64
    }
}

impl From<EncodingError> for WriteError {
    fn from(error: EncodingError) -> Self {
        match error {
            EncodingError::Io(error) => Self::Io(error),
            error => Self::encode(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Video;
    use super::*;

    /// Delay and RGBA pixels of each frame.
    fn read(path: &Path) -> (u16, u16, Vec<(u16, Vec<u8>)>) {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(File::open(path).unwrap()).unwrap();
        let (width, height) = (decoder.width(), decoder.height());
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            frames.push((frame.delay, frame.buffer.to_vec()));
        }
        (width, height, frames)
    }

    #[test]
    fn a_film_reads_back_frame_by_frame() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.gif");
        let colours = [[255, 0, 0], [0, 128, 255], [12, 34, 56]];
        let mut video = Video::create(&path, 31, 17, 12.5).unwrap();
        for colour in colours {
            video.frame(&colour.repeat(31 * 17)).unwrap();
        }
        video.finish().unwrap();
        let (width, height, frames) = read(&path);
        assert_eq!((width, height, frames.len()), (31, 17, 3));
        for ((delay, pixels), [r, g, b]) in frames.iter().zip(colours) {
            assert_eq!(*delay, 8);
            assert_eq!(*pixels, [r, g, b, 255].repeat(31 * 17));
        }
    }

    #[test]
    fn many_colours_stay_near() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.gif");
        let rgb: Vec<u8> =
            (0..64 * 64).flat_map(|i| [(i % 64 * 4) as u8, (i / 64 * 4) as u8, 128]).collect();
        let mut video = Video::create(&path, 64, 64, 25.0).unwrap();
        video.frame(&rgb).unwrap();
        video.finish().unwrap();
        let (_, _, frames) = read(&path);
        let pairs = rgb.chunks(3).zip(frames[0].1.chunks(4));
        let sum: u64 =
            pairs.flat_map(|(a, b)| a.iter().zip(b)).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
        let error = sum as f64 / rgb.len() as f64;
        assert!(error < 8.0, "{error}");
    }

    #[test]
    fn fast_films_keep_their_length() {
        let folder = tempfile::tempdir().unwrap();
        for (rate, count) in [(30.0, 90), (100.0, 300)] {
            let path = folder.path().join("film.gif");
            let mut video = Video::create(&path, 4, 4, rate).unwrap();
            for _ in 0..count {
                video.frame(&[9; 4 * 4 * 3]).unwrap();
            }
            video.finish().unwrap();
            let (_, _, frames) = read(&path);
            assert!(frames.iter().all(|(delay, _)| *delay >= 2));
            let hundredths: u64 = frames.iter().map(|(delay, _)| u64::from(*delay)).sum();
            assert_eq!(hundredths, 300);
        }
    }
}
