//! Frames as differences from key frames, in segments of bytes.
//!
//! A segment begins with a key frame and holds everything that its frames need, so that any frame
//! is one look-up and at most one decoding away, and a segment can be written to a file as it is. Its
//! bytes are freed at once, when its last frame is overwritten: thousands of small blocks, each
//! freed by itself, would leave holes between the large blocks of the updates.

use std::collections::VecDeque;
use std::ops::Range;

use curl_envs::{FRAME_CHANNELS, Frame};

use super::codec::FrameCodec;
use super::frames::{Code, Scratch, Stored};
use crate::augment::Sizes;

/// Size of a segment, in frames as they are: large enough that what stays free at its end and the
/// key frame at its start do not count, small enough that a segment more or less does not.
const SEGMENT_FRAMES: usize = 64;

/// A key frame is renewed when the differences from it have taken so many times its bytes: its own
/// bytes then hardly count. Where little moves it serves a whole episode, where the camera follows
/// the robot a hundred frames or two.
const DIFFERENCES_PER_KEY: usize = 32;

// Places within a segment are 32 bits.
const _: () = assert!(
    SEGMENT_FRAMES * Frame::MAX_SIDE * Frame::MAX_SIDE * FRAME_CHANNELS <= u32::MAX as usize
);

/// A ring of frames.
#[derive(Debug)]
pub(super) struct DeltaFrames {
    codec: FrameCodec,
    frame_len: usize,
    /// Where each slot's frame lies.
    places: Vec<Place>,
    /// Oldest first.
    segments: VecDeque<Segment>,
    /// Number of the oldest segment.
    first_segment: u32,
    /// Frames stored since the beginning.
    written: u64,
    /// Bytes of differences from the newest key frame.
    since_key: usize,
}

/// A frame's place. The code of a key frame is the frame itself.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    segment: u32,
    /// Where the key frame starts.
    key: u32,
    start: u32,
    end: u32,
}

#[derive(Debug)]
struct Segment {
    bytes: Vec<u8>,
    /// Number of its first frame.
    first: u64,
    /// Number of its newest frame.
    newest: u64,
}

impl DeltaFrames {
    pub(super) fn new(slots: usize, sizes: Sizes) -> Self {
        Self {
            codec: FrameCodec::new(sizes.frame, sizes.frame, sizes.channels),
            frame_len: sizes.frame_bytes(),
            places: vec![Place::default(); slots],
            segments: VecDeque::new(),
            first_segment: 0,
            written: 0,
            since_key: 0,
        }
    }

    /// Stores a frame as a key frame.
    pub(super) fn push_key(&mut self, frame: &[u8]) {
        if self.room() < frame.len() {
            self.open_segment();
        }
        let start = self.newest_bytes().len() as u32;
        self.append(frame, start);
        self.since_key = 0;
    }

    /// Stores a frame as its difference from the newest key frame, or as a new key frame where that
    /// serves better.
    pub(super) fn push(&mut self, frame: &[u8]) {
        let Place { key, .. } = self.places[self.index(self.written - 1)];
        let code = self.codec.encode(&self.newest_bytes()[key as usize..][..self.frame_len], frame);
        self.since_key += code.len();
        let key_is_worn = self.since_key > DIFFERENCES_PER_KEY * self.frame_len;
        if key_is_worn || code.len() >= self.frame_len || code.len() > self.room() {
            self.push_key(frame);
        } else {
            self.append(&code, key);
        }
    }

    pub(super) fn begin_at(&mut self, number: u64, segment: u64) {
        self.written = number;
        self.first_segment = segment as u32;
    }

