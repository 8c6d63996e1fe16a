//! The matrix product that all passes are made of.

use super::FILTERS;

/// Rows of a product that are computed together: their sums fill the vector registers.
const ROWS: usize = 3;

/// A matrix that is read by row and column steps, so that a transposed one needs no copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strided<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub column: usize,
}

/// c += a b, with b of `FILTERS` columns, row by row, and c likewise.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
pub(super) fn add_product(a: Strided<'_>, b: &[f32], c: &mut [f32]) {
    let mut blocks = c.chunks_exact_mut(ROWS * FILTERS);
    let mut row = 0;
    for block in &mut blocks {
        add_rows::<ROWS>(a, row, b, block);
        row += ROWS;
    }
    let rest = blocks.into_remainder();
    match rest.len() / FILTERS {
        1 => add_rows::<1>(a, row, b, rest),
        2 => add_rows::<2>(a, row, b, rest),
        _ => {}
    }
}

/// Rows of the product from `first` on. The sums stay in registers over the whole inner dimension.
#[inline(always)]
fn add_rows<const R: usize>(a: Strided<'_>, first: usize, b: &[f32], c: &mut [f32]) {
    let mut sums = [[0.0; FILTERS]; R];
    for (sums, c) in sums.iter_mut().zip(c.chunks_exact(FILTERS)) {
        sums.copy_from_slice(c);
    }
    let a_rows: [&[f32]; R] = std::array::from_fn(|row| &a.values[(first + row) * a.row..]);
    for (inner, b) in b.as_chunks::<FILTERS>().0.iter().enumerate() {
        for (sums, a_row) in sums.iter_mut().zip(a_rows) {
            let factor = a_row[inner * a.column];
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum = factor.mul_add(b, *sum);
            }
        }
    }
    for (sums, c) in sums.iter().zip(c.chunks_exact_mut(FILTERS)) {
        c.copy_from_slice(sums);
    }
}
