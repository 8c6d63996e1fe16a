//! The matrix product that all passes are made of.
//!
//! It is written so that the compiler keeps a block of sums in vector registers and finds no check
//! of bounds between them.

use super::FILTERS;

/// Rows and columns of a product that are computed together: their sums fill twelve of the sixteen
/// vector registers that the smallest of the processors in question have.
const ROWS: usize = 6;
const COLUMNS: usize = 16;

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
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
pub(super) fn product(a: Rows<'_>, b: &[f32], c: &mut [f32]) {
    multiply::<false>(a, b, c);
}

/// c += a b.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
pub(super) fn add_product(a: impl Left, b: &[f32], c: &mut [f32]) {
    multiply::<true>(a, b, c);
}

#[inline(always)]
fn multiply<const ADD: bool>(a: impl Left, b: &[f32], c: &mut [f32]) {
    let b = b.as_chunks::<FILTERS>().0;
    let mut blocks = c.chunks_exact_mut(ROWS * FILTERS);
    let mut row = 0;
    for block in &mut blocks {
        a.rows::<ROWS, ADD>(row, b, block);
        row += ROWS;
    }
    let rest = blocks.into_remainder();
    match rest.len() / FILTERS {
        1 => a.rows::<1, ADD>(row, b, rest),
        2 => a.rows::<2, ADD>(row, b, rest),
        3 => a.rows::<3, ADD>(row, b, rest),
        4 => a.rows::<4, ADD>(row, b, rest),
        5 => a.rows::<5, ADD>(row, b, rest),
        _ => {}
    }
}

/// The left matrix of a product.
pub(super) trait Left: Copy {
    /// R rows of the product, from `first` on, one group of columns after the other.
    fn rows<const R: usize, const ADD: bool>(
        self,
        first: usize,
        b: &[[f32; FILTERS]],
        c: &mut [f32],
    );
}

impl Left for Rows<'_> {
    #[inline(always)]
    fn rows<const R: usize, const ADD: bool>(
        self,
        first: usize,
        b: &[[f32; FILTERS]],
        c: &mut [f32],
    ) {
        let mut rows: [&[f32]; R] = [&[]; R];
        for (row, values) in (first..).zip(&mut rows) {
            *values = &self.values[row * self.step..][..b.len()];
        }
        for column in (0..FILTERS).step_by(COLUMNS) {
            let mut sums = load::<R, ADD>(c, column);
            for (inner, b) in b.iter().enumerate() {
                let mut factors = [0.0; R];
                for (factor, row) in factors.iter_mut().zip(&rows) {
                    *factor = row[inner];
                }
                add_outer(factors, &b[column..], &mut sums);
            }
            store(&sums, c, column);
        }
    }
}

impl Left for Columns<'_> {
    #[inline(always)]
    fn rows<const R: usize, const ADD: bool>(
        self,
        first: usize,
        b: &[[f32; FILTERS]],
        c: &mut [f32],
    ) {
        for column in (0..FILTERS).step_by(COLUMNS) {
            let mut sums = load::<R, ADD>(c, column);
            for (inner, b) in b.iter().enumerate() {
                let factors = self.values[inner * self.step + first..].first_chunk();
                add_outer(*factors.expect("the column is long enough"), &b[column..], &mut sums);
            }
            store(&sums, c, column);
        }
    }
}

#[inline(always)]
fn load<const R: usize, const ADD: bool>(c: &[f32], column: usize) -> [[f32; COLUMNS]; R] {
    let mut sums = [[0.0; COLUMNS]; R];
    if ADD {
        for (sums, c) in sums.iter_mut().zip(c.chunks_exact(FILTERS)) {
            sums.copy_from_slice(&c[column..column + COLUMNS]);
        }
    }
    sums
}

#[inline(always)]
fn store<const R: usize>(sums: &[[f32; COLUMNS]; R], c: &mut [f32], column: usize) {
    for (sums, c) in sums.iter().zip(c.chunks_exact_mut(FILTERS)) {
        c[column..column + COLUMNS].copy_from_slice(sums);
    }
}

/// sums += factors b'.
#[inline(always)]
fn add_outer<const R: usize>(factors: [f32; R], b: &[f32], sums: &mut [[f32; COLUMNS]; R]) {
    let b: &[f32; COLUMNS] = b.first_chunk().expect("columns divide FILTERS");
    for row in 0..R {
        for i in 0..COLUMNS {
            sums[row][i] = factors[row].mul_add(b[i], sums[row][i]);
        }
    }
}
