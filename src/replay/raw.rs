//! Frames as they are.

use std::ops::Range;

use super::frames::{Code, Stored};

/// Frames of a segment.
const SEGMENT: u64 = 64;

/// A ring of frames in one block of memory, which is reserved at once and used as it fills.
#[derive(Debug)]
pub(super) struct RawFrames {
    frame_len: usize,
    /// slots x frame bytes.
    bytes: Vec<u8>,
    /// Frames stored since the beginning.
    written: u64,
}

impl RawFrames {
    pub(super) fn new(slots: usize, frame_len: usize) -> Self {
        Self { frame_len, bytes: vec![0; slots * frame_len], written: 0 }
    }

    pub(super) fn push(&mut self, frame: &[u8]) {
        let place = self.place(self.written);
        self.bytes[place].copy_from_slice(frame);
        self.written += 1;
    }

    pub(super) fn get(&self, number: u64) -> &[u8] {
        &self.bytes[self.place(number)]
    }

    pub(super) fn begin_at(&mut self, number: u64) {
        self.written = number;
    }

    pub(super) fn restore(&mut self, code: Code<'_>) -> Result<(), String> {
        match code {
            Code::Whole(frame) if frame.len() == self.frame_len => {
                self.push(frame);
                Ok(())
            }
            Code::Whole(frame) => {
                Err(format!("a frame has {} bytes, expected {}", frame.len(), self.frame_len))
            }
            Code::Difference(_) => Err("a raw frame is stored as a difference".to_owned()),
        }
    }

    pub(super) fn newest(&self) -> Stored<'_> {
        let number = self.written - 1;
        Stored { segment: number / SEGMENT, code: Code::Whole(self.get(number)) }
    }

    pub(super) fn oldest_segment(&self) -> (u64, u64) {
        let slots = (self.bytes.len() / self.frame_len) as u64;
        let segment = self.written.saturating_sub(slots) / SEGMENT;
        (segment, segment * SEGMENT)
    }

    fn place(&self, number: u64) -> Range<usize> {
        let slots = (self.bytes.len() / self.frame_len) as u64;
        let start = (number % slots) as usize * self.frame_len;
        start..start + self.frame_len
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        self.bytes.len().min(self.written as usize * self.frame_len)
    }
}
