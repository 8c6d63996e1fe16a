//! InfoNCE with in-batch negatives (van den Oord et al. 2018; CURL paper, equation 4).
//!
//! For queries q_i and keys k_i of which the pairs (q_i, k_i) belong together,
//!
//! L = - 1/B sum_i log( exp(s(q_i, k_i)) / sum_j exp(s(q_i, k_j)) ).
//!
//! The paper prints equation 4 without the minus, as the log-likelihood.
//!
//! Where the two views have no roles, each takes its turn as the query, and the loss is the mean of
//! both directions (`symmetric_loss`).

use tch::{Kind, Reduction, Tensor};

use super::pairs;

/// Bilinear similarities s(q, k) = q' W k: queries (B, D), keys (B, D), W (D, D) -> (B, B), where
/// row i holds query i against every key.
pub fn bilinear_similarities(queries: &Tensor, keys: &Tensor, w: &Tensor) -> Tensor {
    queries.matmul(&w.matmul(&keys.tr()))
}

/// Dot products s(q, k) = q' k: queries (B, D), keys (B, D) -> (B, B).
pub fn dot_similarities(queries: &Tensor, keys: &Tensor) -> Tensor {
    queries.matmul(&keys.tr())
}

/// Bilinear similarities, less the largest of their row, which the loss does not see, against
/// overflow: queries (B, D), keys (B, D), W (D, D) -> logits (B, B).
pub fn bilinear_logits(queries: &Tensor, keys: &Tensor, w: &Tensor) -> Tensor {
    below_row_maximum(&bilinear_similarities(queries, keys, w))
}

/// Dot products, less the largest of their row: queries (B, D), keys (B, D) -> logits (B, B).
pub fn dot_logits(queries: &Tensor, keys: &Tensor) -> Tensor {
    below_row_maximum(&dot_similarities(queries, keys))
}

/// Cosine similarities over a temperature: queries (B, D), keys (B, D) -> logits (B, B).
pub fn cosine_logits(queries: &Tensor, keys: &Tensor, temperature: f64) -> Tensor {
    dot_similarities(&pairs::unit(queries), &pairs::unit(keys)) / temperature
}

/// The loss, a scalar, for logits (B, B) whose diagonal holds the positives.
pub fn loss(logits: &Tensor) -> Tensor {
    // Not tch's `cross_entropy_for_logits`, which computes in float32 whatever it is given.
    logits.cross_entropy_loss(&labels(logits), None::<&Tensor>, Reduction::Mean, -100, 0.0)
}

/// The mean of the losses of queries among keys and of keys among queries, a scalar, for
/// similarities (B, B) whose diagonal holds the positives.
///
/// Not for logits that were shifted by rows: the columns, which are the keys' rows, see that. Nor is
/// there need, since the cross entropy subtracts the largest of whichever it normalises.
pub fn symmetric_loss(similarities: &Tensor) -> Tensor {
    (loss(similarities) + loss(&similarities.tr())) / 2.0
}

/// The share of queries whose own key is the most similar one, a scalar.
pub fn accuracy(logits: &Tensor) -> Tensor {
    logits.argmax(1, false).eq_tensor(&labels(logits)).to_kind(Kind::Float).mean(Kind::Float)
}

fn below_row_maximum(similarities: &Tensor) -> Tensor {
    similarities - similarities.amax(1, true)
}

