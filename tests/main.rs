//! The one integration binary: each module is a subject.

mod checkpoint;
mod cli;
mod crash;
mod data_path;
mod faults;
mod fixtures;
mod gradient_flow;
mod hostile;
mod memory;
mod parity;
mod remains;
mod replay_codec;
mod resume;
mod shared_update;
mod tensorboard;
mod tidy;
