//! A test double: an environment whose pictures say where they come from.
//!
//! Each pixel tells its own place, and any four neighbours of a row tell the episode and the env
//! step, so that a test can check order, stacking, episode borders and crop positions exactly from
//! whatever part of a picture came through. Of the pixel in row `r` and column `c`
//! - red is `r` and green is `c` (modulo 256);
//! - blue is byte `(r + c) % 4` of `[episode / 256, episode % 256, env_step / 256, env_step % 256]`
//!   (the episode modulo 65536).

use rand::Rng;

use crate::env::{Action, ActionSpec, Ended, Env, EnvState, FRAME_CHANNELS, Frame, Spec, Step};
use crate::error::EnvError;

/// Counts episodes and env steps. The reward of an env step is its number, from 1; the observation
/// is the episode's number, from 0, and the env step.
#[derive(Debug)]
pub struct Counter {
    spec: Spec,
    episode_steps: Vec<u64>,
    ended: Ended,
    /// Resets so far.
    resets: u64,
    env_step: u64,
    running: bool,
}

/// Name of the numbers that make up a counter's state: resets, env step, and 1 while an episode runs.
/// Further than anybody counts; from there the numbers of a state are not whole any more.
const MAX_COUNT: f64 = (1_u64 << 53) as f64;
const STATE: &str = "counter";

/// Where a picture, or a part of one, comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub episode: u64,
    pub env_step: u64,
    /// Place of the part's top left corner in the whole picture.
    pub row: usize,
    pub column: usize,
}

impl Counter {
    /// Longest episode, so that a step's number fits into a picture.
    pub const MAX_STEPS: u64 = 65535;

    /// A counter with `dimensions` continuous actions. Episode `e` lasts `episode_steps[e % len]`
    /// env steps and ends as `ended` says.
    ///
    /// # Panics
    /// If there are no lengths, or one is 0 or above [`Self::MAX_STEPS`].
    pub fn new(dimensions: usize, episode_steps: &[u64], ended: Ended) -> Self {
        let lengths_fit = episode_steps.iter().all(|steps| (1..=Self::MAX_STEPS).contains(steps));
        assert!(lengths_fit && !episode_steps.is_empty(), "unusable lengths {episode_steps:?}");
        let longest = episode_steps.iter().copied().max();
        let spec = Spec {
            id: "counter".to_owned(),
            action: ActionSpec::Continuous {
                low: vec![-1.0; dimensions],
                high: vec![1.0; dimensions],
            },
            observation: vec![("episode".to_owned(), 1), ("env_step".to_owned(), 1)],
            control_timestep: 0.02,
            time_limit: longest.filter(|_| ended == Ended::TimeLimit),
            default_action_repeat: 1,
        };
        let episode_steps = episode_steps.to_vec();
        Self { spec, episode_steps, ended, resets: 0, env_step: 0, running: false }
    }

    /// Reads a picture of the counter, or a part of one, and checks every byte of it.
    ///
    /// Returns `None` where it is not one whole part of one picture.
    ///
    /// # Panics
    /// If `pixels` does not hold `height * width * 3` bytes, or `width` is less than 4.
    pub fn decode(pixels: &[u8], height: usize, width: usize) -> Option<Stamp> {
        assert_eq!(pixels.len(), height * width * FRAME_CHANNELS, "the buffer is one RGB picture");
        Self::decode_with(height, width, |row, column, channel| {
            pixels[(row * width + column) * FRAME_CHANNELS + channel]
        })
    }

    /// As [`Self::decode`], where `byte(row, column, channel)` reads the picture, such as one frame
    /// of a stack.
    ///
    /// # Panics
    /// If `width` is less than 4 or `height` is 0.
    pub fn decode_with(
        height: usize,
        width: usize,
        byte: impl Fn(usize, usize, usize) -> u8,
    ) -> Option<Stamp> {
        assert!(
            height > 0 && width >= 4,
            "a row of four pixels is the least that tells its origin"
        );
        let (row, column) = (usize::from(byte(0, 0, 0)), usize::from(byte(0, 0, 1)));
        let mut bytes = [0; 4];
        for offset in 0..4 {
            bytes[(row + column + offset) % 4] = byte(0, offset, 2);
        }
        let number = |high: u8, low: u8| u64::from(u16::from_be_bytes([high, low]));
        let [episode_high, episode_low, step_high, step_low] = bytes;
        let episode = number(episode_high, episode_low);
        let env_step = number(step_high, step_low);
        let intact = (0..height).all(|y| {
            (0..width).all(|x| {
                let expected = pixel(bytes, row + y, column + x);
                (0..FRAME_CHANNELS).all(|channel| byte(y, x, channel) == expected[channel])
            })
        });
        intact.then_some(Stamp { episode, env_step, row, column })
    }

    /// The present episode's number. Before the first reset there is none, and this is 0.
    fn episode(&self) -> u64 {
        self.resets.saturating_sub(1)
    }

    fn length(&self) -> u64 {
        self.episode_steps[self.episode() as usize % self.episode_steps.len()]
    }
}

fn pixel(bytes: [u8; 4], row: usize, column: usize) -> [u8; FRAME_CHANNELS] {
    // The places wrap around at 256 by intention.
    [row as u8, column as u8, bytes[(row + column) % 4]]
}

