//! One image through all layers, forward and back.

use super::FILTERS;
use super::filters::{Weights, first_weight_gradient, weight_gradient};
use super::geometry::{Geometry, Map};
use super::rows::{
    BiasSums, Row, bytes_to_bfloat16, cut, floats_to_bfloat16, gather, gradient_through_relu, pair,
    prefetch, relu, scatter, transpose_blocks,
};
use super::tiles::{BLOCK, Start, Steps, Sums, Tiles};
use crate::nn::images::Images;

/// An image as the first layer takes it.
#[derive(Debug)]
pub(super) struct Patches {
    /// A row of the image, and zeros beyond its end.
    row: Vec<u16>,
    /// Rows of patches at each position of the first map: those from the image's even rows and those
    /// from its odd ones apart, which makes the stride of 2 a fixed distance between positions.
    rows: Vec<Row>,
    /// Of a patch, among the rows.
    steps: Steps,
    /// Of a filter of the other layers, among positions.
    filter: Steps,
}

/// What the way back works with, from image to image.
#[derive(Debug)]
pub(super) struct Scratch {
    /// A layer's inputs in pairs of positions: those that begin at even positions, then those that
    /// begin at odd ones.
    pairs: [Vec<Row>; 2],
    /// Gradients at a layer's output, channel by channel within each block.
    columns: Vec<Row>,
    /// Of the blocks of each layer's output.
    blocks: Vec<Steps>,
}

impl Scratch {
    pub fn new(geometry: &Geometry) -> Self {
        let rows = |len| vec![Row::ZERO; len];
        let blocks = |map: &Map| Steps::new((0..map.written).step_by(BLOCK));
        let paired = geometry.patches_len().max(geometry.positions);
        Self {
            pairs: [rows(paired), rows(geometry.positions)],
            columns: rows(geometry.positions),
            blocks: geometry.maps.iter().map(blocks).collect(),
        }
    }
}

impl Patches {
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            row: vec![0; geometry.padded_row()],
            rows: vec![Row::ZERO; geometry.patches_len()],
            steps: Steps::new(geometry.patch()),
            filter: Steps::new(geometry.filter()),
        }
    }

    /// Takes in an image of a batch.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub fn read(&mut self, geometry: &Geometry, images: Images<'_>, index: usize) {
        let (len, row_len) = (geometry.image_len(), geometry.image_row());
        let across = geometry.across();
        for (y, from) in (index * len..(index + 1) * len).step_by(row_len).enumerate() {
            match images {
                Images::Bytes(bytes) => {
                    bytes_to_bfloat16(&bytes[from..from + row_len], &mut self.row);
                }
                Images::Floats(floats) => {
                    floats_to_bfloat16(&floats[from..from + row_len], &mut self.row);
                }
            }
            for group in 0..geometry.groups() {
                let to = geometry.patch_row(y, group);
                let to = &mut self.rows[to..to + across];
                cut(&self.row[group * FILTERS..], geometry.stride(), to);
            }
        }
    }
}

/// The image that was read -> its maps and features.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn forward(
    geometry: &Geometry,
    weights: &Weights,
    tiles: &Tiles,
    (maps, features): (&mut [Row], &mut [u16]),
    patches: &Patches,
) {
    let mut sums = Sums::ZERO;
    for (layer, (filters, map)) in weights.0.iter().zip(&geometry.maps).enumerate() {
        let (before, to) = maps.split_at_mut(layer * geometry.positions);
        let to = &mut to[..geometry.positions];
        let (from, steps) = match layer {
            0 => (&patches.rows[..], &patches.steps),
            layer => (&before[(layer - 1) * geometry.positions..], &patches.filter),
        };
        for block in (0..map.written).step_by(BLOCK) {
            let start = Start::Row(&filters.bias);
            prefetch(ahead(from, block + steps.last()));
            tiles.multiply(&from[block..], steps, &filters.forward, start, &mut sums);
            relu(&sums, &mut to[block..block + BLOCK]);
        }
        clear_beyond(*map, geometry.pitch, to);
    }
    gather(last_map(geometry, maps), &geometry.valid, features);
}

/// The rows that the next block is the first to read.
fn ahead(rows: &[Row], last: usize) -> &[Row] {
    let from = rows.len().min(last + BLOCK);
    &rows[from..rows.len().min(from + BLOCK)]
}

fn last_map<'a>(geometry: &Geometry, maps: &'a [Row]) -> &'a [Row] {
    &maps[maps.len() - geometry.positions..]
}

/// Zeroes what lies beyond a map's edges.
fn clear_beyond(map: Map, pitch: usize, rows: &mut [Row]) {
    let (inside, below) = rows.split_at_mut(map.size * pitch);
    below.fill(Row::ZERO);
    for row in inside.chunks_exact_mut(pitch) {
        row[map.size..].fill(Row::ZERO);
    }
}

/// Gradients of one loss, summed over images.
#[derive(Debug)]
pub(super) struct Gradients {
    layers: Vec<LayerGradients>,
    /// At the output of the layer in question, before its ReLU, after as many zeros as a filter
    /// reaches.
    output: Vec<Row>,
    /// The same at the layer before.
    input: Vec<Row>,
}

