//! One image through one layer, forward and back.
//!
//! What lies in a square beyond its map's edge is finite and never counts: no valid output depends
//! on it, and the gradients there are zero.

use super::FILTERS;
use super::filters::{Filters, First};
use super::geometry::{Image, Map, Tiles};
use super::product::{Columns, Rows, add_product, product};
use super::transform::{
    Input, InputAdjoint, LANE, Output, OutputAdjoint, POINTS, SIDE, Transform, add, along_columns,
    lane, lane_mut,
};

/// Tiles that are transformed before their products are computed: enough to make the products
/// worth while, and few enough for the second-level cache.
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
    fn all(tiles: Tiles) -> impl Iterator<Item = Self> {
        let all = tiles.across * tiles.across;
        (0..all).step_by(BLOCK).map(move |first| Self { first, count: BLOCK.min(all - first) })
    }

    /// Where its tiles begin in a square, and in a point's matrix, for each group of channels.
    #[inline(always)]
    fn lanes(self, across: usize, side: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).flat_map(move |index| {
            let tile = self.first + index;
            let corner = (tile / across * side + tile % across) * 4 * FILTERS;
            (0..FILTERS).step_by(LANE).map(move |l| (corner + l, index * FILTERS + l))
        })
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
fn transform_inputs(block: Block, tiles: Tiles, map: &[f32], inputs: &mut [f32]) {
    for (corner, at) in block.lanes(tiles.across, tiles.from) {
        let half = along_columns::<Input, 6, 6>(&map[corner..], tiles.from * FILTERS, FILTERS);
        let inputs = &mut inputs[at..];
        for (y, row) in half.into_iter().enumerate() {
            for (x, value) in Input::apply(row).into_iter().enumerate() {
                *lane_mut(inputs, (SIDE * y + x) * MATRIX) = value;
            }
        }
    }
}

/// A 3x3 convolution with ReLU, from the square of one map to that of the next.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
pub(super) fn forward(
    filters: &Filters,
    tiles: Tiles,
    from: &[f32],
    to: &mut [f32],
    scratch: &mut Scratch,
) {
    for block in Block::all(tiles) {
        transform_inputs(block, tiles, from, &mut scratch.inputs);
        for point in 0..POINTS {
            let values = &scratch.inputs[point * MATRIX..];
            let inputs = Rows { values, step: FILTERS };
            let outputs = &mut scratch.outputs[point * MATRIX..][..block.count * FILTERS];
            product(inputs, filters.forward(point), outputs);
        }
        for (corner, at) in block.lanes(tiles.across, tiles.to) {
            let bias = lane(&filters.bias, at % FILTERS);
            let half = along_columns::<Output, 6, 4>(&scratch.outputs[at..], SIDE * MATRIX, MATRIX);
            let to = &mut to[corner..];
            for (y, row) in half.into_iter().enumerate() {
                for (x, value) in Output::apply(row).into_iter().enumerate() {
                    *lane_mut(to, (y * tiles.to + x) * FILTERS) = add(value, bias).map(relu);
                }
            }
        }
    }
}

/// NaN stays NaN, which `f32::max` would make zero: a broken parameter has to show in the losses.
#[inline(always)]
fn relu(value: f32) -> f32 {
    if value < 0.0 { 0.0 } else { value }
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
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
pub(super) fn backward(
    filters: &Filters,
    tiles: Tiles,
    from: &[f32],
    losses: &mut [LayerGradients<'_>],
    scratch: &mut Scratch,
) {
    for block in Block::all(tiles) {
        transform_inputs(block, tiles, from, &mut scratch.inputs);
        for loss in &mut *losses {
            transform_output_gradients(block, tiles, loss.output, &mut scratch.outputs);
            multiply_gradients(block, filters, loss.filters, scratch);
            add_input_gradients(block, tiles, &scratch.input_gradients, loss.input);
        }
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
fn transform_output_gradients(block: Block, tiles: Tiles, map: &[f32], outputs: &mut [f32]) {
    for (corner, at) in block.lanes(tiles.across, tiles.to) {
        let half =
            along_columns::<OutputAdjoint, 4, 6>(&map[corner..], tiles.to * FILTERS, FILTERS);
        let outputs = &mut outputs[at..];
        for (y, row) in half.into_iter().enumerate() {
            for (x, value) in OutputAdjoint::apply(row).into_iter().enumerate() {
                *lane_mut(outputs, (SIDE * y + x) * MATRIX) = value;
            }
        }
    }
}

/// At each point: dU += V' dM and dV = dM U'.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
fn multiply_gradients(
    block: Block,
    filters: &Filters,
    filter_gradients: &mut [f32],
    scratch: &mut Scratch,
) {
    for (point, gradient) in filter_gradients.chunks_exact_mut(FILTERS * FILTERS).enumerate() {
        let inputs = &scratch.inputs[point * MATRIX..];
        let outputs = &scratch.outputs[point * MATRIX..][..block.count * FILTERS];
        add_product(Columns { values: inputs, step: FILTERS }, outputs, gradient);
        let to = &mut scratch.input_gradients[point * MATRIX..][..block.count * FILTERS];
        let outputs = Rows { values: outputs, step: FILTERS };
        product(outputs, filters.backward(point), to);
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
fn add_input_gradients(block: Block, tiles: Tiles, at_points: &[f32], map: &mut [f32]) {
    for (corner, at) in block.lanes(tiles.across, tiles.from) {
        let half = along_columns::<InputAdjoint, 6, 6>(&at_points[at..], SIDE * MATRIX, MATRIX);
        let map = &mut map[corner..];
        for (y, row) in half.into_iter().enumerate() {
            for (x, value) in InputAdjoint::apply(row).into_iter().enumerate() {
                let to = lane_mut(map, (y * tiles.from + x) * FILTERS);
                *to = add(*to, value);
            }
        }
    }
}

/// The first convolution, 3x3 with stride 2, with ReLU. Three rows of a patch are a product each,
/// since the image is channels last.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
pub(super) fn first_forward(first: &First, image: Image, pixels: &[f32], map: Map, to: &mut [f32]) {
    let patch_row = 3 * image.channels;
    for (y, to) in to.chunks_exact_mut(map.side * FILTERS).take(map.size).enumerate() {
        let to = &mut to[..map.size * FILTERS];
        for position in to.chunks_exact_mut(FILTERS) {
            position.copy_from_slice(&first.bias);
        }
        for (row, weight) in first.weight.chunks_exact(patch_row * FILTERS).enumerate() {
            let values = &pixels[(2 * y + row) * image.size * image.channels..];
            add_product(Rows { values, step: 2 * image.channels }, weight, to);
        }
        for value in to {
            *value = relu(*value);
        }
    }
}

/// Adds the gradient of the first convolution's weight, in the order of patches.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
pub(super) fn first_backward(
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
            add_product(Columns { values, step: 2 * image.channels }, output, weight);
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
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
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
