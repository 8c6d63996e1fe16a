//! One image through one layer, forward and back.
//!
//! What lies in a square beyond its map's edge is finite and never counts: no valid output depends
//! on it, and the gradients there are zero.

use super::FILTERS;
use super::filters::{Filters, First};
use super::geometry::{Image, Map, Tiles};
use super::product::{Columns, Rows, add_product, product};
use super::tile::{Tile, TileMut};
use super::transform::{Input, InputAdjoint, Output, OutputAdjoint, POINTS, SIDE, square};
use super::vector::Vector;

/// Tiles, at most, that are transformed before their products are computed: enough to make the
/// products worth while, and few enough for the second-level cache.
const BLOCK: usize = 24;
/// Numbers from one point's matrix, tiles x channels, to the next one's. They are a cache line apart:
/// 36 points of a tile would otherwise fall into four sets of the first-level cache.
const MATRIX: usize = BLOCK * FILTERS + 16;

/// Blocks of tiles at the points: points x tiles x channels.
#[derive(Debug)]
pub(super) struct Scratch {
    inputs: Vec<f32>,
    outputs: Vec<f32>,
    input_gradients: Vec<f32>,
}

impl Scratch {
    pub fn new() -> Self {
        let zeros = || vec![0.0; POINTS * MATRIX];
        Self { inputs: zeros(), outputs: zeros(), input_gradients: zeros() }
    }
}

/// A block of tiles: the first one and how many.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    count: usize,
}

impl Block {
    /// All tiles, `count` in a block.
    fn all(tiles: Tiles, count: usize) -> impl Iterator<Item = Self> {
        let all = tiles.across * tiles.across;
        (0..all).step_by(count).map(move |first| Self { first, count: count.min(all - first) })
    }

    /// Where its tiles begin in a square, and in a point's matrix, for each vector of channels.
    #[inline(always)]
    fn vectors<V: Vector>(
        self,
        across: usize,
        side: usize,
    ) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).flat_map(move |index| {
            let tile = self.first + index;
            let corner = (tile / across * side + tile % across) * 4 * FILTERS;
            (0..FILTERS)
                .step_by(V::LEN)
                .map(move |channel| (corner + channel, index * FILTERS + channel))
        })
    }
}

#[inline(always)]
fn transform_inputs<V: Vector>(block: Block, tiles: Tiles, map: &[f32], inputs: &mut [f32]) {
    for (corner, at) in block.vectors::<V>(tiles.across, tiles.from) {
        let from = Tile::new(&map[corner..], tiles.from * FILTERS, FILTERS);
        let mut to = TileMut::<V, SIDE>::new(&mut inputs[at..], SIDE * MATRIX, MATRIX);
        square::<Input, V, 6, 6>(from, |y, x, value| to.store(y, x, value));
    }
}

/// A 3x3 convolution with ReLU, from the square of one map to that of the next.
#[inline(always)]
pub(super) fn forward<V: Vector>(
    filters: &Filters,
    tiles: Tiles,
    from: &[f32],
    to: &mut [f32],
    scratch: &mut Scratch,
) {
    // Of long vectors eight tiles fill the registers, and stay in the first-level cache.
    let count = if V::LEN == 8 { BLOCK } else { 8 };
    for block in Block::all(tiles, count) {
        transform_inputs::<V>(block, tiles, from, &mut scratch.inputs);
        for point in 0..POINTS {
            let values = &scratch.inputs[point * MATRIX..];
            let inputs = Rows { values, step: FILTERS };
            let outputs = &mut scratch.outputs[point * MATRIX..][..block.count * FILTERS];
            product::<V>(inputs, filters.forward(point), outputs);
        }
        for (corner, at) in block.vectors::<V>(tiles.across, tiles.to) {
            let bias = V::load(&filters.bias[at % FILTERS..]);
            let from = Tile::new(&scratch.outputs[at..], SIDE * MATRIX, MATRIX);
            let mut to = TileMut::<V, 4>::new(&mut to[corner..], tiles.to * FILTERS, FILTERS);
            square::<Output, V, 6, 4>(from, |y, x, value| to.store(y, x, value.add(bias).relu()));
        }
    }
}

/// Gradients of one loss at one layer.
#[derive(Debug)]
pub(super) struct LayerGradients<'a> {
    /// At the layer's output, before its ReLU.
    pub output: &'a [f32],
    /// At its input, to be added to.
    pub input: &'a mut [f32],
    /// Of its filters, at the points, to be added to.
    pub filters: &'a mut [f32],
}

