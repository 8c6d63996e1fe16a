//! The matrix product that all passes are made of.
//!
//! It is written so that the compiler keeps a block of sums in vector registers and finds no check
//! of bounds between them. A block is of some rows and two vectors of columns: so many rows that the
//! sums fill 12 of 16 registers or, of long vectors, 16 of 32.

use super::FILTERS;
use super::vector::Vector;

/// The left matrix of a product. Each row begins `step` numbers after the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub values: &'a [f32],
    pub step: usize,
}

/// The left matrix of a product, given by its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<'a> {
    pub values: &'a [f32],
    pub step: usize,
}

/// c = a b, with b and c of `FILTERS` columns, row by row.
#[inline(always)]
pub(super) fn product<V: Vector>(a: Rows<'_>, b: &[f32], c: &mut [f32]) {
    multiply::<V, false>(a, b, c);
}

/// c += a b.
#[inline(always)]
pub(super) fn add_product<V: Vector>(a: impl Left, b: &[f32], c: &mut [f32]) {
    multiply::<V, true>(a, b, c);
}

#[inline(always)]
fn multiply<V: Vector, const ADD: bool>(a: impl Left, b: &[f32], c: &mut [f32]) {
    let b = b.as_chunks::<FILTERS>().0;
    if V::LEN == 8 { in_blocks::<V, ADD, 6>(a, b, c) } else { in_blocks::<V, ADD, 8>(a, b, c) }
}

#[inline(always)]
fn in_blocks<V: Vector, const ADD: bool, const ROWS: usize>(
    a: impl Left,
    b: &[[f32; FILTERS]],
    c: &mut [f32],
) {
    let mut blocks = c.chunks_exact_mut(ROWS * FILTERS);
    let mut row = 0;
    for block in &mut blocks {
        a.rows::<V, ADD, ROWS>(row, b, block);
        row += ROWS;
    }
    let rest = blocks.into_remainder();
    match rest.len() / FILTERS {
        1 => a.rows::<V, ADD, 1>(row, b, rest),
        2 => a.rows::<V, ADD, 2>(row, b, rest),
        3 => a.rows::<V, ADD, 3>(row, b, rest),
        4 => a.rows::<V, ADD, 4>(row, b, rest),
        5 => a.rows::<V, ADD, 5>(row, b, rest),
        6 => a.rows::<V, ADD, 6>(row, b, rest),
        7 => a.rows::<V, ADD, 7>(row, b, rest),
        _ => {}
    }
}

/// The left matrix of a product.
pub(super) trait Left: Copy {
    /// R rows of the product, from `first` on, one group of columns after the other.
    fn rows<V: Vector, const ADD: bool, const R: usize>(
        self,
        first: usize,
        b: &[[f32; FILTERS]],
        c: &mut [f32],
    );
}

impl Left for Rows<'_> {
    #[inline(always)]
    fn rows<V: Vector, const ADD: bool, const R: usize>(
        self,
        first: usize,
        b: &[[f32; FILTERS]],
        c: &mut [f32],
    ) {
        let mut rows: [&[f32]; R] = [&[]; R];
        for (row, values) in (first..).zip(&mut rows) {
            *values = &self.values[row * self.step..][..b.len()];
        }
        for column in (0..FILTERS).step_by(2 * V::LEN) {
            let mut sums = load::<V, ADD, R>(c, column);
            for (inner, b) in b.iter().enumerate() {
                let mut factors = [0.0; R];
                for (factor, row) in factors.iter_mut().zip(&rows) {
                    *factor = row[inner];
                }
                add_outer(factors, pair(b, column), &mut sums);
            }
            store(&sums, c, column);
        }
    }
}

impl Left for Columns<'_> {
    #[inline(always)]
    fn rows<V: Vector, const ADD: bool, const R: usize>(
        self,
        first: usize,
        b: &[[f32; FILTERS]],
        c: &mut [f32],
    ) {
        for column in (0..FILTERS).step_by(2 * V::LEN) {
            let mut sums = load::<V, ADD, R>(c, column);
            for (inner, b) in b.iter().enumerate() {
                let factors = self.values[inner * self.step + first..].first_chunk();
                add_outer(*factors.expect("the column is long enough"), pair(b, column), &mut sums);
            }
            store(&sums, c, column);
        }
    }
}

#[inline(always)]
fn load<V: Vector, const ADD: bool, const R: usize>(c: &[f32], column: usize) -> [[V; 2]; R] {
    let mut sums = [[V::zero(); 2]; R];
    if ADD {
        for (sums, c) in sums.iter_mut().zip(c.chunks_exact(FILTERS)) {
            *sums = pair(c, column);
        }
    }
    sums
}

#[inline(always)]
fn store<V: Vector, const R: usize>(sums: &[[V; 2]; R], c: &mut [f32], column: usize) {
    for (sums, c) in sums.iter().zip(c.chunks_exact_mut(FILTERS)) {
        sums[0].store(&mut c[column..]);
        sums[1].store(&mut c[column + V::LEN..]);
    }
}

#[inline(always)]
fn pair<V: Vector>(row: &[f32], column: usize) -> [V; 2] {
    [V::load(&row[column..]), V::load(&row[column + V::LEN..])]
}

/// sums += factors b'.
#[inline(always)]
fn add_outer<V: Vector, const R: usize>(factors: [f32; R], b: [V; 2], sums: &mut [[V; 2]; R]) {
    for (factor, sums) in factors.into_iter().zip(sums) {
        *sums = [sums[0].add_scaled(factor, b[0]), sums[1].add_scaled(factor, b[1])];
    }
}
