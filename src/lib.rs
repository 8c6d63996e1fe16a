//! CURL: contrastive reinforcement learning from pixels.

pub mod agent;
pub mod augment;
pub mod batch;
pub mod config;
pub mod durable;
pub mod nn;
pub mod objective;
pub mod random;
pub mod replay;
pub mod steps;
