//! An environment in a thread of its own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::BoxedRng;
use crate::env::{Action, EnvState, FRAME_CHANNELS, Frame, Spec};
use crate::error::EnvError;
use crate::pixels::{PixelStep, Pixels};

pub(super) fn draw(pixels: &mut Pixels, size: usize) -> Result<Vec<u8>, EnvError> {
    let mut picture = vec![0; size * size * FRAME_CHANNELS];
    pixels.render(Frame { pixels: &mut picture, height: size, width: size })?;
    Ok(picture)
}

/// An action that goes to another thread.
#[derive(Debug)]
pub(super) enum OwnAction {
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

pub(super) enum Order {
    Reset(BoxedRng),
    Step(OwnAction),
    Render { size: usize },
    State,
    SetState(EnvState, Vec<u8>),
}

#[derive(Debug)]
pub(super) enum Answer {
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
pub(super) struct Apart {
    /// Gone when the thread is to end.
    orders: Option<SyncSender<Order>>,
    replies: Receiver<Reply>,
    pub(super) frame: Vec<u8>,
    thread: Option<JoinHandle<()>>,
}

impl Apart {
    /// Begins to make an environment.
    pub(super) fn begin(
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
    pub(super) fn made(&mut self) -> Result<(Spec, u64), EnvError> {
        self.answer_of(|answer| match answer {
            Answer::Made(spec, action_repeat) => Some((spec, action_repeat)),
            _ => None,
        })
    }

    pub(super) fn order(&mut self, order: Order) -> Result<(), EnvError> {
        let sent = self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok());
        if sent { Ok(()) } else { Err(gone()) }
    }

    /// Waits for the answer to an order.
    pub(super) fn answer_of<T>(
        &mut self,
        take: impl Fn(Answer) -> Option<T>,
    ) -> Result<T, EnvError> {
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
