//! Environments for pixel reinforcement learning. No tensor library is known here: frames are plain
//! bytes (`u8`, height x width x 3) and numbers are `f32`/`f64` slices.

pub mod env;

pub use env::{Action, ActionSpec, Ended, Env, EnvError, Frame, Spec, Step};
