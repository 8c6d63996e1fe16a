//! CURL: contrastive reinforcement learning from pixels (Laskin, Srinivas, Abbeel 2020).
//!
//! # The method
//!
//! A soft actor-critic acts on images. An observation o is a stack of three frames; what the
//! networks see is a random crop of it. A convolutional **query encoder** turns crops into latent
//! vectors for the critic and the actor. It learns from two losses:
//!
//! - the critic's, towards r + gamma (min Q'(s', a') - alpha log pi(a'|s')), and
//! - a contrastive one. Two crops of the same observation make a query q and a key k. Among the
//!   keys of a batch the query must find its own: L = -log( exp(q' W k) / sum_j exp(q' W k_j) ),
//!   InfoNCE with a bilinear similarity.
//!
//! Keys come from the **key encoder**, a moving average of the query encoder (momentum 0.95), which
//! is the encoder of the critic's target as well. The actor's loss trains neither encoder.
//! Everything is off-policy: one update for every action, on a batch from the replay.
//!
//! # Layout
//!
//! In reading order: [`train`] is the loop, [`agent`] the agent with its update, [`objective`] the
//! contrastive loss, [`nn`] the networks, [`replay`], [`augment`] and [`batch`] the way from frames
//! to crops, [`random`] all randomness. [`config`] says what a run does, [`checkpoint`],
//! [`metrics`] and [`video`] what it leaves, [`evaluate`], [`probe`], [`inspect`] and [`mod@bench`] look at it.
//! [`command`] holds the subcommands. Environments are the crate `curl_envs`.
//!
//! # How data flows
//!
//! ```text
//! Env -> Pixels: one frame an agent step, u8
//!          -> Replay: every frame once
//!               -> sample: query, key and next crops cut into one Batch, u8, channels last
//!                    -> Agent::update: normalise, encode, losses, Adam
//!                         -> Losses -> Metrics: event file, CSV, terminal
//! ```

pub mod action;
pub mod agent;
pub mod allocator;
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
pub mod observation;
pub mod picture;
pub mod probe;
pub mod random;
pub mod replay;
pub mod run_folder;
pub mod statistics;
pub mod steps;
pub mod train;
pub mod video;
