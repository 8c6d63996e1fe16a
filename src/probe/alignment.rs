//! How close views of one observation lie, and how evenly all observations are spread (Wang & Isola 2020,
//! equations of section 4.1 with their alpha = t = 2).

use tch::{Kind, Tensor};

/// Rows that are compared with all others at a time, so that memory stays small.
const CHUNK: i64 = 512;

/// Rows (N, D) divided by their lengths; zeros stay.
pub fn unit(rows: &Tensor) -> Tensor {
    rows / rows.norm_scalaropt_dim(2.0, [1], true).clamp_min(1e-300)
}

/// The mean squared distance of two views of the same observations, (N, D) unit vectors each: 0 where
/// they are the same, 2 where they are unrelated, 4 where they are opposite.
pub fn alignment(one: &Tensor, other: &Tensor) -> f64 {
    let squares = (one - other).square().sum_dim_intlist(1, false, Kind::Double);
    squares.mean(Kind::Double).double_value(&[])
}

/// The logarithm of the mean of exp(-2 d^2) over all pairs of different rows of unit vectors (N, D), d their
/// distance: 0 where all rows are the same, the less the more evenly they are spread.
///
/// # Panics
/// If there is but one row.
pub fn uniformity(rows: &Tensor) -> f64 {
    let count = rows.size()[0];
    assert!(count > 1, "there are pairs");
    let sum: f64 = rows
        .split(CHUNK, 0)
        .iter()
        .map(|chunk| {
            // Of unit vectors: |x - y|^2 = 2 - 2 x'y.
            let exponents = (chunk.matmul(&rows.tr()) - 1.0) * 4.0;
            exponents.exp().sum(Kind::Double).double_value(&[])
        })
        .sum();
    // A row with itself adds exp(0).
    let pairs = count as f64 * (count - 1) as f64;
    ((sum - count as f64) / pairs).max(f64::MIN_POSITIVE).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(values: &[f64], columns: i64) -> Tensor {
        Tensor::from_slice(values).view([-1, columns])
    }

    #[test]
    fn alignment_is_the_squared_distance() {
        let rows = unit(&matrix(&[3.0, 4.0, 0.0, -2.0], 2));
        assert_eq!(alignment(&rows, &rows), 0.0);
        assert!((alignment(&rows, &-&rows) - 4.0).abs() < 1e-12);
        let turned = matrix(&[-0.8, 0.6, 1.0, 0.0], 2);
        assert!((alignment(&rows, &turned) - 2.0).abs() < 1e-12);
        assert_eq!(unit(&matrix(&[0.0, 0.0], 2)), matrix(&[0.0, 0.0], 2));
    }

    #[test]
    fn uniformity_is_the_mean_potential_of_pairs() {
        let same = matrix(&[0.6, 0.8, 0.6, 0.8, 0.6, 0.8], 2);
        assert!(uniformity(&same).abs() < 1e-12);
        // Two opposite pairs at a right angle: of 12 ordered pairs 4 have d^2 = 4, 8 have d^2 = 2.
        let cross = matrix(&[1.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, -1.0], 2);
        let expected = ((4.0 * (-8.0f64).exp() + 8.0 * (-4.0f64).exp()) / 12.0).ln();
        assert!((uniformity(&cross) - expected).abs() < 1e-12);
    }

    #[test]
    fn many_rows_are_taken_chunk_by_chunk() {
        let rows = matrix(&[1.0, 0.0], 2).repeat([700, 1]);
        assert!(uniformity(&rows).abs() < 1e-12);
    }
}
