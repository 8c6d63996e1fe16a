//! Every query against every key: what the losses over distances share.

use tch::{Kind, Tensor};

/// For `cdist`: from the differences, not from |q|^2 - 2 q'k + |k|^2, where rounding swallows pairs
/// that are close.
const FROM_DIFFERENCES: i64 = 2;

/// How the difference of two vectors becomes one number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Norm {
    L1,
    L2,
}

/// |q_i - k_j| for queries (B, D) and keys (B, D), in float32 or float64 -> (B, B), row i for query i.
///
/// At distance 0, where a norm has no gradient, this one's is 0, so that no loss of it gets an
/// infinite or undefined one.
pub(super) fn distances(queries: &Tensor, keys: &Tensor, norm: Norm) -> Tensor {
    let power = match norm {
        Norm::L1 => 1.0,
        Norm::L2 => 2.0,
    };
    Tensor::cdist(queries, keys, power, FROM_DIFFERENCES)
}

/// Rows over their Euclidean lengths: (B, D) -> (B, D). A row of zeros stays one.
pub(super) fn unit(rows: &Tensor) -> Tensor {
    rows / rows.norm_scalaropt_dim(2.0, [1], true).clamp_min(1e-12)
}

/// Whether an element of square matrices lies on the diagonal: (..., B, B) -> (B, B), Bool.
pub(super) fn diagonal(matrices: &Tensor) -> Tensor {
    let size = *matrices.size().last().expect("matrices have dimensions");
    Tensor::eye(size, (Kind::Bool, matrices.device()))
}

/// The mean of `positives` (B) plus the mean of what lies off the diagonal of `negatives` (B, B), a
/// scalar.
///
/// Means of their own, as of a data set with as many pairs of either kind: a mean over all pairs
/// would weigh the B positives against B^2 - B negatives and so change with the size of the batch.
/// A batch of one has no negatives, and they cost it 0.
pub(super) fn mean_of_each_kind(positives: &Tensor, negatives: &Tensor) -> Tensor {
    positives.mean(positives.kind()) + mean_off_diagonal(negatives)
}

/// The mean of what lies off the diagonal of a matrix (B, B), a scalar; 0 if that is nothing.
pub(super) fn mean_off_diagonal(matrix: &Tensor) -> Tensor {
    let size = matrix.size()[0];
    let sum = matrix.masked_fill(&diagonal(matrix), 0.0).sum(matrix.kind());
    sum / (size * (size - 1)).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::fixtures::wave;

    #[test]
    fn near_pairs_far_from_the_origin_keep_their_distance_in_float32() {
        let queries = (wave(1.0, &[30, 3]) + 1000.0).to_kind(Kind::Float);
        let keys = &queries + 0.125;
        let found = distances(&queries, &keys, Norm::L2).diagonal(0, 0, 1);
        let expected = (0.125f64 * 0.125 * 3.0).sqrt();
        assert!((found - expected).abs().max().double_value(&[]) < 1e-6);
    }

    #[test]
    fn each_kind_has_the_same_weight_whatever_the_size() {
        for size in [1, 2, 5] {
            let negatives = Tensor::full([size, size], 3.0, (Kind::Double, tch::Device::Cpu));
            let positives = negatives.diagonal(0, 0, 1) - 1.0;
            let expected = if size == 1 { 2.0 } else { 5.0 };
            assert_eq!(mean_of_each_kind(&positives, &negatives).double_value(&[]), expected);
        }
    }
}
