//! How many directions a representation uses.

use tch::{Kind, Tensor};

/// The effective rank of a matrix (Roy & Vetterli 2007): exp of the entropy of its singular values, which are
/// divided by their sum. Between 1 and the rank, which it equals where all singular values that are not
/// 0 are the same; 0 of a matrix of zeros.
pub fn effective_rank(matrix: &Tensor) -> f64 {
    let (_, singular, _) = matrix.to_kind(Kind::Double).svd(true, false);
    let singular = Vec::<f64>::try_from(singular).expect("singular values are a vector of float64");
    let sum: f64 = singular.iter().sum();
    if sum == 0.0 {
        return 0.0;
    }
    let shares = singular.iter().map(|value| value / sum).filter(|share| *share > 0.0);
    (-shares.map(|share| share * share.ln()).sum::<f64>()).exp()
}

/// Rows (N, D) less their mean: what all have in common tells nothing.
pub fn centred(rows: &Tensor) -> Tensor {
    rows - rows.mean_dim(0, true, Kind::Double)
}

/// Rows along their principal axes.
#[derive(Debug)]
pub struct Plane {
    /// A place for each row.
    pub places: Vec<[f64; 2]>,
    /// The share of the variance that each axis explains.
    pub explained: [f64; 2],
}

/// The projection of rows (N, D) on the two axes of their largest variance.
pub fn principal_plane(rows: &Tensor) -> Plane {
    let centred = centred(&rows.to_kind(Kind::Double));
    let (variances, axes) = centred.tr().matmul(&centred).linalg_eigh("L");
    let total = variances.sum(Kind::Double).double_value(&[]);
    let last = variances.size()[0] - 1;
    let along = |axis: i64| -> (Vec<f64>, f64) {
        let projected = centred.matmul(&axes.select(1, axis));
        let numbers = Vec::try_from(projected.contiguous()).expect("a vector of float64");
        let share = variances.double_value(&[axis]) / total;
        (numbers, if total > 0.0 { share.clamp(0.0, 1.0) } else { 0.0 })
    };
    let (across, first) = along(last);
    let (up, second) = if last > 0 { along(last - 1) } else { (vec![0.0; across.len()], 0.0) };
    let places = across.into_iter().zip(up).map(|(x, y)| [x, y]).collect();
    Plane { places, explained: [first, second] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose, Streams};

    fn normal(rows: i64, columns: i64) -> Tensor {
        let mut stream = Streams::new(1).stream(Purpose::ProbeReadout, 0);
        random::normal(&[rows, columns], Kind::Double, &mut stream)
    }

    #[test]
    fn equal_singular_values_have_their_number_as_effective_rank() {
        for rank in 1..=5 {
            let (orthonormal, _) = Tensor::linalg_qr(&normal(20, 6), "reduced");
            let matrix = orthonormal.narrow(1, 0, rank) * 3.0;
            let matrix =
                matrix.matmul(&Tensor::eye(6, (Kind::Double, tch::Device::Cpu)).narrow(0, 0, rank));
            assert!((effective_rank(&matrix) - rank as f64).abs() < 1e-9, "{rank}");
        }
    }

    #[test]
    fn unequal_ones_have_less() {
        // p = (3/4, 1/4).
        let matrix = Tensor::from_slice(&[3.0, 0.0, 0.0, 1.0f64]).view([2, 2]);
        let entropy = 0.75 * (4.0f64 / 3.0).ln() + 0.25 * 4.0f64.ln();
        assert!((effective_rank(&matrix) - entropy.exp()).abs() < 1e-12);
        assert_eq!(effective_rank(&(matrix * 0.0)), 0.0);
    }

    #[test]
    fn the_plane_of_a_line_is_the_line() {
        let direction = Tensor::from_slice(&[0.6, 0.0, 0.8f64]).view([1, 3]);
        let along = Tensor::from_slice(&[-2.0, 0.0, 2.0f64]).view([3, 1]);
        let plane = principal_plane(&(along.matmul(&direction) + 10.0));
        assert!((plane.explained[0] - 1.0).abs() < 1e-12 && plane.explained[1] < 1e-12);
        let sign = plane.places[2][0].signum();
        for (place, expected) in plane.places.iter().zip([-2.0, 0.0, 2.0]) {
            assert!(
                (sign * place[0] - expected).abs() < 1e-9 && place[1].abs() < 1e-6,
                "{place:?}"
            );
        }
    }

    #[test]
    fn one_column_has_one_axis() {
        let plane = principal_plane(&normal(4, 1));
        assert_eq!(plane.explained, [1.0, 0.0]);
        assert!(plane.places.iter().all(|place| place[1] == 0.0));
        assert_eq!(principal_plane(&(normal(4, 3) * 0.0)).explained, [0.0, 0.0]);
    }
}