fn labels(logits: &Tensor) -> Tensor {
    Tensor::arange(logits.size()[0], (Kind::Int64, logits.device()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::fixtures::{assert_gradients, assert_is, queries_and_keys, wave};

    /// import torch, math
    /// q = torch.tensor([[1., 0.], [0., 2.]]).double(); k = torch.tensor([[.5, .25], [-1., 1.]]).double()
    /// w = torch.tensor([[1., .5], [.25, 2.]]).double()
    /// torch.nn.functional.cross_entropy(q @ w @ k.T, torch.arange(2))
    ///
    /// By hand the logits are [[.625, -.5], [1.25, 3.5]].
    #[test]
    fn bilinear_loss_is_the_cross_entropy_of_the_definition() {
        let matrix = |values: [f64; 4]| Tensor::from_slice(&values).view([2, 2]);
        let queries = matrix([1.0, 0.0, 0.0, 2.0]);
        let keys = matrix([0.5, 0.25, -1.0, 1.0]);
        let w = matrix([1.0, 0.5, 0.25, 2.0]);
        let logits = bilinear_logits(&queries, &keys, &w);
        let expected = ((-1.125f64).exp().ln_1p() + (-2.25f64).exp().ln_1p()) / 2.0;
        assert!((loss(&logits).double_value(&[]) - expected).abs() < 1e-12);
        assert_eq!(accuracy(&logits).double_value(&[]), 1.0);
    }

    #[test]
    fn cosine_does_not_see_lengths() {
        let matrix = |values: [f64; 4]| Tensor::from_slice(&values).view([2, 2]);
        let (queries, keys) = (matrix([1.0, 1.0, 0.0, 2.0]), matrix([3.0, 0.0, -1.0, 1.0]));
        let logits = cosine_logits(&queries, &keys, 0.5);
        let scaled = cosine_logits(&(&queries * 7.0), &(&keys * 0.1), 0.5);
        assert!((&logits - scaled).abs().max().double_value(&[]) < 1e-12);
        let expected = std::f64::consts::FRAC_1_SQRT_2 / 0.5;
        assert!((logits.double_value(&[0, 0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn indistinguishable_keys_cost_log_n() {
        let logits = Tensor::zeros([8, 8], (Kind::Double, tch::Device::Cpu));
        assert!((loss(&logits).double_value(&[]) - 8f64.ln()).abs() < 1e-12);
    }
    // >>> q = wave(3, 5, 3); k = q + 0.7 * wave(42, 5, 3); w = wave(70, 3, 3)
    // >>> own = torch.arange(5)
    // >>> round(F.cross_entropy(q @ w @ k.T, own).item(), 12)
    // 1.788306278343
    // >>> round(F.cross_entropy(q @ k.T, own).item(), 12)
    // 1.43359117891
    // >>> round(F.cross_entropy(F.cosine_similarity(q[:, None], k, dim=2) / 0.5, own).item(), 12)
    // 1.69271740851
    #[test]
    fn losses_are_the_cross_entropies_of_the_similarities() {
        let (queries, keys) = queries_and_keys();
        let w = wave(70.0, &[3, 3]);
        assert_is(&loss(&bilinear_logits(&queries, &keys, &w)), 1.788306278343);
        assert_is(&loss(&dot_logits(&queries, &keys)), 1.43359117891);
        assert_is(&loss(&cosine_logits(&queries, &keys, 0.5)), 1.69271740851);
    }

    // >>> both = lambda s: round((F.cross_entropy(s, own) + F.cross_entropy(s.T, own)).item() / 2, 12)
    // >>> both(q @ w @ k.T)
    // 1.678629912272
    // >>> both(q @ k.T)
    // 1.452382582241
    #[test]
    fn the_symmetric_loss_is_the_mean_over_rows_and_columns() {
        let (queries, keys) = queries_and_keys();
        let w = wave(70.0, &[3, 3]);
        assert_is(&symmetric_loss(&bilinear_similarities(&queries, &keys, &w)), 1.678629912272);
        let similarities = dot_similarities(&queries, &keys);
        assert_is(&symmetric_loss(&similarities), 1.452382582241);
        assert_is(&symmetric_loss(&dot_similarities(&keys, &queries)), 1.452382582241);
        assert_is(&symmetric_loss(&(similarities - 3.0)), 1.452382582241);
    }

    #[test]
    fn large_similarities_do_not_overflow() {
        let (queries, keys) = queries_and_keys();
        let large = dot_similarities(&queries, &keys) * 1e6;
        for loss in [loss, symmetric_loss] {
            let exact = loss(&large).double_value(&[]);
            let found = loss(&large.to_kind(Kind::Float)).double_value(&[]);
            assert!((found / exact - 1.0).abs() < 1e-6, "{found} is not {exact}");
        }
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let (queries, keys) = queries_and_keys();
        let of_w = [queries.copy(), keys.copy(), wave(70.0, &[3, 3])];
        assert_gradients(&of_w, |x| loss(&bilinear_logits(&x[0], &x[1], &x[2])));
        assert_gradients(&of_w, |x| symmetric_loss(&bilinear_similarities(&x[0], &x[1], &x[2])));
        let inputs = [queries, keys];
        assert_gradients(&inputs, |x| loss(&dot_logits(&x[0], &x[1])));
        assert_gradients(&inputs, |x| loss(&cosine_logits(&x[0], &x[1], 0.5)));
        assert_gradients(&inputs, |x| symmetric_loss(&dot_similarities(&x[0], &x[1])));
    }
}
