//! The exponential loss of Chopra, Hadsell and LeCun (2005, "Learning a similarity metric
//! discriminatively", equation 8), over all pairs of a batch.
//!
//! With the energy E_ij = |q_i - k_j|_1 and an upper bound Q of it, a genuine pair, which belongs
//! together, and an impostor one cost
//!
//! L_ii = 2/Q E_ii^2  and  L_ij = 2 Q exp(-2.77/Q E_ij),
//!
//! and the loss is the mean of the first plus the mean of the second. The square is the loss's, not
//! the energy's: the authors warn that impostors at energy 0 would then not be pushed apart.

use tch::Tensor;

use super::pairs::{self, Norm};

/// How fast an impostor's cost falls, in units of 1/Q: at E = Q to a sixteenth.
const DECAY: f64 = 2.77;

/// L1 distances: queries (B, D), keys (B, D), in float32 or float64 -> (B, B), where row i holds
/// query i against every key.
pub fn energies(queries: &Tensor, keys: &Tensor) -> Tensor {
    pairs::distances(queries, keys, Norm::L1)
}

/// The loss, a scalar, for `energies` (B, B) whose diagonal holds the genuine pairs. `bound` is Q,
/// above 0: 2 D for embeddings within [-1, 1]. Larger energies are no error, their impostors only
/// cost next to nothing.
///
/// Where coordinates of a query and a key are equal, their gradient is 0.
pub fn loss(energies: &Tensor, bound: f64) -> Tensor {
    let genuine = energies.diagonal(0, 0, 1).square() * (2.0 / bound);
    let impostor = (energies * (-DECAY / bound)).exp() * (2.0 * bound);
    pairs::mean_of_each_kind(&genuine, &impostor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::fixtures::{
        assert_gradients, assert_is, gradients, queries_and_keys, wave,
    };

    // >>> q = wave(3, 5, 3); k = q + 0.7 * wave(42, 5, 3)
    // >>> e = torch.stack([F.pairwise_distance(q, k.roll(-s, 0), p=1, eps=0) for s in range(5)])
    // >>> impostor = 2 * 6 * torch.exp(-2.77 / 6 * e[1:])
    // >>> round((2 / 6 * e[0].square().mean() + impostor.mean()).item(), 12)
    // 6.07023326133
    #[test]
    fn the_loss_is_the_mean_of_each_kind_of_pairwise_energies() {
        let (queries, keys) = queries_and_keys();
        assert_is(&loss(&energies(&queries, &keys), 6.0), 6.07023326133);
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let (queries, keys) = queries_and_keys();
        assert_gradients(&[queries, keys], |x| loss(&energies(&x[0], &x[1]), 6.0));
    }

    #[test]
    fn gradients_are_finite_where_queries_equal_keys() {
        let one = wave(1.0, &[1, 3]).expand([4, 3], false);
        for gradient in gradients(&[one.copy(), one], |x| loss(&energies(&x[0], &x[1]), 6.0)) {
            assert_eq!(gradient.abs().max().double_value(&[]), 0.0);
        }
    }
}
