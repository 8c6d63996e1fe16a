//! Several environments that step side by side.
//!
//! One alone stays where its caller is. Of several, each lives in a thread of its own from its making
//! to its end, since neither a graphics context nor a child process moves between threads.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rand::Rng;

use crate::env::{Action, EnvState, FRAME_CHANNELS, Frame, Spec};
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

fn draw(pixels: &mut Pixels, size: usize) -> Result<Vec<u8>, EnvError> {
    let mut picture = vec![0; size * size * FRAME_CHANNELS];
    pixels.render(Frame { pixels: &mut picture, height: size, width: size })?;
    Ok(picture)
}

/// An action that goes to another thread.
#[derive(Debug)]
enum OwnAction {
    Continuous(Vec<f32>),
    Discrete(usize),
}

impl From<Action<'_>> for OwnAction {
    fn from(action: Action<'_>) -> Self {
        match action {
            Action::Continuous(numbers) => Self::Continuous(numbers.to_vec()),
            Action::Discrete(choice) => Self::Discrete(choice),
        }
    }
}

impl OwnAction {
    fn borrow(&self) -> Action<'_> {
        match self {
            Self::Continuous(numbers) => Action::Continuous(numbers),
            Self::Discrete(choice) => Action::Discrete(*choice),
        }
    }
}

enum Order {
    Reset(BoxedRng),
    Step(OwnAction),
    Render { size: usize },
    State,
    SetState(EnvState, Vec<u8>),
}

#[derive(Debug)]
enum Answer {
    Made(Spec, u64),
    Reset,
    Step(PixelStep),
    Rendered(Vec<u8>),
    State(Option<EnvState>),
    StateSet,
}

/// An answer, and the last picture.
type Reply = Result<(Answer, Vec<u8>), EnvError>;

/// An environment in a thread of its own, which does one thing at a time.
#[derive(Debug)]
struct Apart {
    /// Gone when the thread is to end.
    orders: Option<SyncSender<Order>>,
    replies: Receiver<Reply>,
    frame: Vec<u8>,
    thread: Option<JoinHandle<()>>,
}

impl Apart {
    /// Begins to make an environment.
    fn begin(
        make: impl FnOnce() -> Result<Pixels, EnvError> + Send + 'static,
    ) -> Result<Self, EnvError> {
        let (orders, ordered) = sync_channel::<Order>(1);
        let (answer, replies) = sync_channel::<Reply>(1);
        let work = move || {
            let mut pixels = match make() {
                Ok(pixels) => pixels,
                Err(error) => return drop(answer.send(Err(error))),
            };
            let made = Answer::Made(pixels.spec().clone(), pixels.action_repeat());
            let mut reply = Ok((made, pixels.frame().to_vec()));
            while answer.send(reply).is_ok() {
                let Ok(order) = ordered.recv() else { return };
                let answer = follow(&mut pixels, order);
                reply = answer.map(|answer| (answer, pixels.frame().to_vec()));
            }
        };
        let thread = std::thread::Builder::new().name("environment".to_owned()).spawn(work);
        let thread = thread.map_err(|error| EnvError::Thread { reason: error.to_string() })?;
        Ok(Self { orders: Some(orders), replies, frame: Vec::new(), thread: Some(thread) })
    }

    /// Waits until the environment is made.
    fn made(&mut self) -> Result<(Spec, u64), EnvError> {
        self.answer_of(|answer| match answer {
            Answer::Made(spec, action_repeat) => Some((spec, action_repeat)),
            _ => None,
        })
    }

    fn order(&mut self, order: Order) -> Result<(), EnvError> {
        let sent = self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok());
        if sent { Ok(()) } else { Err(gone()) }
    }

    /// Waits for the answer to an order.
    fn answer_of<T>(&mut self, take: impl Fn(Answer) -> Option<T>) -> Result<T, EnvError> {
        let (answer, frame) = self.replies.recv().map_err(|_| gone())??;
        self.frame = frame;
        Ok(take(answer).expect("each order has its answer"))
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so, and whoever waited for it got an error.
            let _ = thread.join();
        }
    }
}

fn follow(pixels: &mut Pixels, order: Order) -> Result<Answer, EnvError> {
    Ok(match order {
        Order::Reset(mut rng) => {
            pixels.reset(&mut *rng)?;
            Answer::Reset
        }
        Order::Step(action) => Answer::Step(pixels.step(action.borrow())?),
        Order::Render { size } => Answer::Rendered(draw(pixels, size)?),
        Order::State => Answer::State(pixels.state()),
        Order::SetState(state, frame) => {
            pixels.set_state(&state, &frame)?;
            Answer::StateSet
        }
    })
}

fn gone() -> EnvError {
    EnvError::Thread { reason: "it has ended before its environment".to_owned() }
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