impl Env for Counter {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&mut self, _rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.resets += 1;
        self.env_step = 0;
        self.running = true;
        Ok(())
    }

    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError> {
        if !self.running {
            return Err(EnvError::NoEpisode { id: self.spec.id.clone() });
        }
        self.spec.continuous(action)?;
        self.env_step += 1;
        self.running = self.env_step < self.length();
        let ended = (!self.running).then_some(self.ended);
        Ok(Step { reward: self.env_step as f64, ended })
    }

    fn observe(&self, observation: &mut [f64]) {
        observation.copy_from_slice(&[self.episode() as f64, self.env_step as f64]);
    }

    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError> {
        frame.check()?;
        let [episode_high, episode_low] = (self.episode() as u16).to_be_bytes();
        let [step_high, step_low] = (self.env_step as u16).to_be_bytes();
        let bytes = [episode_high, episode_low, step_high, step_low];
        for (at, rgb) in frame.pixels.chunks_exact_mut(FRAME_CHANNELS).enumerate() {
            rgb.copy_from_slice(&pixel(bytes, at / frame.width, at % frame.width));
        }
        Ok(())
    }

    fn state(&self) -> Option<EnvState> {
        let numbers = [self.resets, self.env_step, self.running.into()].map(|n| n as f64);
        Some(EnvState::from([(STATE.to_owned(), numbers.to_vec())]))
    }

    fn set_state(&mut self, state: &EnvState) -> Result<(), EnvError> {
        self.running = false;
        let numbers = state.get(STATE).map(Vec::as_slice);
        let Some(&[resets, env_step, running]) = numbers.filter(|_| state.len() == 1) else {
            let problem = format!("it needs {STATE:?} with three numbers, and nothing else");
            return Err(EnvError::State { id: self.spec.id.clone(), problem });
        };
        if [resets, env_step].iter().any(|count| !(0.0..MAX_COUNT).contains(count)) {
            let problem = format!("it has counted to {resets} and {env_step}, beyond {MAX_COUNT}");
            return Err(EnvError::State { id: self.spec.id.clone(), problem });
        }
        (self.resets, self.env_step) = (resets as u64, env_step as u64);
        self.running = running != 0.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    const ACTION: Action<'_> = Action::Continuous(&[0.0]);

    fn picture(counter: &mut Counter, height: usize, width: usize) -> Vec<u8> {
        let mut pixels = vec![0; height * width * FRAME_CHANNELS];
        let frame = Frame { pixels: &mut pixels, height, width };
        counter.render(frame).expect("the buffer fits");
        pixels
    }

    fn start(counter: &mut Counter) {
        counter.reset(&mut ChaCha8Rng::seed_from_u64(0)).expect("a counter can be reset");
    }

    #[test]
    fn episodes_have_their_lengths_in_turn_and_end_as_asked() {
        let mut counter = Counter::new(1, &[2, 3], Ended::Terminated);
        for length in [2, 3, 2] {
            start(&mut counter);
            for step in 1..=length {
                let ended = (step == length).then_some(Ended::Terminated);
                let expected = Step { reward: step as f64, ended };
                assert_eq!(counter.step(ACTION), Ok(expected));
            }
        }
        let mut observation = [0.0; 2];
        counter.observe(&mut observation);
        assert_eq!(observation, [2.0, 2.0]);
        assert_eq!(counter.spec().time_limit, None);
        assert_eq!(Counter::new(1, &[2, 3], Ended::TimeLimit).spec().time_limit, Some(3));
    }

    #[test]
    fn a_counter_goes_on_from_its_state() {
        let mut counter = Counter::new(1, &[2, 3], Ended::Terminated);
        start(&mut counter);
        start(&mut counter);
        counter.step(ACTION).expect("the action fits");
        let state = counter.state().expect("a counter tells its state");
        let mut other = Counter::new(1, &[2, 3], Ended::Terminated);
        other.set_state(&state).expect("it is a counter's");
        for _ in 0..2 {
            assert_eq!(other.step(ACTION), counter.step(ACTION));
        }
        assert_eq!(picture(&mut other, 8, 8), picture(&mut counter, 8, 8));
        assert!(matches!(other.set_state(&EnvState::new()), Err(EnvError::State { .. })));
        assert!(other.step(ACTION).is_err(), "no episode is running");
    }

    #[test]
    fn every_crop_of_a_picture_tells_its_origin() {
        let mut counter = Counter::new(1, &[1000], Ended::TimeLimit);
        start(&mut counter);
        start(&mut counter);
        for _ in 0..517 {
            counter.step(ACTION).expect("the action fits");
        }
        let (height, width) = (11, 13);
        let pixels = picture(&mut counter, height, width);
        for (row, column) in (0..=height - 3).flat_map(|row| (0..=width - 5).map(move |c| (row, c)))
        {
            let stamp = Counter::decode_with(3, 5, |y, x, channel| {
                pixels[((row + y) * width + column + x) * FRAME_CHANNELS + channel]
            });
            assert_eq!(stamp, Some(Stamp { episode: 1, env_step: 517, row, column }));
        }
    }

    #[test]
    fn a_mixture_of_pictures_is_noticed() {
        let mut counter = Counter::new(1, &[1000], Ended::TimeLimit);
        start(&mut counter);
        let mut pixels = picture(&mut counter, 8, 8);
        counter.step(ACTION).expect("the action fits");
        let next = picture(&mut counter, 8, 8);
        assert_ne!(pixels, next);
        let half = pixels.len() / 2;
        pixels[half..].copy_from_slice(&next[half..]);
        assert_eq!(Counter::decode(&pixels, 8, 8), None);
    }
}
