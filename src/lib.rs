//! CURL: contrastive reinforcement learning from pixels.

pub mod agent;
pub mod augment;
pub mod batch;
pub mod cli;
pub mod config;
pub mod durable;
pub mod event_log;
pub mod inspect;
pub mod metrics;
pub mod nn;
pub mod objective;
pub mod random;
pub mod replay;
pub mod steps;
pub mod video;
