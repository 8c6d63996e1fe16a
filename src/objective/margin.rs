//! The margin loss of Hadsell, Chopra and LeCun (2006, "Dimensionality reduction by learning an
//! invariant mapping", equation 4), over all pairs of a batch.
//!
//! With d_ij = |q_i - k_j|, Euclidean, and a margin m, a pair that belongs together and one that
//! does not cost
//!
//! L_ii = 1/2 d_ii^2  and  L_ij = 1/2 max(0, m - d_ij)^2,
//!
//! and the loss is the mean of the first plus the mean of the second, not the paper's sum over a
//! data set: so neither kind drowns the other, however many negatives a batch has.

use tch::Tensor;

use super::pairs::{self, Norm};

/// Euclidean distances: queries (B, D), keys (B, D), in float32 or float64 -> (B, B), where row i
/// holds query i against every key.
pub fn distances(queries: &Tensor, keys: &Tensor) -> Tensor {
    pairs::distances(queries, keys, Norm::L2)
}

/// The loss, a scalar, for `distances` (B, B) whose diagonal holds the positives, and a margin
/// above 0, in the unit of the embeddings.
///
/// Where a query equals a key its gradient is 0: rightly for the positive; a negative there is
/// pushed nowhere, because no direction is better than another.
pub fn loss(distances: &Tensor, margin: f64) -> Tensor {
    let positives = distances.diagonal(0, 0, 1).square() / 2.0;
    let negatives = (margin - distances).clamp_min(0.0).square() / 2.0;
    pairs::mean_of_each_kind(&positives, &negatives)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::fixtures::{
        assert_gradients, assert_is, gradients, queries_and_keys, wave,
    };
    use crate::objective::info_nce;

    // >>> q = wave(3, 5, 3); k = q + 0.7 * wave(42, 5, 3)
    // >>> d = torch.stack([F.pairwise_distance(q, k.roll(-s, 0), eps=0) for s in range(5)])
    // >>> round((d[0].square().mean() / 2 + F.relu(1.5 - d[1:]).square().mean() / 2).item(), 12)
    // 0.513531651351
    // >>> (d[0] < d[1:].amin(0)).double().mean().item()
    // 0.4
    // >>> (d[1:] > 1.5).sum().item(), (d[1:] < 1.5).sum().item()
    // (6, 14)
    #[test]
    fn the_loss_is_the_mean_of_each_kind_of_pairwise_distances() {
        let (queries, keys) = queries_and_keys();
        let distances = distances(&queries, &keys);
        assert_is(&loss(&distances, 1.5), 0.513531651351);
        let accuracy = info_nce::accuracy(&-distances).double_value(&[]);
        assert!((accuracy - 0.4).abs() < 1e-6);
    }

    #[test]
    fn negatives_beyond_the_margin_cost_nothing() {
        let queries = wave(1.0, &[4, 3]);
        let keys = &queries + 10.0;
        let distances = distances(&queries, &keys);
        assert_is(&loss(&distances, 2.0), 150.0);
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let (queries, keys) = queries_and_keys();
        assert_gradients(&[queries, keys], |x| loss(&distances(&x[0], &x[1]), 1.5));
    }

    #[test]
    fn gradients_are_finite_where_queries_equal_keys() {
        let one = wave(1.0, &[1, 3]).expand([4, 3], false);
        for gradient in gradients(&[one.copy(), one], |x| loss(&distances(&x[0], &x[1]), 1.0)) {
            assert_eq!(gradient.abs().max().double_value(&[]), 0.0);
        }
    }
}
