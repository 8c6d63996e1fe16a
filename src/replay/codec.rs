//! A lossless code for frames that are much like a key frame: bytes in, bytes out.
//!
//! Each row becomes its difference from the key frame's row or, where more of it then vanishes, from
//! itself one pixel to the left. The first leaves nothing of what stands still; the second leaves
//! little of a smooth floor that passes below a camera which follows the robot. LZ4 packs what
//! remains. It decodes three times as fast as zstd and takes 10 % more bytes (measured in
//! docs/benchmarks/replay.md).
//!
//! A code depends on the key frame and the frame alone, so it means the same in memory and in a
//! file.

use std::io;

use curl_envs::FRAME_CHANNELS;
use lz4::block::{self, CompressionMode};
use thiserror::Error;

/// How hard LZ4 searches. The highest level takes up to three times as long for 1 to 3 % fewer bytes;
/// decoding is as fast after all of them.
const LEVEL: i32 = 6;

/// What a row is the difference from.
mod reference {
    pub(super) const KEY: u8 = 0;
    pub(super) const LEFT: u8 = 1;
}

/// Why bytes are not the code of a frame of the expected size.
#[derive(Debug, Error)]
pub enum DecodeError {
    #[error("the code of a frame cannot be unpacked: {0}")]
    Unpack(#[from] io::Error),
    #[error("the code of a frame holds {got} bytes of differences, expected {expected}")]
    Length { expected: usize, got: usize },
    #[error("the code of a frame has a row with the unknown reference {got}")]
    Reference { got: u8 },
}

/// Encodes and decodes frames of one size: height x width x channels bytes, three channels or one.
#[derive(Clone, Copy, Debug)]
pub struct FrameCodec {
    height: usize,
    /// Bytes of a row.
    row: usize,
    /// Bytes of a pixel.
    channels: usize,
}

impl FrameCodec {
    pub fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { height, row: width * channels, channels }
    }

    /// The code of a frame against a key frame.
    pub fn encode(&self, key: &[u8], frame: &[u8]) -> Vec<u8> {
        let mode = CompressionMode::HIGHCOMPRESSION(LEVEL);
        block::compress(&self.differences(key, frame), Some(mode), false)
            .expect("a frame is far smaller than the largest block of LZ4")
    }

    /// Writes the frame that was encoded against a key frame. `differences` is room to work in, of
    /// any size and content, that is kept from call to call.
    ///
    /// # Errors
    /// If the code is not that of a frame of this size.
    pub fn decode(
        &self,
        key: &[u8],
        code: &[u8],
        differences: &mut Vec<u8>,
        frame: &mut [u8],
    ) -> Result<(), DecodeError> {
        let expected = self.differences_len();
        differences.resize(expected, 0);
        let len = block::decompress_to_buffer(code, Some(expected as i32), differences)?;
        if len != expected {
            return Err(DecodeError::Length { expected, got: len });
        }
        self.restore(key, differences, frame)
    }

    /// What is packed: the reference of each row, then the rows' differences from it.
    pub fn differences(&self, key: &[u8], frame: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; self.differences_len()];
        let (references, differences) = bytes.split_at_mut(self.height);
        let rows = key.chunks_exact(self.row).zip(frame.chunks_exact(self.row));
        let written = references.iter_mut().zip(differences.chunks_exact_mut(self.row));
        for ((key, row), (reference, difference)) in rows.zip(written) {
            *reference = difference_of_row(key, row, self.channels, difference);
        }
        bytes
    }

    /// Bytes of [`Self::differences`].
    pub fn differences_len(&self) -> usize {
        self.height * (1 + self.row)
    }

    /// Writes the frame that has these differences from a key frame.
    ///
    /// # Errors
    /// If they are not those of a frame.
    pub fn restore(
        &self,
        key: &[u8],
        differences: &[u8],
        frame: &mut [u8],
    ) -> Result<(), DecodeError> {
        let (references, differences) = differences.split_at(self.height);
        let rows = key.chunks_exact(self.row).zip(frame.chunks_exact_mut(self.row));
        let read = references.iter().zip(differences.chunks_exact(self.row));
        for ((key, row), (&reference, difference)) in rows.zip(read) {
            match reference {
                reference::KEY => add_key(key, difference, row),
                reference::LEFT if self.channels == 1 => add_left::<1>(difference, row),
                reference::LEFT => add_left::<FRAME_CHANNELS>(difference, row),
                _ => return Err(DecodeError::Reference { got: reference }),
            }
        }
        Ok(())
    }
}

