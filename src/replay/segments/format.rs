//! The bytes of a segment file, little-endian.
//!
//! The header: the magic, the number of the first slot (u64), the bytes of a frame (u32), the
//! numbers of an action (u32). Then records. A record is the length of its payload (u32), the
//! payload's CRC-32 (u32), and the payload: one byte of flags (1: a whole frame, 2: with a
//! transition, 4: which bootstraps), the frame's position in its episode (u32), with a transition its
//! reward and action (f32 each), and the frame's code to the end.

use crate::replay::{Code, Record, Replay, ReplayShape, Transition};

const MAGIC: &[u8; 8] = b"CURLREP1";
pub(super) const HEADER: usize = 24;
/// Length and checksum of a payload.
pub(super) const PREFIX: usize = 8;
const WHOLE: u8 = 1;
const TRANSITION: u8 = 2;
const BOOTSTRAP: u8 = 4;

pub(super) fn header(first_slot: u64, shape: &ReplayShape) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..16].copy_from_slice(&first_slot.to_le_bytes());
    header[16..20].copy_from_slice(&(shape.frame_bytes() as u32).to_le_bytes());
    header[20..].copy_from_slice(&(shape.action.numbers() as u32).to_le_bytes());
    header
}

pub(super) fn encode(record: &Record<'_>) -> Vec<u8> {
    let (whole, code) = match record.code {
        Code::Whole(code) => (WHOLE, code),
        Code::Difference(code) => (0, code),
    };
    let transition = match &record.transition {
        None => 0,
        Some(Transition { bootstrap: false, .. }) => TRANSITION,
        Some(Transition { bootstrap: true, .. }) => TRANSITION | BOOTSTRAP,
    };
    let mut bytes = vec![0; PREFIX];
    bytes.push(whole | transition);
    bytes.extend_from_slice(&record.position.to_le_bytes());
    if let Some(Transition { action, reward, .. }) = &record.transition {
        bytes.extend_from_slice(&reward.to_le_bytes());
        bytes.extend(action.iter().flat_map(|number| number.to_le_bytes()));
    }
    bytes.extend_from_slice(code);
    let len = (bytes.len() - PREFIX) as u32;
    let sum = crc32fast::hash(&bytes[PREFIX..]);
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    bytes[4..PREFIX].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Length of the longest payload that a replay has.
pub(super) fn longest_payload(shape: &ReplayShape) -> usize {
    1 + 4 * (2 + shape.action.numbers()) + shape.frame_bytes()
}

/// Puts the record of a payload into a replay.
///
/// # Errors
/// If it is none, or does not follow on what the replay holds.
pub(super) fn restore(segment: u64, payload: &[u8], replay: &mut Replay) -> Result<(), String> {
    let empty = "a record ends early";
    let (&flags, rest) = payload.split_first().ok_or(empty)?;
    let (&position, mut rest) = rest.split_first_chunk().ok_or(empty)?;
    let mut numbers = Vec::new();
    if flags & TRANSITION != 0 {
        for _ in 0..=replay.shape.action.numbers() {
            let (&number, after) = rest.split_first_chunk().ok_or(empty)?;
            numbers.push(f32::from_le_bytes(number));
            rest = after;
        }
    }
    let transition = numbers.split_first().map(|(&reward, action)| Transition {
        action,
        reward,
        bootstrap: flags & BOOTSTRAP != 0,
    });
    let code = if flags & WHOLE != 0 { Code::Whole(rest) } else { Code::Difference(rest) };
    replay.restore(&Record { segment, code, position: u32::from_le_bytes(position), transition })
}
