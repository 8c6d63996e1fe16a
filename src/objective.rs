//! Contrastive losses as pure functions of embeddings.
//!
//! Two stages each, so that what is told beside the loss costs nothing more: similarities or
//! distances of every query to every key, then the loss of these. `info_nce::accuracy` of
//! similarities, or of distances with a minus, is the share of queries that find their own key.

pub mod info_nce;

pub mod exponential;
pub mod margin;
pub mod triplet;

pub mod cpc;

mod pairs;

#[cfg(test)]
mod fixtures;
