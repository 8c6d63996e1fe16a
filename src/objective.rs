//! Contrastive losses as pure functions of embeddings.

pub mod info_nce;
