//! InfoNCE with in-batch negatives (van den Oord et al. 2018; CURL paper, equation 4).
//!
//! For queries q_i and keys k_i of which the pairs (q_i, k_i) belong together,
//!
//! L = - 1/B sum_i log( exp(s(q_i, k_i)) / sum_j exp(s(q_i, k_j)) ).
//!
//! The paper prints equation 4 without the minus, as the log-likelihood.

use tch::{Kind, Reduction, Tensor};

/// Bilinear similarities s(q, k) = q' W k: queries (B, D), keys (B, D), W (D, D) -> logits (B, B),
/// where row i holds query i against every key. The row's maximum is subtracted, which the loss
/// does not see, against overflow.
pub fn bilinear_logits(queries: &Tensor, keys: &Tensor, w: &Tensor) -> Tensor {
    let logits = queries.matmul(&w.matmul(&keys.tr()));
    &logits - logits.amax(1, true)
}

/// Cosine similarities over a temperature: queries (B, D), keys (B, D) -> logits (B, B).
pub fn cosine_logits(queries: &Tensor, keys: &Tensor, temperature: f64) -> Tensor {
    let unit = |x: &Tensor| x / x.norm_scalaropt_dim(2.0, [1], true).clamp_min(1e-12);
    unit(queries).matmul(&unit(keys).tr()) / temperature
}

/// The loss, a scalar, for logits (B, B) whose diagonal holds the positives.
pub fn loss(logits: &Tensor) -> Tensor {
    // Not tch's `cross_entropy_for_logits`, which computes in float32 whatever it is given.
    logits.cross_entropy_loss(&labels(logits), None::<&Tensor>, Reduction::Mean, -100, 0.0)
}

/// The share of queries whose own key is the most similar one, a scalar.
pub fn accuracy(logits: &Tensor) -> Tensor {
    logits.argmax(1, false).eq_tensor(&labels(logits)).to_kind(Kind::Float).mean(Kind::Float)
}

fn labels(logits: &Tensor) -> Tensor {
    Tensor::arange(logits.size()[0], (Kind::Int64, logits.device()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
