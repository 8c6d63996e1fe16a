//! An environment as an agent has it: repeated actions, and one view of it a step, which is a picture or,
//! for agents that do not see pixels, the flat observation.

use rand::Rng;

use crate::env::{Action, Colour, Ended, Env, EnvState, FRAME_CHANNELS, Frame, Quality, Spec};
use crate::error::EnvError;

/// What an agent is shown of its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// A picture.
    Picture(Colour),
    /// The flat observation, each number a little-endian float32.
    State,
}

/// What one agent step returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelStep {
    /// Sum over the env steps.
    pub reward: f64,
    pub ended: Option<Ended>,
    /// Env steps that really passed: fewer than the action repeat where the episode ended.
    pub env_steps: u64,
}

/// Repeats each action and takes one view per agent step, into a buffer that it keeps.
#[derive(Debug)]
pub struct Pixels {
    env: Box<dyn Env>,
    action_repeat: u64,
    height: usize,
    width: usize,
    quality: Quality,
    view: View,
    frame: Vec<u8>,
    /// What was drawn, where that is not the frame itself.
    drawn: Vec<u8>,
    /// What was observed, where the view is the state.
    observation: Vec<f64>,
}

impl Pixels {
    /// An environment that is seen in square pictures of `size` pixels a side.
    ///
    /// # Errors
    /// If the action repeat is 0, or there are no pictures of that size.
    pub fn new(env: Box<dyn Env>, action_repeat: u64, size: usize) -> Result<Self, EnvError> {
        Self::with_size(env, action_repeat, size, size)
    }

    /// As [`Self::new`], for pictures that need not be square.
    ///
    /// # Errors
    /// If the action repeat is 0, or there are no pictures of that size.
    pub fn with_size(
        env: Box<dyn Env>,
        action_repeat: u64,
        height: usize,
        width: usize,
    ) -> Result<Self, EnvError> {
        if action_repeat == 0 {
            return Err(EnvError::ActionRepeat);
        }
        Frame::check_size(height, width)?;
        let pixels = Self {
            env,
            action_repeat,
            height,
            width,
            quality: Quality::default(),
            view: View::Picture(Colour::Rgb),
            frame: Vec::new(),
            drawn: Vec::new(),
            observation: Vec::new(),
        };
        Ok(pixels.with_view(View::Picture(Colour::Rgb)))
    }

    /// Sees the environment from another camera.
    ///
    /// # Errors
    /// If it has no such camera.
    pub fn with_camera(mut self, camera: usize) -> Result<Self, EnvError> {
        self.env.set_camera(camera)?;
        Ok(self)
    }

    /// Sees the environment in pictures of another quality than [`Quality::Reduced`].
    #[must_use]
    pub fn with_quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    /// Sees the environment in another view than a picture of all colours. What was seen last becomes
    /// black, or zero.
    #[must_use]
    pub fn with_view(mut self, view: View) -> Self {
        let pixels = self.height * self.width;
        self.view = view;
        (self.drawn, self.observation) = (Vec::new(), Vec::new());
        self.frame = match view {
            View::Picture(colour) => vec![0; pixels * colour.channels()],
            View::State => vec![0; self.spec().observation_len() * size_of::<f32>()],
        };
        match view {
            View::Picture(Colour::Rgb) => {}
            View::Picture(Colour::Grey | Colour::Negative) => {
                self.drawn = vec![0; pixels * FRAME_CHANNELS];
            }
            View::State => self.observation = vec![0.0; self.spec().observation_len()],
        }
        self
    }

