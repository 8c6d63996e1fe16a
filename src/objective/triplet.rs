//! The triplet loss of FaceNet (Schroff, Kalenichenko and Philbin 2015, equation 3), within a batch.
//!
//! Queries are the anchors, their own keys the positives, the others' keys the negatives. With
//! squared Euclidean distances d_ij^2 of q_i and k_j, both scaled to length 1, and a margin m (the
//! paper's is 0.2), the triplet of anchor i and negative j costs
//!
//! L_ij = max(0, d_ii^2 - d_ij^2 + m),
//!
//! and the loss is the mean over the triplets that the mining selects, where the paper sums.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::pairs::{self, Norm};

/// Which negatives an anchor is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mining {
    /// All of them: B^2 - B triplets, those without cost counted too.
    All,
    /// The nearest of those that are farther than the positive (FaceNet, equation 4) or, if there
    /// are none, the farthest of all, as implementations have it where the paper is silent. Whether
    /// one beyond the margin may be selected makes no difference: it costs nothing.
    SemiHard,
    /// The nearest of all (Hermans, Beyer and Leibe 2017, "batch hard").
    BatchHard,
}

/// Squared Euclidean distances of the directions: queries (B, D), keys (B, D), in float32 or float64
/// -> (B, B) within [0, 4], where row i holds query i against every key.
pub fn distances(queries: &Tensor, keys: &Tensor) -> Tensor {
    pairs::distances(&pairs::unit(queries), &pairs::unit(keys), Norm::L2).square()
}

/// The loss, a scalar, for `distances` (B, B) whose diagonal holds the positives. A batch of one has
/// no triplet and costs 0.
pub fn loss(distances: &Tensor, margin: f64, mining: Mining) -> Tensor {
    if distances.size()[0] == 1 {
        return distances.sum(distances.kind()) * 0.0;
    }
    let positives = distances.diagonal(0, 0, 1).unsqueeze(1); // (B, 1)
    let cost = |negatives: &Tensor| (&positives - negatives + margin).clamp_min(0.0);
    match mining {
        Mining::All => pairs::mean_off_diagonal(&cost(distances)),
        Mining::SemiHard => cost(&semi_hard(distances, &positives)).mean(distances.kind()),
        Mining::BatchHard => cost(&nearest(distances)).mean(distances.kind()),
    }
}

/// The distance of each anchor's nearest negative, (B, 1).
fn nearest(distances: &Tensor) -> Tensor {
    distances.masked_fill(&pairs::diagonal(distances), f64::INFINITY).amin(1, true)
}

/// The distance of each anchor's semi-hard negative, (B, 1), by the distances of the positives, (B, 1).
fn semi_hard(distances: &Tensor, positives: &Tensor) -> Tensor {
    let farther = distances.gt_tensor(positives); // Never on the diagonal.
    let nearest = distances.masked_fill(&farther.logical_not(), f64::INFINITY).amin(1, true);
    let all = distances.masked_fill(&pairs::diagonal(distances), f64::NEG_INFINITY);
    nearest.where_self(&farther.any_dim(1, true), &all.amax(1, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::fixtures::{
        assert_gradients, assert_is, gradients, queries_and_keys, wave,
    };

    const MININGS: [Mining; 3] = [Mining::All, Mining::SemiHard, Mining::BatchHard];
    const MARGIN: f64 = 0.2;

    // >>> q = wave(3, 5, 3); k = q + 0.7 * wave(42, 5, 3)
    // >>> q, k = F.normalize(q), F.normalize(k)
    // >>> squared = lambda a, b: (a - b).square().sum(-1)
    // >>> def loss(anchors, negatives):
    // ...     mean = F.triplet_margin_with_distance_loss(
    // ...         q[anchors], k[anchors], k[negatives], distance_function=squared, margin=0.2)
    // ...     return round(mean.item(), 12)
    // >>> def others(i): return sorted({0, 1, 2, 3, 4} - {i}, key=lambda j: squared(q[i], k[j]))
    // >>> def semi_hard(i):
    // ...     own = squared(q[i], k[i])
    // ...     within = [j for j in others(i) if own < squared(q[i], k[j]) < own + 0.2]
    // ...     return within[0] if within else others(i)[-1]
    //
    // >>> loss(*torch.tensor([(i, j) for i in range(5) for j in others(i)]).T)
    // 0.373860349456
    // >>> loss(range(5), [semi_hard(i) for i in range(5)])
    // 0.115010931193
    // >>> loss(range(5), [others(i)[0] for i in range(5)])
    // 0.762909652519
    #[test]
    fn losses_are_the_triplet_margin_losses_of_the_mined_triplets() {
        let (queries, keys) = queries_and_keys();
        let distances = distances(&queries, &keys);
        for (mining, expected) in
            MININGS.into_iter().zip([0.373860349456, 0.115010931193, 0.762909652519])
        {
            assert_is(&loss(&distances, MARGIN, mining), expected);
        }
    }

    /// Anchor 0 has a negative within the margin, anchor 1 only nearer ones than its positive, and
    /// anchor 2 nearer ones and one beyond the margin.
    #[test]
    fn each_mining_selects_by_its_rule() {
        let distances = Tensor::from_slice2(&[[1.0, 1.1, 0.5], [0.3, 2.0, 0.7], [1.0, 3.0, 2.0]]);
        let by_hand = [
            (Mining::All, (0.1 + 0.7 + 1.9 + 1.5 + 1.2 + 0.0) / 6.0),
            (Mining::SemiHard, (0.1 + 1.5 + 0.0) / 3.0),
            (Mining::BatchHard, (0.7 + 1.9 + 1.2) / 3.0),
        ];
        for (mining, expected) in by_hand {
            assert_is(&loss(&distances, MARGIN, mining), expected);
        }
    }

    #[test]
    fn lengths_are_not_seen() {
        let (queries, keys) = queries_and_keys();
        let scaled = distances(&(&queries * 7.0), &(&keys * 0.1));
        assert!((distances(&queries, &keys) - scaled).abs().max().double_value(&[]) < 1e-12);
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let (queries, keys) = queries_and_keys();
        for mining in MININGS {
            assert_gradients(&[queries.copy(), keys.copy()], |x| {
                loss(&distances(&x[0], &x[1]), MARGIN, mining)
            });
        }
    }

    #[test]
    fn gradients_are_finite_where_all_are_one_and_where_there_is_no_negative() {
        for mining in MININGS {
            let scalar = |x: &[Tensor]| loss(&distances(&x[0], &x[1]), MARGIN, mining);
            let same = wave(1.0, &[1, 3]).expand([4, 3], false);
            let alone = [wave(1.0, &[1, 3]), wave(9.0, &[1, 3])];
            for inputs in [[same.copy(), same.copy()], alone] {
                for gradient in gradients(&inputs, scalar) {
                    assert!(gradient.abs().max().double_value(&[]) < 1e-12);
                }
            }
        }
    }
}