#[derive(Debug)]
struct LayerGradients {
    /// For each element of a filter, or each row and group of a patch, out x in.
    filters: Vec<Sums>,
    bias: BiasSums,
}

impl Gradients {
    pub fn new(geometry: &Geometry) -> Self {
        let layer = |layer: usize| LayerGradients {
            filters: vec![Sums::ZERO; if layer == 0 { 3 * geometry.groups() } else { 9 }],
            bias: BiasSums::ZERO,
        };
        let zeros = || vec![Row::ZERO; geometry.reach() + geometry.positions];
        let layers = (0..geometry.maps.len()).map(layer).collect();
        Self { layers, output: zeros(), input: zeros() }
    }

    /// Takes in the gradient at an image's features.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub fn start(&mut self, geometry: &Geometry, maps: &[Row], at_features: &[u16]) {
        let output = &mut self.output[geometry.reach()..];
        output.fill(Row::ZERO);
        let layer = self.layers.last_mut().expect("an encoder has at least one layer");
        let last = last_map(geometry, maps);
        scatter(at_features, &geometry.valid, last, output, &mut layer.bias);
    }

    pub fn add(&mut self, other: &Self) {
        for (sums, layer) in self.layers.iter_mut().zip(&other.layers) {
            let values = layer.filters.iter().flat_map(|sums| sums.0.as_flattened());
            let sums_values = sums.filters.iter_mut().flat_map(|sums| sums.0.as_flattened_mut());
            for (sum, value) in sums_values.zip(values) {
                *sum += value;
            }
            sums.bias.add(&layer.bias);
        }
    }

    /// Weight and bias of each layer.
    pub fn into_parameters(self, geometry: &Geometry) -> Vec<Vec<f32>> {
        let parameters = self.layers.iter().enumerate().flat_map(|(index, layer)| {
            let weight = match index {
                0 => first_weight_gradient(geometry.channels, &layer.filters),
                _ => weight_gradient(&layer.filters),
            };
            [weight, layer.bias.in_order()]
        });
        parameters.collect()
    }
}

/// Adds the gradients of the image that was read, for each loss, from where [`Gradients::start`] has
/// brought them.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn backward(
    geometry: &Geometry,
    weights: &Weights,
    tiles: &Tiles,
    (maps, losses): (&[Row], &mut [Gradients]),
    (patches, scratch): (&Patches, &mut Scratch),
) {
    for layer in (1..geometry.maps.len()).rev() {
        let inputs = &maps[(layer - 1) * geometry.positions..][..geometry.positions];
        pair(inputs, &mut scratch.pairs[0]);
        pair(&inputs[1..], &mut scratch.pairs[1]);
        for loss in &mut *losses {
            add_filter_gradients(geometry, layer, tiles, loss, scratch);
            input_gradients(geometry, layer, weights, (tiles, inputs), loss, &patches.filter);
        }
    }
    pair(&patches.rows, &mut scratch.pairs[0]);
    for loss in losses {
        add_filter_gradients(geometry, 0, tiles, loss, scratch);
    }
}

/// Adds the gradients of a layer's filters: output gradients, channel by channel, times inputs.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn add_filter_gradients(
    geometry: &Geometry,
    layer: usize,
    tiles: &Tiles,
    loss: &mut Gradients,
    scratch: &mut Scratch,
) {
    let output = &loss.output[geometry.reach()..][..geometry.maps[layer].written];
    transpose_blocks(output, &mut scratch.columns);
    let add = |first: usize, sums: &mut Sums| {
        let pairs = &scratch.pairs[first % 2][first / 2 * 2..];
        tiles.multiply(&scratch.columns, &scratch.blocks[layer], pairs, Start::Sums, sums);
    };
    let filters = &mut loss.layers[layer].filters;
    match layer {
        0 => geometry.patch().zip(filters).for_each(|(first, sums)| add(first, sums)),
        _ => geometry.filter().zip(filters).for_each(|(first, sums)| add(first, sums)),
    }
}

/// From the gradient at a layer's output to that at its input, before the ReLU that made the input.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn input_gradients(
    geometry: &Geometry,
    layer: usize,
    weights: &Weights,
    (tiles, inputs): (&Tiles, &[Row]),
    loss: &mut Gradients,
    steps: &Steps,
) {
    let mut sums = Sums::ZERO;
    let written = geometry.maps[layer - 1].written;
    let bias = &mut loss.layers[layer - 1].bias;
    let (filters, reach) = (&weights.0[layer].backward, geometry.reach());
    for block in (0..written).step_by(BLOCK) {
        let start = Start::Row(&[0.0; FILTERS]);
        prefetch(ahead(&loss.output, block + steps.last()));
        tiles.multiply(&loss.output[block..], steps, filters, start, &mut sums);
        let to = &mut loss.input[reach + block..][..BLOCK];
        gradient_through_relu(&sums, &inputs[block..], to, bias);
    }
    loss.input[reach + written..].fill(Row::ZERO);
    std::mem::swap(&mut loss.output, &mut loss.input);
}
