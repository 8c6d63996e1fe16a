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

use super::id::{Name, OptionValue};
use crate::env::Frame;

const MAGIC: [u8; 4] = *b"crl1";
/// Bytes before a message's payload.
pub(super) const HEADER_LEN: usize = 12;
/// Longest reply but for the first one.
const MAX_NUMBERS: usize = 4096;
const MAX_REPLY: usize = 64 + 8 * MAX_NUMBERS;
/// Most dimensions of an action.
const MAX_DIMENSIONS: usize = 1024;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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

/// The length of the payload that a header announces, if it is one of a reply of this kind.
///
/// # Errors
/// What is wrong with it.
pub(super) fn payload_len(header: [u8; HEADER_LEN], kind: Kind) -> Result<usize, String> {
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

/// The first reply: Python's version, Gymnasium's version, actions, whether there are pictures (0 yes),
/// length of an observation u32, pictures per second f64 (0: unknown), env steps of an episode u64 (0:
/// no limit).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hello {
    pub(super) python: String,
    pub(super) gymnasium: String,
    pub(super) actions: Actions,
    pub(super) has_pictures: bool,
    pub(super) observation_len: usize,
    pub(super) pictures_per_second: Option<f64>,
    pub(super) time_limit: Option<u64>,
}

/// What actions an environment takes: 0, the dimensions n as u32, n lower and n upper bounds as f64;
/// or 1 and the number of choices as u64; or 2 and a description.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Actions {
    Box { low: Vec<f64>, high: Vec<f64> },
    Discrete { n: usize },
    Other(String),
}

impl Hello {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, String> {
        let mut reader = Reader { left: payload };
        let hello = Self {
            python: reader.text()?,
            gymnasium: reader.text()?,
            actions: reader.actions()?,
            has_pictures: reader.byte()? == 0,
            observation_len: reader.len(MAX_NUMBERS)?,
            pictures_per_second: Some(reader.number()?).filter(|n| n.is_finite() && *n > 0.0),
            time_limit: Some(reader.whole()?).filter(|limit| *limit > 0),
        };
        reader.end()?;
        Ok(hello)
    }
}

/// The reply to a step, up to the observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stepped {
    pub(super) reward: f64,
    pub(super) terminated: bool,
    pub(super) truncated: bool,
}

impl Stepped {
    /// Reads a reply, and its observation into a buffer of the right length.
    pub(super) fn parse(payload: &[u8], observation: &mut [f64]) -> Result<Self, String> {
        let mut reader = Reader { left: payload };
        let reward = reader.number()?;
        let (terminated, truncated) = (reader.byte()? != 0, reader.byte()? != 0);
        reader.numbers(observation)?;
        reader.end()?;
        Ok(Self { reward, terminated, truncated })
    }
}

/// Reads the reply to a reset, which is an observation.
pub(super) fn parse_observation(payload: &[u8], observation: &mut [f64]) -> Result<(), String> {
    let mut reader = Reader { left: payload };
    reader.numbers(observation)?;
    reader.end()
}

/// The size of a picture that lies in the shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PictureSize {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl PictureSize {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, String> {
        let mut reader = Reader { left: payload };
        let [height, width, channels] = [reader.u32()?, reader.u32()?, reader.u32()?];
        reader.end()?;
        let sides = 1..=Frame::MAX_SIDE;
        let size = Self { height, width, channels };
        if sides.contains(&height) && sides.contains(&width) && [1, 3].contains(&channels) {
            Ok(size)
        } else {
            Err(format!("its picture is {height}x{width} with {channels} channels"))
        }
    }

    pub(super) fn bytes(self) -> usize {
        self.height * self.width * self.channels
    }
}

/// Takes a payload apart from its front.
#[derive(Debug)]
struct Reader<'a> {
    left: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, left) = self.left.split_first_chunk::<N>().ok_or("its reply is cut short")?;
        self.left = left;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<usize, String> {
        Ok(u32::from_le_bytes(self.take()?) as usize)
    }

    fn whole(&mut self) -> Result<u64, String> {
        self.take().map(u64::from_le_bytes)
    }

    fn number(&mut self) -> Result<f64, String> {
        self.take().map(f64::from_le_bytes)
    }

    /// A number of things, which must be checked before there is room made for them.
    fn len(&mut self, max: usize) -> Result<usize, String> {
        let len = self.u32()?;
        if len <= max { Ok(len) } else { Err(format!("its reply has a length of {len}")) }
    }

    fn text(&mut self) -> Result<String, String> {
        let len = self.len(self.left.len())?;
        let (text, left) = self.left.split_at_checked(len).ok_or("its reply is cut short")?;
        self.left = left;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    fn numbers(&mut self, numbers: &mut [f64]) -> Result<(), String> {
        numbers.iter_mut().try_for_each(|number| {
            *number = self.number()?;
            Ok(())
        })
    }

    fn actions(&mut self) -> Result<Actions, String> {
        match self.byte()? {
            0 => {
                let n = self.len(MAX_DIMENSIONS)?;
                let (mut low, mut high) = (vec![0.0; n], vec![0.0; n]);
                self.numbers(&mut low)?;
                self.numbers(&mut high)?;
                Ok(Actions::Box { low, high })
            }
            1 => {
                let n = self.whole()?;
                let fits = u32::try_from(n).ok().filter(|n| *n > 0);
                let n = fits.ok_or_else(|| format!("it offers {n} choices"))?;
                Ok(Actions::Discrete { n: n as usize })
            }
            2 => Ok(Actions::Other(self.text()?)),
            kind => Err(format!("its actions are of the unknown kind {kind}")),
        }
    }

    fn end(&self) -> Result<(), String> {
        match self.left.len() {
            0 => Ok(()),
            more => Err(format!("its reply is {more} bytes too long")),
        }
    }
}
