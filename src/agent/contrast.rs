//! The contrastive head over query and key embeddings (CURL paper, section 4).

use tch::Tensor;

use crate::config::{ContrastConfig, Similarity};
use crate::nn::{Init, Parameters};
use crate::objective::info_nce;

/// How similar a query is to a key.
#[derive(Debug)]
pub enum Head {
    /// q' W k, with W (D, D) learned.
    Bilinear { w: Tensor },
    /// Cosine over a temperature; nothing is learned.
    Cosine { temperature: f64 },
}

impl Head {
    /// A head over embeddings of length `latent`; W starts uniform in [0, 1), as in the authors'
    /// code.
    pub fn new(config: &ContrastConfig, latent: i64, init: &mut Init) -> Self {
        match config.similarity {
            Similarity::Bilinear => Self::Bilinear { w: init.uniform(&[latent, latent]) },
            Similarity::Cosine => Self::Cosine { temperature: config.cosine_temperature.get() },
        }
    }

    /// Queries (B, D) and keys (B, D) -> logits (B, B), positives on the diagonal.
    pub fn logits(&self, queries: &Tensor, keys: &Tensor) -> Tensor {
        match self {
            Self::Bilinear { w } => info_nce::bilinear_logits(queries, keys, w),
            Self::Cosine { temperature } => info_nce::cosine_logits(queries, keys, *temperature),
        }
    }
}

impl Parameters for Head {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        match self {
            Self::Bilinear { w } => visit(format!("{path}.w"), w),
            Self::Cosine { .. } => {}
        }
    }
}
