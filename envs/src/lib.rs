//! Environments for pixel reinforcement learning. No tensor library is known here: frames are plain
//! bytes (`u8`, height x width x colours) and numbers are `f32`/`f64` slices.
//!
//! [`make`] takes an id such as `cartpole-swingup` and gives an [`Env`]; [`Pixels`] repeats its
//! actions and keeps its pictures. Random numbers always come from the caller.
//!
//! # Layout
//! - [`env`](mod@env): the contract between an environment and an agent
//! - [`pixels`](Pixels): action repeat, one picture per agent step
//! - [`pixel_envs`](PixelEnvs): several of them side by side
//! - [`similarity`](psnr): how alike two pictures are
//! - [`catalog`](canonical): ids, and the list of all environments
//! - [`listing`]: what each environment is, told without making it
//! - [`dmc`]: the DeepMind Control Suite, one file per domain
//! - [`gym`]: gym-rs's CartPole and MountainCar, and what else is written for that crate
//! - [`gymnasium`](mod@gymnasium): environments in Python, in a process of their own
//! - [`counter`]: a test double whose pictures say where they come from
//!
//! # How to add a domain of the control suite
//! 1. Write `src/dmc/<domain>.rs` after the shortest one, `cheetah.rs`. It has a table `TASKS`
//!    (file of the model, seconds of an episode and of an env step, action repeat, camera) and a
//!    type with the `Task` trait's `reset`, `observe` and `reward`. The constructor looks up names
//!    in the model once (`physics.body("torso")?`); rewards are made of
//!    [`dmc::rewards::Tolerance`]s; starts come from `randomize`.
//! 2. Write into the model with `physics.set_model` only, so that saved states hold it. An array
//!    that no reset wrote to before becomes a variant of [`dmc::ModelField`].
//! 3. Add `mod <domain>;` and its `TASKS` to `DOMAINS` in `src/dmc.rs`. A further task of a domain
//!    is a further row of its table.
//! 4. Say in `src/listing/dmc.rs` what it is, and run the example `environments`, which writes
//!    `docs/environments.md`.
//!
//! # How to use an environment that is written for gym-rs
//! Say with [`gym::Playable`] what its pictures look like, and make an [`Env`] of it with
//! [`gym::Gym`].
//!
//! # How to add another suite
//! Implement [`Env`], and let the catalog's `ids` and `make` know it.

mod area;
mod catalog;
pub mod counter;
pub mod dmc;
pub mod env;
mod error;
pub mod gym;
pub mod gymnasium;
pub mod listing;
mod pixel_envs;
mod pixels;
mod similarity;

pub use catalog::{canonical, default_action_repeat, ids, make, make_with, task};
pub use counter::Counter;
pub use dmc::Dmc;
pub use env::{
    Action, ActionSpec, Colour, Ended, Env, EnvState, FRAME_CHANNELS, Frame, Quality, Spec, Step,
};
pub use error::EnvError;
pub use gymnasium::{Gymnasium, Settings};
pub use listing::{Actions, Domain, Listed, SUITES, Suite};
pub use pixel_envs::{BoxedRng, PixelEnvs};
pub use pixels::{PixelStep, Pixels, View};
pub use similarity::psnr;