    /// Starts a new episode and takes its first view.
    ///
    /// # Errors
    /// As [`Env::reset`] and [`Env::render`].
    pub fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.env.reset(rng)?;
        self.look()
    }

    /// Takes one action for up to `action_repeat` env steps, until the episode ends, and takes a
    /// view of the state after them.
    ///
    /// # Errors
    /// As [`Env::step`] and [`Env::render`].
    pub fn step(&mut self, action: Action<'_>) -> Result<PixelStep, EnvError> {
        let mut sum = PixelStep { reward: 0.0, ended: None, env_steps: 0 };
        while sum.env_steps < self.action_repeat && sum.ended.is_none() {
            let step = self.env.step(action)?;
            sum.reward += step.reward;
            sum.ended = step.ended;
            sum.env_steps += 1;
        }
        self.look()?;
        Ok(sum)
    }

    fn look(&mut self) -> Result<(), EnvError> {
        let Self { height, width, quality, .. } = *self;
        match self.view {
            View::Picture(Colour::Rgb) => {
                self.env.set_quality(quality);
                self.env.render(Frame { pixels: &mut self.frame, height, width })
            }
            View::Picture(colour @ (Colour::Grey | Colour::Negative)) => {
                self.env.set_quality(quality);
                self.env.render(Frame { pixels: &mut self.drawn, height, width })?;
                let convert = if colour == Colour::Grey { luminance } else { negative };
                convert(&self.drawn, &mut self.frame);
                Ok(())
            }
            View::State => {
                self.env.observe(&mut self.observation);
                let numbers = self.frame.chunks_exact_mut(size_of::<f32>()).zip(&self.observation);
                numbers
                    .for_each(|(to, &number)| to.copy_from_slice(&(number as f32).to_le_bytes()));
                Ok(())
            }
        }
    }

    /// Writes the flat observation of the present state, that of the last view.
    ///
    /// # Panics
    /// As [`Env::observe`].
    pub fn observe(&self, observation: &mut [f64]) {
        self.env.observe(observation);
    }

    /// The environment's state, where it can tell it. The last view is not part of it.
    pub fn state(&self) -> Option<EnvState> {
        self.env.state()
    }

    /// Continues from a state. The last view is the one that is given: drawing a picture anew would be
    /// the same on the same machine only.
    ///
    /// # Errors
    /// As [`Env::set_state`], or if the view has another size.
    pub fn set_state(&mut self, state: &EnvState, frame: &[u8]) -> Result<(), EnvError> {
        let Self { height, width, .. } = *self;
        let (expected, got) = (self.frame.len(), frame.len());
        if expected != got {
            return Err(EnvError::FrameBuffer { height, width, expected, got });
        }
        self.env.set_state(state)?;
        self.frame.copy_from_slice(frame);
        Ok(())
    }

    /// The last view: a picture of height x width x colours bytes, row by row from the top, or the bytes
    /// of the flat observation. Black, or zero, before the first reset.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// Env steps per agent step.
    pub fn action_repeat(&self) -> u64 {
        self.action_repeat
    }

    pub fn spec(&self) -> &Spec {
        self.env.spec()
    }

    /// Draws the present state at another size, in all colours and with the model's own settings, such as
    /// for a film. [`Self::frame`] stays.
    ///
    /// # Errors
    /// As [`Env::render`].
    pub fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError> {
        self.env.set_quality(Quality::Model);
        self.env.render(frame)
    }
}

/// The luminance of RGB pixels, by the weights of ITU-R BT.601.
fn luminance(rgb: &[u8], grey: &mut [u8]) {
    for (grey, pixel) in grey.iter_mut().zip(rgb.chunks_exact(FRAME_CHANNELS)) {
        let [red, green, blue] = [0, 1, 2].map(|channel| u32::from(pixel[channel]));
        *grey = ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8;
    }
}