/// The way back through a 3x3 convolution, for several losses that share its input.
#[inline(always)]
pub(super) fn backward<V: Vector>(
    filters: &Filters,
    tiles: Tiles,
    from: &[f32],
    losses: &mut [LayerGradients<'_>],
    scratch: &mut Scratch,
) {
    for block in Block::all(tiles, BLOCK) {
        transform_inputs::<V>(block, tiles, from, &mut scratch.inputs);
        for loss in &mut *losses {
            transform_output_gradients::<V>(block, tiles, loss.output, &mut scratch.outputs);
            multiply_gradients::<V>(block, filters, loss.filters, scratch);
            add_input_gradients::<V>(block, tiles, &scratch.input_gradients, loss.input);
        }
    }
}

#[inline(always)]
fn transform_output_gradients<V: Vector>(
    block: Block,
    tiles: Tiles,
    map: &[f32],
    outputs: &mut [f32],
) {
    for (corner, at) in block.vectors::<V>(tiles.across, tiles.to) {
        let from = Tile::new(&map[corner..], tiles.to * FILTERS, FILTERS);
        let mut to = TileMut::<V, SIDE>::new(&mut outputs[at..], SIDE * MATRIX, MATRIX);
        square::<OutputAdjoint, V, 4, 6>(from, |y, x, value| to.store(y, x, value));
    }
}

/// At each point: dU += V' dM and dV = dM U'.
#[inline(always)]
fn multiply_gradients<V: Vector>(
    block: Block,
    filters: &Filters,
    filter_gradients: &mut [f32],
    scratch: &mut Scratch,
) {
    for (point, gradient) in filter_gradients.chunks_exact_mut(FILTERS * FILTERS).enumerate() {
        let inputs = &scratch.inputs[point * MATRIX..];
        let outputs = &scratch.outputs[point * MATRIX..][..block.count * FILTERS];
        add_product::<V>(Columns { values: inputs, step: FILTERS }, outputs, gradient);
        let to = &mut scratch.input_gradients[point * MATRIX..][..block.count * FILTERS];
        let outputs = Rows { values: outputs, step: FILTERS };
        product::<V>(outputs, filters.backward(point), to);
    }
}

#[inline(always)]
fn add_input_gradients<V: Vector>(block: Block, tiles: Tiles, at_points: &[f32], map: &mut [f32]) {
    for (corner, at) in block.vectors::<V>(tiles.across, tiles.from) {
        let from = Tile::new(&at_points[at..], SIDE * MATRIX, MATRIX);
        let mut to = TileMut::<V, SIDE>::new(&mut map[corner..], tiles.from * FILTERS, FILTERS);
        square::<InputAdjoint, V, 6, 6>(from, |y, x, value| to.add(y, x, value));
    }
}

/// The first convolution, 3x3 with stride 2, with ReLU. Three rows of a patch are a product each,
/// since the image is channels last.
#[inline(always)]
pub(super) fn first_forward<V: Vector>(
    first: &First,
    image: Image,
    pixels: &[f32],
    map: Map,
    to: &mut [f32],
) {
    let patch_row = 3 * image.channels;
    for (y, to) in to.chunks_exact_mut(map.side * FILTERS).take(map.size).enumerate() {
        let to = &mut to[..map.size * FILTERS];
        for position in to.chunks_exact_mut(FILTERS) {
            position.copy_from_slice(&first.bias);
        }
        for (row, weight) in first.weight.chunks_exact(patch_row * FILTERS).enumerate() {
            let values = &pixels[(2 * y + row) * image.size * image.channels..];
            add_product::<V>(Rows { values, step: 2 * image.channels }, weight, to);
        }
        for values in to.chunks_exact_mut(V::LEN) {
            V::load(values).relu().store(values);
        }
    }
}

/// Adds the gradient of the first convolution's weight, in the order of patches.
#[inline(always)]
pub(super) fn first_backward<V: Vector>(
    image: Image,
    pixels: &[f32],
    map: Map,
    output: &[f32],
    weight: &mut [f32],
) {
    let patch_row = 3 * image.channels;
    for (y, output) in output.chunks_exact(map.side * FILTERS).take(map.size).enumerate() {
        let output = &output[..map.size * FILTERS];
        for (row, weight) in weight.chunks_exact_mut(patch_row * FILTERS).enumerate() {
            let values = &pixels[(2 * y + row) * image.size * image.channels..];
            add_product::<V>(Columns { values, step: 2 * image.channels }, output, weight);
        }
    }
}

/// Zeroes what no tile of a map's own layer writes.
pub(super) fn clear_unwritten(map: Map, to: &mut [f32]) {
    let (inside, below) = to.split_at_mut(map.written * map.side * FILTERS);
    below.fill(0.0);
    for row in inside.chunks_exact_mut(map.side * FILTERS) {
        row[map.written * FILTERS..].fill(0.0);
    }
}

/// Turns the gradient at a map into that before its ReLU, zero beyond the map's edge, and adds its
/// sum to that of the bias.
#[inline(always)]
pub(super) fn through_relu(map: Map, values: &[f32], gradient: &mut [f32], bias: &mut [f32]) {
    let row_len = map.side * FILTERS;
    let mut sums = [0.0; FILTERS];
    let (inside, below) = gradient.split_at_mut(map.size * row_len);
    below.fill(0.0);
    for (values, gradient) in values.chunks_exact(row_len).zip(inside.chunks_exact_mut(row_len)) {
        let (gradient, beyond) = gradient.split_at_mut(map.size * FILTERS);
        beyond.fill(0.0);
        let gradient = gradient.as_chunks_mut::<FILTERS>().0.iter_mut();
        for (gradient, values) in gradient.zip(values.as_chunks::<FILTERS>().0) {
            for i in 0..FILTERS {
                gradient[i] = if values[i] > 0.0 { gradient[i] } else { 0.0 };
                sums[i] += gradient[i];
            }
        }
    }
    for (bias, sum) in bias.iter_mut().zip(sums) {
        *bias += sum;
    }
}
