//! A tile in memory: N x N vectors, at one distance from row to row and at another from column to
//! column. Its bounds are checked once and not at every vector.

use std::marker::PhantomData;

use super::vector::Vector;

/// A tile to read.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a, V, const N: usize> {
    values: &'a [f32],
    row: usize,
    column: usize,
    vectors: PhantomData<V>,
}

impl<'a, V: Vector, const N: usize> Tile<'a, V, N> {
    /// The tile that begins with `values`.
    #[inline(always)]
    pub fn new(values: &'a [f32], row: usize, column: usize) -> Self {
        assert!((N - 1) * (row + column) + V::LEN <= values.len(), "the tile lies in the slice");
        Self { values, row, column, vectors: PhantomData }
    }

    #[inline(always)]
    pub fn load(&self, y: usize, x: usize) -> V {
        assert!(y < N && x < N, "{y}, {x} lies in the tile");
        let at = y * self.row + x * self.column;
        // SAFETY: `new` has checked that the tile's last vector ends within the slice.
        V::load(unsafe { self.values.get_unchecked(at..at + V::LEN) })
    }
}

/// A tile to write.
pub(super) struct TileMut<'a, V, const N: usize> {
    values: &'a mut [f32],
    row: usize,
    column: usize,
    vectors: PhantomData<V>,
}

impl<'a, V: Vector, const N: usize> TileMut<'a, V, N> {
    /// The tile that begins with `values`.
    #[inline(always)]
    pub fn new(values: &'a mut [f32], row: usize, column: usize) -> Self {
        assert!((N - 1) * (row + column) + V::LEN <= values.len(), "the tile lies in the slice");
        Self { values, row, column, vectors: PhantomData }
    }

    #[inline(always)]
    pub fn store(&mut self, y: usize, x: usize, value: V) {
        value.store(self.at(y, x));
    }

    #[inline(always)]
    pub fn add(&mut self, y: usize, x: usize, value: V) {
        let to = self.at(y, x);
        V::load(to).add(value).store(to);
    }

    #[inline(always)]
    fn at(&mut self, y: usize, x: usize) -> &mut [f32] {
        assert!(y < N && x < N, "{y}, {x} lies in the tile");
        let at = y * self.row + x * self.column;
        // SAFETY: `new` has checked that the tile's last vector ends within the slice.
        unsafe { self.values.get_unchecked_mut(at..at + V::LEN) }
    }
}
