//! The transforms of F(4x4, 3x3) (Lavin & Gray 2016, section 4.1.2) and their adjoints.
//!
//! A tile of 4x4 outputs is Y = A' [ (G g G') . (B' d B) ] A for a 6x6 tile d of inputs and a 3x3
//! filter g, with . the product element by element. What the gradients need are the same maps
//! turned round: dM = A dY A', d(d) = B dV B', dg = G' dU G.
//!
//! All act on vectors: on some channels of a position at a time.

use super::tile::Tile;
use super::vector::Vector;

/// Positions along a side of a transformed tile.
pub(super) const SIDE: usize = 6;
/// Positions of a transformed tile.
pub(super) const POINTS: usize = SIDE * SIDE;

/// A linear map of N positions to M, for each channel alike.
pub(super) trait Transform<const N: usize, const M: usize> {
    fn apply<V: Vector>(positions: [V; N]) -> [V; M];
}

/// B' d: six inputs to the six points.
pub(super) struct Input;

impl Transform<6, 6> for Input {
    #[inline(always)]
    fn apply<V: Vector>([d0, d1, d2, d3, d4, d5]: [V; 6]) -> [V; 6] {
        let (even, odd) = (d4.add_scaled(-4.0, d2), d3.add_scaled(-4.0, d1));
        let (even2, odd2) = (d4.sub(d2), d3.sub(d1));
        [
            d4.add_scaled(-5.0, d2).add_scaled(4.0, d0),
            even.add(odd),
            even.sub(odd),
            even2.add_scaled(2.0, odd2),
            even2.add_scaled(-2.0, odd2),
            d5.add_scaled(-5.0, d3).add_scaled(4.0, d1),
        ]
    }
}

/// B v, the adjoint of [`Input`].
pub(super) struct InputAdjoint;

impl Transform<6, 6> for InputAdjoint {
    #[inline(always)]
    fn apply<V: Vector>([v0, v1, v2, v3, v4, v5]: [V; 6]) -> [V; 6] {
        let (sum, difference) = (v1.add(v2), v2.sub(v1));
        let (sum2, difference2) = (v3.add(v4), v4.sub(v3));
        let odd = difference.add_scaled(2.0, difference2);
        [
            v0.scale(4.0),
            difference2.add_scaled(2.0, difference.add(v5)).scale(2.0),
            sum2.scale(-1.0).add_scaled(-4.0, sum).add_scaled(-5.0, v0),
            odd.scale(-1.0).add_scaled(-5.0, v5),
            v0.add(sum.add(sum2)),
            v5,
        ]
    }
}

/// A' m: six points to four outputs.
pub(super) struct Output;

impl Transform<6, 4> for Output {
    #[inline(always)]
    fn apply<V: Vector>([m0, m1, m2, m3, m4, m5]: [V; 6]) -> [V; 4] {
        let (sum, difference) = (m1.add(m2), m1.sub(m2));
        let (sum2, difference2) = (m3.add(m4), m3.sub(m4));
        [
            m0.add(sum.add(sum2)),
            difference.add_scaled(2.0, difference2),
            sum.add_scaled(4.0, sum2),
            difference.add(m5).add_scaled(8.0, difference2),
        ]
    }
}

/// A y, the adjoint of [`Output`].
pub(super) struct OutputAdjoint;

impl Transform<4, 6> for OutputAdjoint {
    #[inline(always)]
    fn apply<V: Vector>([y0, y1, y2, y3]: [V; 4]) -> [V; 6] {
        let (even, odd) = (y0.add(y2), y1.add(y3));
        let even2 = y0.add_scaled(4.0, y2);
        let odd2 = y1.add_scaled(4.0, y3);
        [
            y0,
            even.add(odd),
            even.sub(odd),
            even2.add_scaled(2.0, odd2),
            even2.add_scaled(-2.0, odd2),
            y3,
        ]
    }
}

/// A transform of a square along its columns and its rows, which hands each value on with its place.
#[inline(always)]
pub(super) fn square<T: Transform<N, M>, V: Vector, const N: usize, const M: usize>(
    tile: Tile<'_, V, N>,
    mut to: impl FnMut(usize, usize, V),
) {
    let mut half = [[V::zero(); M]; N];
    for (x, column) in half.iter_mut().enumerate() {
        let mut positions = [V::zero(); N];
        for (y, position) in positions.iter_mut().enumerate() {
            *position = tile.load(y, x);
        }
        *column = T::apply(positions);
    }
    for y in 0..M {
        let mut positions = [V::zero(); N];
        for (position, column) in positions.iter_mut().zip(&half) {
            *position = column[y];
        }
        let row = T::apply(positions);
        for (x, value) in row.iter().enumerate() {
            to(y, x, *value);
        }
    }
}

/// G, whose rows are the six points.
pub(super) const FILTER: [[f64; 3]; 6] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];
