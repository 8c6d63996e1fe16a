//! The one integration binary: each module is a subject.

mod altered;
mod checkpoint;
mod cli;
mod crash;
mod data_path;
mod determinism;
mod discrete;
mod disk;
mod environments;
mod faults;
mod fixtures;
mod gradient_flow;
mod hostile;
mod memory;
mod not_finite;
mod parity;
mod program;
mod remains;
mod replay_codec;
mod restatement;
mod resume;
mod shared_update;
mod side_by_side;
mod small_run;
mod tensorboard;
mod tidy;
