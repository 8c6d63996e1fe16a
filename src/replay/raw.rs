//! Frames as they are.

use std::ops::Range;

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
