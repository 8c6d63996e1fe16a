//! The contrastive head: what compares queries with keys (CURL paper, section 4).

use tch::Tensor;

use super::prediction::Prediction;
use crate::config::{AgentConfig, ContrastConfig, Objective, Similarity};
use crate::nn::{Init, Parameters};
use crate::objective::cpc::StepAhead;
use crate::objective::triplet::Mining;
use crate::objective::{exponential, info_nce, margin, triplet};

/// The head of an objective.
#[derive(Debug)]
pub enum Head {
    /// Of two views of the same observations.
    Views(Comparison),
    /// Of observations and later ones.
    Time(Prediction),
}

impl Head {
    /// The head that a configuration asks for, if it asks for one. W starts uniform in [0, 1), as in the
    /// authors' code.
    pub fn new(config: &AgentConfig, init: &mut Init) -> Option<Self> {
        let latent = config.encoder.feature_dim.dim();
        let contrast = &config.contrast;
        let margin = contrast.margin.get();
        let comparison = match contrast.objective {
            Objective::Off => return None,
            Objective::Cpc => {
                return Some(Self::Time(Prediction::new(&contrast.temporal, latent, init)));
            }
            Objective::InfoNce => Comparison::InfoNce(Likeness::new(contrast, latent, init)),
            Objective::SymmetricInfoNce => {
                Comparison::SymmetricInfoNce(Likeness::new(contrast, latent, init))
            }
            Objective::Margin => Comparison::Margin { margin },
            Objective::Exponential => Comparison::Exponential { bound: contrast.bound.get() },
            Objective::Triplet => Comparison::Triplet { margin, mining: contrast.mining },
        };
        Some(Self::Views(comparison))
    }
}

impl Parameters for Head {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        match self {
            Self::Views(comparison) => comparison.visit(path, visit),
            Self::Time(prediction) => prediction.visit(path, visit),
        }
    }
}

/// A loss of queries (B, D) and their keys (B, D).
#[derive(Debug)]
pub enum Comparison {
    InfoNce(Likeness),
    SymmetricInfoNce(Likeness),
    Margin { margin: f64 },
    Exponential { bound: f64 },
    Triplet { margin: f64, mining: Mining },
}

/// How similar a query is to a key.
#[derive(Debug)]
pub enum Likeness {
    /// q' W k, with W (D, D) learned.
    Bilinear { w: Tensor },
    /// Cosine over a temperature.
    Cosine { temperature: f64 },
    /// q' k.
    Dot,
}

/// What is told of a contrastive loss beside its value.
#[derive(Debug)]
pub enum Told {
    /// How alike each query and key are, (B, B), positives on the diagonal: similarities, or distances with
    /// a minus.
    Scores(Tensor),
    /// How well the observations so many steps ahead are told from others, for 1, 2, ... steps.
    Steps(Vec<StepAhead>),
}

impl Comparison {
    /// The loss, with its graph, and the scores, (B, B), without.
    pub fn loss(&self, queries: &Tensor, keys: &Tensor) -> (Tensor, Tensor) {
        let (loss, scores) = match self {
            Self::InfoNce(likeness) => {
                let logits = likeness.logits(queries, keys);
                (info_nce::loss(&logits), logits)
            }
            Self::SymmetricInfoNce(likeness) => {
                let similarities = likeness.similarities(queries, keys);
                (info_nce::symmetric_loss(&similarities), similarities)
            }
            Self::Margin { margin } => {
                let distances = margin::distances(queries, keys);
                (margin::loss(&distances, *margin), -distances)
            }
            Self::Exponential { bound } => {
                let energies = exponential::energies(queries, keys);
                (exponential::loss(&energies, *bound), -energies)
            }
            Self::Triplet { margin, mining } => {
                let distances = triplet::distances(queries, keys);
                (triplet::loss(&distances, *margin, *mining), -distances)
            }
        };
        (loss, scores.detach())
    }
}

impl Likeness {
    fn new(config: &ContrastConfig, latent: i64, init: &mut Init) -> Self {
        match config.similarity {
            Similarity::Bilinear => Self::Bilinear { w: init.uniform(&[latent, latent]) },
            Similarity::Cosine => Self::Cosine { temperature: config.cosine_temperature.get() },
            Similarity::Dot => Self::Dot,
        }
    }

    /// (B, D), (B, D) -> (B, B), queries by keys, possibly less a number of each row.
    fn logits(&self, queries: &Tensor, keys: &Tensor) -> Tensor {
        match self {
            Self::Bilinear { w } => info_nce::bilinear_logits(queries, keys, w),
            Self::Cosine { temperature } => info_nce::cosine_logits(queries, keys, *temperature),
            Self::Dot => info_nce::dot_logits(queries, keys),
        }
    }

    /// The same, as they are.
    fn similarities(&self, queries: &Tensor, keys: &Tensor) -> Tensor {
        match self {
            Self::Bilinear { w } => info_nce::bilinear_similarities(queries, keys, w),
            Self::Cosine { temperature } => info_nce::cosine_logits(queries, keys, *temperature),
            Self::Dot => info_nce::dot_similarities(queries, keys),
        }
    }
}

impl Parameters for Comparison {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        if let Self::InfoNce(Likeness::Bilinear { w })
        | Self::SymmetricInfoNce(Likeness::Bilinear { w }) = self
        {
            visit(format!("{path}.w"), w);
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::objective::triplet::Mining::{All, BatchHard, SemiHard};

    fn vectors(pace: f64) -> Tensor {
        (Tensor::arange(12, (Kind::Double, Device::Cpu)).view([4, 3]) * pace).sin()
    }

    /// Each comparison is its objective's function of its own settings, and likeness goes up where distance
    /// goes down.
    #[test]
    fn a_comparison_is_its_objective() {
        let (queries, keys) = (vectors(1.0), vectors(2.3));
        let cosines = info_nce::cosine_logits(&queries, &keys, 0.5);
        let dots = info_nce::dot_similarities(&queries, &keys);
        let distances = margin::distances(&queries, &keys);
        let energies = exponential::energies(&queries, &keys);
        let squares = triplet::distances(&queries, &keys);
        let hard = |mining| Comparison::Triplet { margin: 0.3, mining };
        for (comparison, loss, scores) in [
            (
                Comparison::InfoNce(Likeness::Cosine { temperature: 0.5 }),
                info_nce::loss(&cosines),
                cosines.shallow_clone(),
            ),
            (
                Comparison::SymmetricInfoNce(Likeness::Dot),
                info_nce::symmetric_loss(&dots),
                dots.shallow_clone(),
            ),
            (Comparison::Margin { margin: 2.0 }, margin::loss(&distances, 2.0), -&distances),
            (Comparison::Exponential { bound: 9.0 }, exponential::loss(&energies, 9.0), -&energies),
            (hard(All), triplet::loss(&squares, 0.3, All), -&squares),
            (hard(SemiHard), triplet::loss(&squares, 0.3, SemiHard), -&squares),
            (hard(BatchHard), triplet::loss(&squares, 0.3, BatchHard), -&squares),
        ] {
            let (got, got_scores) = comparison.loss(&queries, &keys);
            assert_eq!(got, loss, "{comparison:?}");
            assert_eq!(got_scores, scores, "{comparison:?}");
        }
        let losses = [All, SemiHard, BatchHard].map(|it| triplet::loss(&squares, 0.3, it));
        assert!(losses[0] != losses[1] && losses[1] != losses[2], "the settings tell them apart");
    }
}
