//! The one integration binary: each module is a subject.

mod checkpoint;
mod cli;
mod data_path;
mod fixtures;
mod gradient_flow;
mod memory;
mod not_finite;
mod parity;
mod replay_codec;
mod shared_update;
mod tensorboard;
mod tidy;