/// How far RGB pixels are from white: 255 less the darkest channel, in which a colour stands out most.
fn negative(rgb: &[u8], negative: &mut [u8]) {
    for (negative, pixel) in negative.iter_mut().zip(rgb.chunks_exact(FRAME_CHANNELS)) {
        *negative = u8::MAX - pixel[0].min(pixel[1]).min(pixel[2]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::Counter;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn pixels(action_repeat: u64, episode_steps: u64) -> Pixels {
        let env = Counter::new(2, &[episode_steps], Ended::TimeLimit);
        Pixels::with_size(Box::new(env), action_repeat, 6, 9).expect("the size can be drawn")
    }

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(0)
    }

    const ACTION: Action<'_> = Action::Continuous(&[0.5, -1.0]);

    #[test]
    fn rewards_are_summed_and_the_picture_is_of_the_last_env_step() {
        let mut pixels = pixels(4, 100);
        pixels.reset(&mut rng()).expect("a counter can be reset");
        let stamp =
            |pixels: &Pixels| Counter::decode(pixels.frame(), 6, 9).expect("a counter's frame");
        assert_eq!(stamp(&pixels).env_step, 0);
        let step = pixels.step(ACTION).expect("the action fits");
        assert_eq!(step, PixelStep { reward: 1.0 + 2.0 + 3.0 + 4.0, ended: None, env_steps: 4 });
        assert_eq!(stamp(&pixels).env_step, 4);
    }

    #[test]
    fn an_agent_step_stops_where_the_episode_ends() {
        let mut pixels = pixels(4, 6);
        pixels.reset(&mut rng()).expect("a counter can be reset");
        pixels.step(ACTION).expect("the action fits");
        let last = pixels.step(ACTION).expect("the action fits");
        let ended = Some(Ended::TimeLimit);
        assert_eq!(last, PixelStep { reward: 5.0 + 6.0, ended, env_steps: 2 });
        let no_episode = EnvError::NoEpisode { id: "counter".to_owned() };
        assert_eq!(pixels.step(ACTION), Err(no_episode));
    }

    #[test]
    fn grey_pictures_are_the_luminance_of_what_is_drawn() {
        let mut pixels = pixels(1, 100).with_view(View::Picture(Colour::Grey));
        assert_eq!(pixels.frame(), [0; 6 * 9]);
        pixels.reset(&mut rng()).expect("a counter can be reset");
        let mut drawn = vec![0; 6 * 9 * 3];
        let frame = Frame { pixels: &mut drawn, height: 6, width: 9 };
        pixels.render(frame).expect("the buffer fits");
        let expected = drawn.chunks_exact(3).map(|pixel| {
            let [red, green, blue] = [0, 1, 2].map(|channel| f64::from(pixel[channel]));
            (0.299 * red + 0.587 * green + 0.114 * blue).round() as u8
        });
        assert!(expected.eq(pixels.frame().iter().copied()));
        let mut negative = self::pixels(1, 100).with_view(View::Picture(Colour::Negative));
        negative.reset(&mut rng()).expect("a counter can be reset");
        let expected =
            drawn.chunks_exact(3).map(|pixel| 255 - pixel.iter().min().expect("it has three"));
        assert!(expected.eq(negative.frame().iter().copied()));
        let mut extremes = [7; 2];
        luminance(&[0, 0, 0, 255, 255, 255], &mut extremes);
        assert_eq!(extremes, [0, 255]);
    }

    #[test]
    fn a_state_is_the_flat_observation() {
        let mut pixels = pixels(4, 100).with_view(View::State);
        assert_eq!(pixels.frame(), [0; 8]);
        pixels.reset(&mut rng()).expect("a counter can be reset");
        pixels.step(ACTION).expect("the action fits");
        let expected = [0.0f32, 4.0].map(f32::to_le_bytes).concat();
        assert_eq!(pixels.frame(), expected, "the episode's number and the env step");
    }

    #[test]
    fn the_flat_observation_can_be_had_beside_a_picture() {
        let mut pixels = pixels(2, 5);
        pixels.reset(&mut ChaCha8Rng::seed_from_u64(0)).expect("it starts");
        pixels.step(Action::Continuous(&[0.0; 2])).expect("it steps");
        let mut observation = [f64::NAN; 2];
        pixels.observe(&mut observation);
        let stamp = Counter::decode(pixels.frame(), 6, 9).expect("it is a whole picture");
        assert_eq!(observation, [stamp.episode as f64, stamp.env_step as f64]);
        assert_eq!(observation, [0.0, 2.0]);
    }

    #[test]
    fn impossible_settings_are_refused() {
        let make = |repeat, height, width| {
            let env = Counter::new(1, &[3], Ended::Terminated);
            Pixels::with_size(Box::new(env), repeat, height, width).map(drop)
        };
        assert_eq!(make(0, 8, 8), Err(EnvError::ActionRepeat));
        for (height, width) in [(0, 8), (8, 0), (8, Frame::MAX_SIDE + 1)] {
            let expected = EnvError::FrameSize { height, width, max: Frame::MAX_SIDE };
            assert_eq!(make(1, height, width), Err(expected));
        }
        assert_eq!(
            pixels(1, 3).with_camera(1).map(drop),
            Err(EnvError::Camera { id: "counter".to_owned(), camera: 1, count: 1 })
        );
    }
}
