//! What a Python process could answer: bytes that arrive in pieces, as they are and behind a header that
//! fits, taken in as a reply of each kind.

#![no_main]

use arbitrary::Arbitrary;
use curl_envs::Frame;
use curl_envs::gymnasium::protocol::{
    Actions, Hello, Incoming, Kind, PictureSize, Stepped, parse_observation,
};
use libfuzzer_sys::fuzz_target;

/// More than any reply takes.
const ROOM: usize = 40_000;

#[derive(Arbitrary, Debug)]
struct Input {
    /// Lengths of the pieces, over and over.
    pieces: Vec<u8>,
    observation_len: u8,
    bytes: Vec<u8>,
}

fuzz_target!(|input: Input| {
    for kind in [Kind::Make, Kind::Reset, Kind::Step, Kind::Render] {
        for bytes in [input.bytes.clone(), with_header(kind, &input.bytes)] {
            let taken = take(&bytes, kind, &input.pieces);
            assert_eq!(taken, take(&bytes, kind, &[]), "pieces make no difference");
            if let Some(payload) = taken {
                parse(&payload, kind, input.observation_len.into());
            }
        }
    }
});

fn with_header(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let numbers = [kind as u32, payload.len() as u32].map(u32::to_le_bytes).concat();
    [b"crl1", &numbers[..], payload].concat()
}

/// The payload of a reply, if the bytes are one and no more.
fn take(bytes: &[u8], kind: Kind, pieces: &[u8]) -> Option<Vec<u8>> {
    let mut incoming = Incoming::default();
    let mut lengths = pieces.iter().cycle().map(|len| usize::from(*len).max(1));
    let mut left = bytes;
    let mut complete = false;
    while !left.is_empty() {
        if complete {
            return None;
        }
        let room = incoming.room();
        assert!(!room.is_empty() && room.len() <= ROOM);
        let len = lengths.next().unwrap_or(usize::MAX).min(room.len()).min(left.len());
        let (piece, rest) = left.split_at(len);
        room[..len].copy_from_slice(piece);
        complete = incoming.advance(len, kind).ok()?;
        left = rest;
    }
    complete.then(|| incoming.payload().to_vec())
}

/// What is believed of a payload is within its bounds.
fn parse(payload: &[u8], kind: Kind, observation_len: usize) {
    let mut observation = vec![0.0; observation_len];
    match kind {
        Kind::Make => {
            let Ok(hello) = Hello::parse(payload) else { return };
            match hello.actions {
                Actions::Box { low, high } => assert_eq!(low.len(), high.len()),
                Actions::Discrete { n } => assert!(n > 0),
                Actions::Other(text) => assert!(text.len() <= 3 * payload.len()),
            }
        }
        Kind::Reset => {
            if parse_observation(payload, &mut observation).is_ok() {
                assert_eq!(payload.len(), 8 * observation_len);
            }
        }
        Kind::Step => {
            if Stepped::parse(payload, &mut observation).is_ok() {
                assert_eq!(payload.len(), 10 + 8 * observation_len);
            }
        }
        Kind::Render => {
            if let Ok(size) = PictureSize::parse(payload) {
                assert!(size.bytes() <= 3 * Frame::MAX_SIDE * Frame::MAX_SIDE);
            }
        }
    }
}
