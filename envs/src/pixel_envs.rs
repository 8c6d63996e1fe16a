//! Several environments that step side by side.
//!
//! One alone stays where its caller is. Of several, each lives in a thread of its own from its making
//! to its end, since neither a graphics context nor a child process moves between threads.

mod apart;

use rand::Rng;

use self::apart::{Answer, Apart, Order, draw};
use crate::env::{Action, EnvState, Spec};
use crate::error::EnvError;
use crate::pixels::{PixelStep, Pixels};

/// A stream of random numbers that goes to another thread.
pub type BoxedRng = Box<dyn Rng + Send>;

/// Environments of one kind, numbered from 0. Each is seen in pictures of the same size.
#[derive(Debug)]
pub struct PixelEnvs {
    spec: Spec,
    action_repeat: u64,
    seats: Vec<Seat>,
}

#[derive(Debug)]
enum Seat {
    Here(Box<Pixels>),
    Apart(Apart),
}

impl From<Pixels> for PixelEnvs {
    fn from(pixels: Pixels) -> Self {
        let (spec, action_repeat) = (pixels.spec().clone(), pixels.action_repeat());
        Self { spec, action_repeat, seats: vec![Seat::Here(Box::new(pixels))] }
    }
}

impl PixelEnvs {
    /// So many environments.
    ///
    /// # Errors
    /// If one cannot be made, or a thread cannot be had.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn new<M>(count: usize, make: M) -> Result<Self, EnvError>
    where
        M: Fn() -> Result<Pixels, EnvError> + Clone + Send + 'static,
    {
        assert!(count > 0, "there is one environment at least");
        if count == 1 {
            return Ok(make()?.into());
        }
        let apart: Vec<_> =
            (0..count).map(|_| Apart::begin(make.clone())).collect::<Result<_, _>>()?;
        let mut envs: Option<Self> = None;
        for mut apart in apart {
            let (spec, action_repeat) = apart.made()?;
            let envs = envs.get_or_insert(Self { spec, action_repeat, seats: Vec::new() });
            envs.seats.push(Seat::Apart(apart));
        }
        Ok(envs.expect("there is one environment at least"))
    }

    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Env steps per agent step.
    pub fn action_repeat(&self) -> u64 {
        self.action_repeat
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.seats.len()
    }

    /// Starts new episodes in some of the environments, at the same time, and draws their first
    /// pictures.
    ///
    /// # Errors
    /// As [`Pixels::reset`].
    pub fn reset(&mut self, episodes: Vec<(usize, BoxedRng)>) -> Result<(), EnvError> {
        let begin = |seat: &mut Seat, mut rng: BoxedRng| match seat {
            Seat::Here(pixels) => pixels.reset(&mut *rng).map(|()| Begun::Done(())),
            Seat::Apart(apart) => apart.order(Order::Reset(rng)).map(|()| Begun::Ordered),
        };
        let begun = episodes.into_iter().map(|(env, rng)| (env, begin(&mut self.seats[env], rng)));
        let begun = begun.collect();
        self.finish(begun, |answer| matches!(answer, Answer::Reset).then_some(())).map(drop)
    }

