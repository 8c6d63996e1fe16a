//! The ground that the quadruped escapes from.

use std::f64::consts::PI;

use rand::Rng;

use crate::dmc::randomize::uniform;

/// Bumps take no less of the bowl's height; at 1 there would be none.
const SMOOTHNESS: f64 = 0.15;
/// The bowl is flat within this part of its radius.
const FLAT: f64 = 0.04;

/// The elevations of a bowl, `side` x `side` numbers row by row, as parts of its height: 0 in the
/// middle, greatest at half of its radius and 0 again from its rim on. Random bumps take some of
/// it: smooth surfaces through `n_bumps` x `n_bumps` random factors.
pub(super) fn bumpy_bowl(side: usize, n_bumps: usize, rng: &mut dyn Rng) -> Vec<f64> {
    let factors: Vec<f64> = (0..n_bumps * n_bumps).map(|_| uniform(rng, SMOOTHNESS, 1.0)).collect();
    let bumps = stretch_rows(&stretch_rows(&factors, n_bumps, side), n_bumps, side);
    let from_middle = |at: usize| -1.0 + 2.0 * at as f64 / (side - 1) as f64;
    let bump = |(at, bump): (usize, f64)| {
        let radius = from_middle(at / side).hypot(from_middle(at % side)).clamp(FLAT, 1.0);
        bump * (0.5 - (2.0 * PI * radius).cos() / 2.0)
    };
    bumps.into_iter().enumerate().map(bump).collect()
}

/// Draws a spline through each row of a grid, takes `count` numbers of it, and exchanges rows and
/// columns.
fn stretch_rows(grid: &[f64], row: usize, count: usize) -> Vec<f64> {
    let rows: Vec<Vec<f64>> = grid.chunks_exact(row).map(|row| spline(row, count)).collect();
    (0..count).flat_map(|at| rows.iter().map(move |row| row[at])).collect()
}

/// A cubic spline through `values`, which goes on beyond both ends as in a mirror, at `count` evenly
/// spaced places from the first to the last: what `scipy.ndimage.zoom` computes.
fn spline(values: &[f64], count: usize) -> Vec<f64> {
    let weights = spline_weights(values);
    let last = values.len() - 1;
    // Of the pieces around a place, those beyond the ends are the mirror's.
    let weight = |piece: isize| {
        let piece = piece.unsigned_abs();
        weights[if piece > last { 2 * last - piece } else { piece }]
    };
    let at = |place: usize| {
        let x = (place * last) as f64 / (count - 1) as f64;
        let left = x.min((last - 1) as f64).floor();
        let (t, piece) = (x - left, left as isize);
        let s = 1.0 - t;
        let outer = s.powi(3) * weight(piece - 1) + t.powi(3) * weight(piece + 2);
        let inner = (4.0 - 3.0 * t * t * (2.0 - t)) * weight(piece)
            + (4.0 - 3.0 * s * s * (2.0 - s)) * weight(piece + 1);
        (outer + inner) / 6.0
    };
    (0..count).map(at).collect()
}

/// The weights of the basis splines that make up the one through `values`. At each value three of
/// them meet, with 1/6, 4/6 and 1/6 of their weights; at an end the neighbour counts twice.
fn spline_weights(values: &[f64]) -> Vec<f64> {
    let last = values.len() - 1;
    // Gaussian elimination, from the first to the last and back.
    let (mut weights, mut right) = (Vec::<f64>::new(), Vec::<f64>::new());
    for (at, value) in values.iter().enumerate() {
        let (before, after) = (if at == last { 2.0 } else { 1.0 }, if at == 0 { 2.0 } else { 1.0 });
        let (weight, next) = match at {
            0 => (0.0, 0.0),
            _ => (before * weights[at - 1], before * right[at - 1]),
        };
        weights.push((6.0 * value - weight) / (4.0 - next));
        right.push(after / (4.0 - next));
    }
    for at in (0..last).rev() {
        weights[at] -= right[at] * weights[at + 1];
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    // SciPy 1.17's `ndimage.zoom(values, 11 / 6)`.
    #[test]
    fn splines_agree_with_scipy() {
        let got = spline(&[0.2, 0.9, 0.4, 0.7, 0.15, 1.0], 11);
        let between = [
            0.5268540669856461,
            0.6907296650717705,
            0.5602272727272728,
            0.36211124401913874,
            0.6100777511961722,
        ];
        let expected = [
            [0.2, between[0], 0.9, between[1], 0.4],
            [between[2], 0.7, between[3], 0.15, between[4]],
        ];
        let expected = expected.into_iter().flatten().chain([1.0]);
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{got}, not {expected}");
        }
    }

    #[test]
    fn a_bowl_rises_from_its_middle_and_falls_to_its_rim() {
        let (side, rng) = (201, &mut ChaCha8Rng::seed_from_u64(0));
        let bowl = bumpy_bowl(side, 30, rng);
        let at = |row: usize, column: usize| bowl[row * side + column];
        let ends = [at(0, 0), at(0, 100), at(100, 200), at(200, 17)];
        assert!(ends.iter().all(|height| height.abs() < 1e-12), "{ends:?}");
        let flat = 0.5 - (2.0 * PI * FLAT).cos() / 2.0;
        assert!((0.1 * flat..1.1 * flat).contains(&at(100, 100)));
        let crest: Vec<f64> = (0..360)
            .map(|degree| {
                let (y, x) = f64::from(degree).to_radians().sin_cos();
                at((100.0 + 50.0 * y).round() as usize, (100.0 + 50.0 * x).round() as usize)
            })
            .collect();
        let mean = crest.iter().sum::<f64>() / 360.0;
        assert!((mean - 0.575).abs() < 0.1, "{mean}");
        assert!(crest.iter().all(|height| (-0.1..1.25).contains(height)), "{crest:?}");
    }
}