    /// Takes over a frame as it was stored, after a look at whether it can be decoded.
    pub(super) fn restore(&mut self, segment: u64, code: Code<'_>) -> Result<(), String> {
        let next_segment = u64::from(self.first_segment) + self.segments.len() as u64;
        let begins = segment == next_segment;
        if !begins && segment + 1 != next_segment {
            return Err(format!("segment {segment} follows on segment {next_segment} - 1"));
        }
        match code {
            Code::Whole(frame) if frame.len() != self.frame_len => {
                Err(format!("a frame has {} bytes, expected {}", frame.len(), self.frame_len))
            }
            Code::Difference(_) if begins => Err("a segment begins with a difference".to_owned()),
            Code::Whole(code) | Code::Difference(code) if !begins && code.len() > self.room() => {
                Err("a segment holds more than its size".to_owned())
            }
            Code::Whole(frame) => {
                if begins {
                    self.open_segment();
                }
                let start = self.newest_bytes().len() as u32;
                self.append(frame, start);
                self.since_key = 0;
                Ok(())
            }
            Code::Difference(code) => {
                let Place { key, .. } = self.places[self.index(self.written - 1)];
                let key_frame = &self.newest_bytes()[key as usize..][..self.frame_len];
                let (mut differences, mut frame) = (Vec::new(), vec![0; self.frame_len]);
                self.codec
                    .decode(key_frame, code, &mut differences, &mut frame)
                    .map_err(|error| error.to_string())?;
                self.since_key += code.len();
                self.append(code, key);
                Ok(())
            }
        }
    }

    pub(super) fn newest(&self) -> Stored<'_> {
        let place = self.places[self.index(self.written - 1)];
        let code = &self.newest_bytes()[place.start as usize..place.end as usize];
        let code =
            if place.key == place.start { Code::Whole(code) } else { Code::Difference(code) };
        Stored { segment: u64::from(place.segment), code }
    }

    pub(super) fn oldest_segment(&self) -> (u64, u64) {
        let slots = self.places.len() as u64;
        let live = self.segments.iter().position(|segment| segment.newest + slots >= self.written);
        let index = live.expect("the newest frame is live");
        (u64::from(self.first_segment) + index as u64, self.segments[index].first)
    }

    fn append(&mut self, code: &[u8], key: u32) {
        let number = self.written;
        self.written += 1;
        let serial = self.first_segment + self.segments.len() as u32 - 1;
        let segment = self.segments.back_mut().expect("a key frame opened it");
        let start = segment.bytes.len();
        segment.bytes.extend_from_slice(code);
        segment.newest = number;
        let (start, end) = (start as u32, segment.bytes.len() as u32);
        let index = self.index(number);
        self.places[index] = Place { segment: serial, key, start, end };
    }

    /// Begins a segment, in the memory of one whose frames have all been overwritten if there is
    /// one.
    fn open_segment(&mut self) {
        let slots = self.places.len() as u64;
        let mut bytes = None;
        while self.segments.front().is_some_and(|old| old.newest + slots <= self.written) {
            bytes = self.segments.pop_front().map(|segment| segment.bytes);
            self.first_segment += 1;
        }
        let mut bytes =
            bytes.unwrap_or_else(|| Vec::with_capacity(SEGMENT_FRAMES * self.frame_len));
        bytes.clear();
        self.segments.push_back(Segment { bytes, first: self.written, newest: self.written });
    }

    /// Bytes that the newest segment can still take.
    fn room(&self) -> usize {
        self.segments.back().map_or(0, |segment| segment.bytes.capacity() - segment.bytes.len())
    }

    fn newest_bytes(&self) -> &[u8] {
        &self.segments.back().expect("a key frame opened it").bytes
    }

    fn index(&self, number: u64) -> usize {
        (number % self.places.len() as u64) as usize
    }

    /// Frames with these numbers, in order, each decoded once.
    pub(super) fn get<'a>(
        &'a self,
        numbers: Range<u64>,
        scratch: &'a mut Scratch,
    ) -> Vec<&'a [u8]> {
        let count = (numbers.end - numbers.start) as usize;
        scratch.frames.resize(count * self.frame_len, 0);
        let Scratch { differences, frames } = scratch;
        let decoded = frames.chunks_exact_mut(self.frame_len);
        numbers
            .zip(decoded)
            .map(|(number, frame)| {
                let place = self.places[self.index(number)];
                let segment = &self.segments[(place.segment - self.first_segment) as usize].bytes;
                let code = &segment[place.start as usize..place.end as usize];
                if place.key == place.start {
                    return code;
                }
                let key = &segment[place.key as usize..][..self.frame_len];
                self.codec
                    .decode(key, code, differences, frame)
                    .expect("what was encoded can be decoded");
                &*frame
            })
            .collect()
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        let places = size_of::<Place>() * self.places.len().min(self.written as usize);
        places + self.segments.iter().map(|segment| segment.bytes.len()).sum::<usize>()
    }
}
