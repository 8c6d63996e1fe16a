//! Finding observations again by their representations.

use tch::{Kind, Tensor};

use crate::objective::info_nce;

/// Keys that a query is compared with, as in a batch of the authors' script.
pub const KEYS: usize = 128;

/// The share of queries (N, D) whose own key (N, D) is the most similar one of a group. Groups are so
/// many rows that follow each other; what is left of the last one takes no part, but where there are
/// fewer rows they are one group.
pub fn accuracy(
    queries: &Tensor,
    keys: &Tensor,
    group: usize,
    similarities: impl Fn(&Tensor, &Tensor) -> Tensor,
) -> f64 {
    let size = (group as i64).min(queries.size()[0]);
    let groups = queries.size()[0] / size;
    let of_group = |at: i64| {
        let [queries, keys] = [queries, keys].map(|all| all.narrow(0, at * size, size));
        info_nce::accuracy(&similarities(&queries, &keys)).double_value(&[])
    };
    (0..groups).map(of_group).sum::<f64>() / groups as f64
}

/// For a row of (N, D), the numbers of the `count` nearest other rows whose group is another one, by
/// Euclidean distance, the nearest first.
pub fn nearest(rows: &Tensor, row: usize, groups: &[usize], count: usize) -> Vec<usize> {
    let differences = rows - rows.narrow(0, row as i64, 1);
    let squares = differences.square().sum_dim_intlist(1, false, Kind::Double);
    let squares: Vec<f64> = Vec::try_from(squares).expect("a vector of float64");
    let mut others: Vec<usize> =
        (0..squares.len()).filter(|&other| groups[other] != groups[row]).collect();
    others.sort_by(|&one, &other| squares[one].total_cmp(&squares[other]));
    others.truncate(count);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(queries: &Tensor, keys: &Tensor) -> Tensor {
        info_nce::cosine_logits(queries, keys, 1.0)
    }

    #[test]
    fn accuracy_is_the_share_within_groups() {
        let eye = Tensor::eye(4, (Kind::Double, tch::Device::Cpu));
        assert_eq!(accuracy(&eye, &eye, 4, cosine), 1.0);
        let swapped = eye.index_select(0, &Tensor::from_slice(&[1i64, 0, 2, 3]));
        assert_eq!(accuracy(&swapped, &eye, 128, cosine), 0.5);
        assert_eq!(accuracy(&swapped, &eye, 2, cosine), 0.5);
        // The last row is left over: two of three.
        assert_eq!(accuracy(&swapped, &eye, 3, cosine), f64::from(1.0f32 / 3.0));
    }

    #[test]
    fn neighbours_come_from_other_groups() {
        let rows = Tensor::from_slice(&[0.0, 0.1, 1.0, -0.5, 9.0f64]).view([5, 1]);
        assert_eq!(nearest(&rows, 0, &[0, 0, 1, 2, 1], 2), [3, 2]);
        assert_eq!(nearest(&rows, 0, &[0, 0, 1, 2, 1], 9), [3, 2, 4]);
        assert!(nearest(&rows, 0, &[0; 5], 9).is_empty());
    }
}
