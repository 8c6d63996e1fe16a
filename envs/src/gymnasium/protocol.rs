//! What is said between this program and the Python process, byte by byte. All numbers are
//! little-endian.
//!
//! A message is a header of 12 bytes (the magic `crl1`, its kind as u32, the length of what follows as
//! u32) and its payload. The program asks, the process answers each request by one reply of the same
//! kind:
//!
//! | kind | request | reply |
//! |---|---|---|
//! | 1 make | name; key, type, value of each option | see [`Hello`] |
//! | 2 reset | seed u32 | observation |
//! | 3 step | n f64 within the bounds, or the choice as u64 | reward f64, terminated u8, truncated u8, observation |
//! | 4 render | nothing | height, width, channels u32; the pixels are in shared memory |
//!
//! Texts are their length as u32 and UTF-8; an observation is as many f64 as the first reply says. A
//! process that fails ends, and says why on standard error.

mod reply;

use super::id::{Name, OptionValue};
pub use reply::{Actions, Hello, PictureSize, Stepped, Timing, parse_observation};

const MAGIC: [u8; 4] = *b"crl1";
/// Bytes before a message's payload.
const HEADER_LEN: usize = 12;
/// Room for a reply at first, which most replies fit into.
const FIRST_ROOM: usize = 1024;
/// Longest flat observation.
const MAX_NUMBERS: usize = 4096;
/// Longest payload of a reply.
const MAX_REPLY: usize = 64 + 8 * MAX_NUMBERS;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Make = 1,
    Reset = 2,
    Step = 3,
    Render = 4,
}

impl Kind {
    /// For messages: the process did not answer ...
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Reset => "reset",
            Self::Step => "step",
            Self::Render => "render",
        }
    }
}

/// A message that is being put together, in a buffer that is kept.
#[derive(Debug, Default)]
pub(super) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// Begins anew.
    pub(super) fn begin(&mut self, kind: Kind) -> &mut Self {
        self.bytes.clear();
        self.bytes.extend(MAGIC);
        self.put(&(kind as u32).to_le_bytes()).put(&0_u32.to_le_bytes())
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    fn put_text(&mut self, text: &str) -> &mut Self {
        self.put(&(text.len() as u32).to_le_bytes()).put(text.as_bytes())
    }

    pub(super) fn put_name(&mut self, name: &Name) -> &mut Self {
        self.put_text(&name.id);
        for (key, value) in &name.options {
            let (kind, text) = match value {
                OptionValue::Int(value) => (0, value.to_string()),
                OptionValue::Float(value) => (1, value.to_string()),
                OptionValue::Bool(value) => (2, value.to_string()),
                OptionValue::Str(value) => (3, value.clone()),
            };
            self.put_text(key).put(&[kind]).put_text(&text);
        }
        self
    }

    /// The whole message.
    pub(super) fn message(&mut self) -> &[u8] {
        let len = (self.bytes.len() - HEADER_LEN) as u32;
        self.bytes[8..HEADER_LEN].copy_from_slice(&len.to_le_bytes());
        &self.bytes
    }
}

/// A reply as it comes in, in a buffer that is kept.
#[derive(Debug)]
pub struct Incoming {
    /// At its start what has come of the reply. It never grows beyond the longest one.
    bytes: Vec<u8>,
    filled: usize,
}

impl Default for Incoming {
    fn default() -> Self {
        Self { bytes: vec![0; FIRST_ROOM], filled: 0 }
    }
}

impl Incoming {
    /// Forgets the reply before.
    pub fn begin(&mut self) {
        self.filled = 0;
    }

    /// Where further bytes go, the next one first. There is room for one at least until the reply is
    /// complete.
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    /// Takes note of so many bytes that were written into [`Self::room`], and says whether the reply to
    /// a request is complete.
    ///
    /// # Errors
    /// If they are not of such a reply: what is wrong with them.
    ///
    /// # Panics
    /// If there was no room for so many.
    pub fn advance(&mut self, count: usize, kind: Kind) -> Result<bool, String> {
        self.filled += count;
        let Some((header, _)) = self.bytes[..self.filled].split_first_chunk() else {
            return Ok(false);
        };
        let len = HEADER_LEN + payload_len(*header, kind)?;
        if self.filled > len {
            return Err(format!("it sent {} bytes more than its reply has", self.filled - len));
        }
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        Ok(self.filled == len)
    }

    /// The payload of a reply that is complete.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEADER_LEN..self.filled).unwrap_or_default()
    }
}

/// The length of the payload that a header announces, if it is one of a reply of this kind.
fn payload_len(header: [u8; HEADER_LEN], kind: Kind) -> Result<usize, String> {
    let [magic, got, len] = [0, 4, 8].map(|at| [0, 1, 2, 3].map(|i| header[at + i]));
    if magic != MAGIC {
        let text = String::from_utf8_lossy(&header).into_owned();
        return Err(format!("what it sent begins with {text:?}, which is no reply"));
    }
    let (got, len) = (u32::from_le_bytes(got), u32::from_le_bytes(len) as usize);
    if got != kind as u32 {
        return Err(format!("it answered {} by a reply of kind {got}", kind.name()));
    }
    if len > MAX_REPLY {
        return Err(format!("it announced a reply of {len} bytes to {}", kind.name()));
    }
    Ok(len)
}