    /// Takes an agent step in each of some environments, at the same time. What they return is in
    /// the order of the actions.
    ///
    /// # Errors
    /// As [`Pixels::step`].
    pub fn step(&mut self, actions: &[(usize, Action<'_>)]) -> Result<Vec<PixelStep>, EnvError> {
        let begin = |seat: &mut Seat, action: Action<'_>| match seat {
            Seat::Here(pixels) => pixels.step(action).map(Begun::Done),
            Seat::Apart(apart) => apart.order(Order::Step(action.into())).map(|()| Begun::Ordered),
        };
        let begun = actions.iter().map(|&(env, action)| (env, begin(&mut self.seats[env], action)));
        let begun = begun.collect();
        self.finish(begun, |answer| match answer {
            Answer::Step(step) => Some(step),
            _ => None,
        })
    }

    /// The last picture of an environment, as [`Pixels::frame`].
    pub fn frame(&self, env: usize) -> &[u8] {
        match &self.seats[env] {
            Seat::Here(pixels) => pixels.frame(),
            Seat::Apart(apart) => &apart.frame,
        }
    }

    /// Draws the present state of an environment for people, as [`Pixels::render`]: a square of
    /// `size` pixels a side, RGB.
    ///
    /// # Errors
    /// As [`Pixels::render`].
    pub fn render(&mut self, env: usize, size: usize) -> Result<Vec<u8>, EnvError> {
        match &mut self.seats[env] {
            Seat::Here(pixels) => draw(pixels, size),
            Seat::Apart(apart) => {
                apart.order(Order::Render { size })?;
                apart.answer_of(|answer| match answer {
                    Answer::Rendered(picture) => Some(picture),
                    _ => None,
                })
            }
        }
    }

    /// The state of an environment, as [`Pixels::state`].
    ///
    /// # Errors
    /// If the environment's thread is gone.
    pub fn state(&mut self, env: usize) -> Result<Option<EnvState>, EnvError> {
        match &mut self.seats[env] {
            Seat::Here(pixels) => Ok(pixels.state()),
            Seat::Apart(apart) => {
                apart.order(Order::State)?;
                apart.answer_of(|answer| match answer {
                    Answer::State(state) => Some(state),
                    _ => None,
                })
            }
        }
    }

    /// Continues from a state, as [`Pixels::set_state`].
    ///
    /// # Errors
    /// As [`Pixels::set_state`].
    pub fn set_state(
        &mut self,
        env: usize,
        state: &EnvState,
        frame: &[u8],
    ) -> Result<(), EnvError> {
        match &mut self.seats[env] {
            Seat::Here(pixels) => pixels.set_state(state, frame),
            Seat::Apart(apart) => {
                apart.order(Order::SetState(state.clone(), frame.to_vec()))?;
                apart.answer_of(|answer| match answer {
                    Answer::StateSet => Some(()),
                    _ => None,
                })
            }
        }
    }

    /// Waits for all that was begun, even where some of it failed.
    fn finish<T>(
        &mut self,
        begun: Vec<(usize, Result<Begun<T>, EnvError>)>,
        take: impl Fn(Answer) -> Option<T>,
    ) -> Result<Vec<T>, EnvError> {
        let mut finish = |env: usize, begun| match (begun, &mut self.seats[env]) {
            (Begun::Done(done), _) => Ok(done),
            (Begun::Ordered, Seat::Apart(apart)) => apart.answer_of(&take),
            (Begun::Ordered, Seat::Here(_)) => unreachable!("only a thread takes orders"),
        };
        let finished: Vec<Result<T, EnvError>> =
            begun.into_iter().map(|(env, begun)| finish(env, begun?)).collect();
        finished.into_iter().collect()
    }
}

/// How far something is that several environments do at the same time.
enum Begun<T> {
    Done(T),
    Ordered,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::Counter;
    use crate::env::Ended;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn counter() -> Result<Pixels, EnvError> {
        Pixels::with_size(Box::new(Counter::new(1, &[5, 3], Ended::TimeLimit)), 2, 8, 8)
    }

    fn rng(seed: u64) -> BoxedRng {
        Box::new(ChaCha8Rng::seed_from_u64(seed))
    }

    #[test]
    fn side_by_side_or_alone_is_the_same() {
        let mut envs = PixelEnvs::new(3, counter).expect("threads can be had");
        let mut alone: Vec<PixelEnvs> =
            (0..3).map(|_| PixelEnvs::new(1, counter).expect("it is made")).collect();
        assert_eq!((envs.count(), alone[0].count()), (3, 1));
        assert_eq!(envs.spec(), alone[0].spec());
        envs.reset((0..3).map(|env| (env, rng(env as u64))).collect()).expect("they start");
        for (env, alone) in alone.iter_mut().enumerate() {
            alone.reset(vec![(0, rng(env as u64))]).expect("it starts");
        }
        for step in 0..2 {
            let numbers = [[0.1 * step as f32], [0.2], [-0.3]];
            let action = |env: usize| Action::Continuous(&numbers[env]);
            let steps = envs.step(&[0, 2].map(|env| (env, action(env)))).expect("they step");
            for (step, env) in steps.into_iter().zip([0, 2]) {
                assert_eq!(alone[env].step(&[(0, action(env))]), Ok(vec![step]));
                assert_eq!(envs.frame(env), alone[env].frame(0));
                assert_eq!(envs.state(env), alone[env].state(0));
                assert_eq!(envs.render(env, 8), alone[env].render(0, 8));
            }
            assert_eq!(envs.frame(1), alone[1].frame(0), "it has not moved");
        }
    }

    #[test]
    fn an_error_is_told_and_the_others_go_on() {
        let mut envs = PixelEnvs::new(2, counter).expect("threads can be had");
        envs.reset(vec![(0, rng(0)), (1, rng(1))]).expect("they start");
        let wrong = [(0, Action::Continuous(&[0.0, 0.0])), (1, Action::Continuous(&[0.0]))];
        assert!(matches!(envs.step(&wrong), Err(EnvError::ActionKind { .. })));
        let right = [(0, Action::Continuous(&[0.0])), (1, Action::Continuous(&[0.0]))];
        assert!(envs.step(&right).is_ok());
    }

    #[test]
    fn an_environment_that_cannot_be_made_is_an_error() {
        let make = || Pixels::new(Box::new(Counter::new(1, &[5], Ended::TimeLimit)), 0, 8);
        for count in [1, 3] {
            assert_eq!(PixelEnvs::new(count, make).map(drop), Err(EnvError::ActionRepeat));
        }
    }
}
