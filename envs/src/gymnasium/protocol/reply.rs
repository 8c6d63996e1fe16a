//! What the payloads of replies say.

use super::MAX_NUMBERS;
use crate::env::Frame;

/// Most dimensions of an action.
const MAX_DIMENSIONS: usize = 1024;

/// The first reply: Python's version, Gymnasium's version, actions, whether there are pictures (0 yes),
/// length of an observation u32, pictures per second f64 (0: unknown), env steps of an episode u64 (0:
/// no limit).
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    pub python: String,
    pub gymnasium: String,
    pub actions: Actions,
    pub has_pictures: bool,
    pub observation_len: usize,
    pub timing: Timing,
}

/// What an environment says about its time, if it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    pub pictures_per_second: Option<f64>,
    /// Env steps of an episode.
    pub time_limit: Option<u64>,
}

/// What actions an environment takes: 0, the dimensions n as u32, n lower and n upper bounds as f64;
/// or 1 and the number of choices as u64; or 2 and a description.
#[derive(Clone, Debug, PartialEq)]
pub enum Actions {
    Box { low: Vec<f64>, high: Vec<f64> },
    Discrete { n: usize },
    Other(String),
}

impl Hello {
    /// # Errors
    /// What is wrong with the payload.
    pub fn parse(payload: &[u8]) -> Result<Self, String> {
        let mut reader = Reader { left: payload };
        let hello = Self {
            python: reader.text()?,
            gymnasium: reader.text()?,
            actions: reader.actions()?,
            has_pictures: reader.byte()? == 0,
            observation_len: reader.len(MAX_NUMBERS)?,
            timing: Timing {
                pictures_per_second: Some(reader.number()?).filter(|n| n.is_finite() && *n > 0.0),
                time_limit: Some(reader.whole()?).filter(|limit| *limit > 0),
            },
        };
        reader.end()?;
        Ok(hello)
    }
}

/// The reply to a step, up to the observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stepped {
    pub reward: f64,
    pub terminated: bool,
    pub truncated: bool,
}

impl Stepped {
    /// Reads a reply, and its observation into a buffer of the right length.
    ///
    /// # Errors
    /// What is wrong with the payload.
    pub fn parse(payload: &[u8], observation: &mut [f64]) -> Result<Self, String> {
        let mut reader = Reader { left: payload };
        let reward = reader.number()?;
        let (terminated, truncated) = (reader.byte()? != 0, reader.byte()? != 0);
        reader.numbers(observation)?;
        reader.end()?;
        Ok(Self { reward, terminated, truncated })
    }
}

/// Reads the reply to a reset, which is an observation.
///
/// # Errors
/// What is wrong with the payload.
pub fn parse_observation(payload: &[u8], observation: &mut [f64]) -> Result<(), String> {
    let mut reader = Reader { left: payload };
    reader.numbers(observation)?;
    reader.end()
}

/// The size of a picture that lies in the shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSize {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl PictureSize {
    /// # Errors
    /// What is wrong with the payload, or with the size.
    pub fn parse(payload: &[u8]) -> Result<Self, String> {
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

    pub fn bytes(self) -> usize {
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
