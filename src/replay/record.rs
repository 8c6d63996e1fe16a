//! A replay as a sequence of records, one a frame, and its return from them.

use serde::{Deserialize, Serialize};

use super::frames::{Code, Scratch, Stored};
use super::{Outcome, Replay, ReplayShape, Slot};

/// More frames and segments than any run stores, so that sums of their numbers do not overflow.
const MAX_FRAMES: u64 = 1 << 60;
const MAX_SEGMENTS: u64 = 1 << 31;
/// More frames than any episode has, and with room for those that follow on a stored one.
const MAX_POSITION: u32 = 1 << 31;

/// All that was stored with a frame.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The segment that the frame belongs to: all that is needed to decode it.
    pub segment: u64,
    pub code: Code<'a>,
    /// Position of the frame in its episode, from 0.
    pub position: u32,
    /// The transition that led to the frame, unless it is an episode's first.
    pub transition: Option<Transition<'a>>,
}

/// A transition between two neighbouring frames.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    pub action: &'a [f32],
    pub reward: f32,
    /// Whether the value of what follows is bootstrapped.
    pub bootstrap: bool,
}

/// Where a replay stands, in slots since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayPosition {
    pub written: u64,
    /// The oldest slot that may be drawn.
    pub oldest: u64,
    /// The oldest segment that is needed, and its first slot.
    pub first_segment: u64,
    pub first_slot: u64,
}

impl Replay {
    /// Where the replay stands. It holds a frame at least.
    pub fn position(&self) -> ReplayPosition {
        let (first_segment, first_slot) = self.frames.oldest_segment();
        let Self { written, oldest, .. } = *self;
        ReplayPosition { written, oldest, first_segment, first_slot }
    }

    /// What was stored last. There is a frame at least.
    pub fn newest(&self) -> Record<'_> {
        let Stored { segment, code } = self.frames.newest();
        let position = self.slots[self.index(self.written - 1)].position;
        let transition = (position > 0).then(|| {
            let index = self.index(self.written - 2);
            let Outcome { reward, bootstrap } =
                self.slots[index].transition.expect("a transition led to the frame");
            let len = self.shape.action.numbers();
            Transition { action: &self.actions[index * len..(index + 1) * len], reward, bootstrap }
        });
        Record { segment, code, position, transition }
    }

    /// The newest frames of the present episode, oldest first: as many as a stack has, or as there
    /// are.
    pub fn newest_frames(&self) -> Vec<Vec<u8>> {
        let newest = self.written - 1;
        let position = u64::from(self.slots[self.index(newest)].position);
        let history = position.min(self.shape.stack as u64 - 1);
        let mut scratch = Scratch::default();
        let frames = self.frames.get(newest - history..newest + 1, &mut scratch);
        frames.into_iter().map(<[u8]>::to_vec).collect()
    }

    /// An empty replay that [`Self::restore`] fills again up to a position.
    ///
    /// # Errors
    /// If no replay of this shape ever stands there.
    pub fn begin_at(shape: ReplayShape, position: &ReplayPosition) -> Result<Self, String> {
        let ReplayPosition { written, oldest, first_segment, first_slot } = *position;
        let history = shape.stack as u64 - 1;
        let in_order = first_slot <= oldest && oldest < written && written < MAX_FRAMES;
        let fits = in_order && written - oldest + history <= shape.slots() as u64;
        if !fits || first_segment >= MAX_SEGMENTS {
            return Err(format!("no replay of {} slots stands at {position:?}", shape.slots()));
        }
        let mut replay = Self::new(shape);
        replay.frames.begin_at(first_slot, first_segment);
        (replay.written, replay.oldest) = (first_slot, first_slot);
        Ok(replay)
    }

    /// Takes over the next record.
    ///
    /// # Errors
    /// If it is not one of a replay of this shape, or does not follow on the one before it.
    pub fn restore(&mut self, record: &Record<'_>) -> Result<(), String> {
        let Record { segment, code, position, transition } = record;
        if *position > MAX_POSITION {
            return Err(format!("frame {position} of an episode is beyond the last of any"));
        }
        if self.written > self.oldest {
            let before = self.slots[self.index(self.written - 1)].position;
            if *position != 0 && *position != before + 1 {
                return Err(format!("frame {position} of an episode follows on frame {before}"));
            }
        }
        match transition {
            Some(transition) if !self.shape.action.contains(transition.action) => {
                return Err("an action is none of the environment's".to_owned());
            }
            Some(transition) if *position > 0 && self.written > 0 => {
                self.set_transition(self.index(self.written - 1), transition);
            }
            None if *position == 0 => {}
            Some(_) | None => {
                return Err(
                    "an episode's first frame, and no other, has nothing that led to it".to_owned()
                );
            }
        }
        self.frames.restore(*segment, *code)?;
        let index = self.index(self.written);
        self.slots[index] = Slot { position: *position, transition: None };
        self.written += 1;
        Ok(())
    }

    /// Ends the restoring.
    ///
    /// # Errors
    /// If the replay does not stand at the position.
    pub fn finish_at(&mut self, position: &ReplayPosition) -> Result<(), String> {
        let ReplayPosition { written, oldest, first_slot, .. } = *position;
        if self.written != written {
            return Err(format!("it ends at frame {}, expected {written}", self.written));
        }
        let reaches_back = |number: u64| {
            let position = u64::from(self.slots[self.index(number)].position);
            number - first_slot >= position.min(self.shape.stack as u64 - 1)
        };
        let mut borderline = oldest..written.min(oldest + self.shape.stack as u64);
        if let Some(number) = borderline.find(|&number| !reaches_back(number)) {
            return Err(format!("the stack of frame {number} begins before it"));
        }
        self.oldest = oldest;
        let drawable = (oldest..written).map(|number| &self.slots[self.index(number)]);
        self.transitions = drawable.filter(|slot| slot.transition.is_some()).count();
        Ok(())
    }
}
