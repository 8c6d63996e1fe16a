//! CURL: contrastive reinforcement learning from pixels.

pub mod agent;
pub mod augment;
pub mod batch;
pub mod bench;
pub mod checkpoint;
pub mod cli;
pub mod command;
pub mod config;
pub mod durable;
pub mod evaluate;
pub mod event_log;
pub mod frame_stack;
pub mod inspect;
pub mod memory;
pub mod metrics;
pub mod nn;
pub mod objective;
pub mod random;
pub mod replay;
pub mod statistics;
pub mod steps;
pub mod train;
pub mod video;
