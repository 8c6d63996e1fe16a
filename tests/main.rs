//! The one integration binary: each module is a subject.

mod fixtures;
mod gradient_flow;
mod parity;
mod tensorboard;