/// Writes a row's difference from the reference that leaves more zeros, and says which one that is.
fn difference_of_row(key: &[u8], row: &[u8], channels: usize, difference: &mut [u8]) -> u8 {
    let (first, rest) = row.split_at(channels);
    let zeros_of_key = row.iter().zip(key).filter(|(byte, key)| byte == key).count();
    let zeros_of_left = rest.iter().zip(row).filter(|(byte, left)| byte == left).count();
    if zeros_of_key >= zeros_of_left {
        for ((difference, byte), key) in difference.iter_mut().zip(row).zip(key) {
            *difference = byte.wrapping_sub(*key);
        }
        return reference::KEY;
    }
    let (first_difference, differences) = difference.split_at_mut(channels);
    first_difference.copy_from_slice(first);
    for ((difference, byte), left) in differences.iter_mut().zip(rest).zip(row) {
        *difference = byte.wrapping_sub(*left);
    }
    reference::LEFT
}

fn add_key(key: &[u8], difference: &[u8], row: &mut [u8]) {
    for ((byte, difference), key) in row.iter_mut().zip(difference).zip(key) {
        *byte = difference.wrapping_add(*key);
    }
}

fn add_left<const CHANNELS: usize>(difference: &[u8], row: &mut [u8]) {
    let mut left = [0_u8; CHANNELS];
    let pixels = row.chunks_exact_mut(CHANNELS);
    for (pixel, difference) in pixels.zip(difference.chunks_exact(CHANNELS)) {
        for ((byte, left), difference) in pixel.iter_mut().zip(&mut left).zip(difference) {
            *left = left.wrapping_add(*difference);
            *byte = *left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngExt};

    use crate::random::{Purpose, Stream, Streams};

    const HEIGHT: usize = 7;
    const WIDTH: usize = 9;

    fn stream() -> Stream {
        Streams::new(1).stream(Purpose::Batch, 0)
    }

    fn noise(rng: &mut impl Rng) -> Vec<u8> {
        (0..HEIGHT * WIDTH * FRAME_CHANNELS).map(|_| rng.random()).collect()
    }

    /// As a frame of three channels, and of one; the length of the former's code.
    fn check(key: &[u8], frame: &[u8]) -> usize {
        let [rgb, _] = [FRAME_CHANNELS, 1].map(|channels| {
            let codec = FrameCodec::new(HEIGHT, WIDTH * FRAME_CHANNELS / channels, channels);
            let code = codec.encode(key, frame);
            let mut decoded = vec![7; frame.len()];
            codec.decode(key, &code, &mut Vec::new(), &mut decoded).expect("it was just encoded");
            assert_eq!(decoded, frame);
            code.len()
        });
        rgb
    }

    #[test]
    fn every_frame_comes_back() {
        let mut rng = stream();
        let (key, other) = (noise(&mut rng), noise(&mut rng));
        let plain = vec![200; key.len()];
        let ramp: Vec<u8> = (0..key.len()).map(|i| i as u8).collect();
        for frame in [&key, &other, &plain, &ramp] {
            for key in [&key, &other, &plain, &ramp] {
                check(key, frame);
            }
        }
        // Rows of both kinds in one frame.
        let half = key.len() / 2;
        check(&key, &[&key[..half], &plain[half..]].concat());
    }

    #[test]
    fn what_is_like_the_key_or_its_left_neighbour_takes_little() {
        let mut rng = stream();
        let key = noise(&mut rng);
        let mut moved = key.clone();
        moved[40] ^= 0x55;
        assert!(check(&key, &moved) < 30, "one byte differs from the key");
        assert!(check(&key, &vec![9; key.len()]) < 40, "one colour");
        assert!(check(&key, &noise(&mut rng)) > key.len(), "noise");
    }

    #[test]
    fn damaged_codes_are_refused() {
        let mut rng = stream();
        let (key, frame) = (noise(&mut rng), noise(&mut rng));
        let codec = FrameCodec::new(HEIGHT, WIDTH, FRAME_CHANNELS);
        let decode = |codec: &FrameCodec, code: &[u8]| {
            let mut decoded = vec![0; key.len()];
            codec.decode(&key, code, &mut Vec::new(), &mut decoded).map_err(|e| e.to_string())
        };
        let code = codec.encode(&key, &frame);
        for len in 0..code.len() {
            let error = decode(&codec, &code[..len]).unwrap_err();
            assert!(error.contains("cannot be unpacked") || error.contains("holds"), "{error}");
        }
        let smaller = FrameCodec::new(HEIGHT - 1, WIDTH, FRAME_CHANNELS).encode(&key, &frame);
        assert!(
            decode(&codec, &smaller)
                .unwrap_err()
                .contains("holds 168 bytes of differences, expected 196")
        );
        // Noise is stored as it is, behind the length of the run: the first reference comes first.
        let mut unknown = code.clone();
        let first = unknown.len() - codec.differences_len();
        unknown[first] = 9;
        assert!(decode(&codec, &unknown).unwrap_err().contains("unknown reference 9"));
    }
}
