//! The transforms of F(4x4, 3x3) (Lavin & Gray 2016, section 4.1.2) and their adjoints.
//!
//! A tile of 4x4 outputs is Y = A' [ (G g G') . (B' d B) ] A for a 6x6 tile d of inputs and a 3x3
//! filter g, with . the product element by element. What the gradients need are the same maps
//! turned round: dM = A dY A', d(d) = B dV B', dg = G' dU G.
//!
//! All act on lanes, which are eight channels at a time.

/// Positions along a side of a transformed tile.
pub(super) const SIDE: usize = 6;
/// Positions of a transformed tile.
pub(super) const POINTS: usize = SIDE * SIDE;

/// Channels that are transformed together.
pub(super) const LANE: usize = 8;
/// Eight channels of one position.
pub(super) type Lane = [f32; LANE];

#[inline(always)]
pub(super) fn add(a: Lane, b: Lane) -> Lane {
    add_scaled(a, 1.0, b)
}

#[inline(always)]
fn sub(a: Lane, b: Lane) -> Lane {
    add_scaled(a, -1.0, b)
}

/// a + factor b.
#[inline(always)]
fn add_scaled(mut a: Lane, factor: f32, b: Lane) -> Lane {
    for (a, b) in a.iter_mut().zip(b) {
        *a = b.mul_add(factor, *a);
    }
    a
}

#[inline(always)]
fn scale(factor: f32, mut a: Lane) -> Lane {
    for a in &mut a {
        *a *= factor;
    }
    a
}

/// A linear map of N positions to M, for each channel alike.
pub(super) trait Transform<const N: usize, const M: usize> {
    fn apply(positions: [Lane; N]) -> [Lane; M];
}

/// B' d: six inputs to the six points.
pub(super) struct Input;

impl Transform<6, 6> for Input {
    #[inline(always)]
    fn apply([d0, d1, d2, d3, d4, d5]: [Lane; 6]) -> [Lane; 6] {
        let (even, odd) = (add_scaled(d4, -4.0, d2), add_scaled(d3, -4.0, d1));
        let (even2, odd2) = (sub(d4, d2), sub(d3, d1));
        [
            add_scaled(add_scaled(d4, -5.0, d2), 4.0, d0),
            add(even, odd),
            sub(even, odd),
            add_scaled(even2, 2.0, odd2),
            add_scaled(even2, -2.0, odd2),
            add_scaled(add_scaled(d5, -5.0, d3), 4.0, d1),
        ]
    }
}

/// B v, the adjoint of [`Input`].
pub(super) struct InputAdjoint;

impl Transform<6, 6> for InputAdjoint {
    #[inline(always)]
    fn apply([v0, v1, v2, v3, v4, v5]: [Lane; 6]) -> [Lane; 6] {
        let (sum, difference) = (add(v1, v2), sub(v2, v1));
        let (sum2, difference2) = (add(v3, v4), sub(v4, v3));
        let odd = add_scaled(difference, 2.0, difference2);
        [
            scale(4.0, v0),
            scale(2.0, add_scaled(difference2, 2.0, add(difference, v5))),
            add_scaled(add_scaled(scale(-1.0, sum2), -4.0, sum), -5.0, v0),
            add_scaled(scale(-1.0, odd), -5.0, v5),
            add(v0, add(sum, sum2)),
            v5,
        ]
    }
}

/// A' m: six points to four outputs.
pub(super) struct Output;

impl Transform<6, 4> for Output {
    #[inline(always)]
    fn apply([m0, m1, m2, m3, m4, m5]: [Lane; 6]) -> [Lane; 4] {
        let (sum, difference) = (add(m1, m2), sub(m1, m2));
        let (sum2, difference2) = (add(m3, m4), sub(m3, m4));
        [
            add(m0, add(sum, sum2)),
            add_scaled(difference, 2.0, difference2),
            add_scaled(sum, 4.0, sum2),
            add_scaled(add(difference, m5), 8.0, difference2),
        ]
    }
}

/// A y, the adjoint of [`Output`].
pub(super) struct OutputAdjoint;

impl Transform<4, 6> for OutputAdjoint {
    #[inline(always)]
    fn apply([y0, y1, y2, y3]: [Lane; 4]) -> [Lane; 6] {
        let (even, odd) = (add(y0, y2), add(y1, y3));
        let even2 = add_scaled(y0, 4.0, y2);
        let odd2 = add_scaled(y1, 4.0, y3);
        [
            y0,
            add(even, odd),
            sub(even, odd),
            add_scaled(even2, 2.0, odd2),
            add_scaled(even2, -2.0, odd2),
            y3,
        ]
    }
}

/// The first half of the transform of a square: along its columns, which begin in `values` and have
/// steps of `row` and `column` between their elements. The second half is along the rows of what it
/// returns.
#[inline(always)]
pub(super) fn along_columns<T: Transform<N, M>, const N: usize, const M: usize>(
    values: &[f32],
    row: usize,
    column: usize,
) -> [[Lane; N]; M] {
    let mut half = [[[0.0; LANE]; N]; M];
    for x in 0..N {
        let mut positions = [[0.0; LANE]; N];
        for (y, position) in positions.iter_mut().enumerate() {
            *position = lane(values, y * row + x * column);
        }
        for (row, value) in half.iter_mut().zip(T::apply(positions)) {
            row[x] = value;
        }
    }
    half
}

#[inline(always)]
pub(super) fn lane(values: &[f32], at: usize) -> Lane {
    *values[at..].first_chunk().expect("a lane lies within the map")
}

#[inline(always)]
pub(super) fn lane_mut(values: &mut [f32], at: usize) -> &mut Lane {
    values[at..].first_chunk_mut().expect("a lane lies within the map")
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
