//! Parameters in the form that the passes use, and gradients back in the form of the parameters.

use super::FILTERS;
use super::rows::{Row, bfloat16};
use super::tiles::{BLOCK, Sums};
use crate::nn::images::Layer;

/// The parameters of all layers. They are made anew for each pass, which costs little beside it.
#[derive(Debug)]
pub(super) struct Weights(pub Vec<Filters>);

/// A layer's filters as right matrices of products, one for each element of a filter.
#[derive(Debug)]
pub(super) struct Filters {
    /// In x out. Of the first layer, one for each row of a patch and group of its numbers, divided
    /// by 255, since its inputs are bytes.
    pub forward: Vec<Row>,
    /// Out x in, from the last element of a filter to the first: the way back is a convolution with
    /// the filter turned around. Empty for the first layer, which has no way back.
    pub backward: Vec<Row>,
    pub bias: [f32; FILTERS],
}

impl Weights {
    pub fn new(layers: &[Layer<'_>]) -> Self {
        let (first, rest) = layers.split_first().expect("an encoder has at least one layer");
        let mut filters = vec![Filters::first(*first)];
        filters.extend(rest.iter().map(|&layer| Filters::new(layer)));
        Self(filters)
    }
}

impl Filters {
    fn first((weight, bias): Layer<'_>) -> Self {
        let channels = weight.len() / (9 * FILTERS);
        let mut forward = Vec::new();
        for row in 0..3 {
            for group in 0..(3 * channels).div_ceil(FILTERS) {
                pack(&mut forward, |inner, output| {
                    let place = place_in_first(channels, row, group * FILTERS + inner, output);
                    place.map_or(0.0, |place| weight[place] / 255.0)
                });
            }
        }
        Self { forward, backward: Vec::new(), bias: bias_of(bias) }
    }

    fn new((weight, bias): Layer<'_>) -> Self {
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        let at = |element: usize, input: usize, output: usize| {
            weight[(output * FILTERS + input) * 9 + element]
        };
        for element in 0..9 {
            pack(&mut forward, |input, output| at(element, input, output));
            pack(&mut backward, |output, input| at(8 - element, input, output));
        }
        Self { forward, backward, bias: bias_of(bias) }
    }
}

fn bias_of(bias: &[f32]) -> [f32; FILTERS] {
    bias.try_into().expect("a bias for each filter")
}

/// Where the number `inner` of a patch's row meets a filter of the first layer: its place in the
/// weight, if it is within the patch.
fn place_in_first(channels: usize, row: usize, inner: usize, output: usize) -> Option<usize> {
    let (column, channel) = (inner / channels, inner % channels);
    (column < 3).then(|| ((output * channels + channel) * 3 + row) * 3 + column)
}

/// Appends a right matrix (32, 32), its rows in pairs as [`super::rows::pair`] makes them.
fn pack(to: &mut Vec<Row>, value: impl Fn(usize, usize) -> f32) {
    for row in 0..BLOCK {
        let number = |place: usize| value(row / 2 * 2 + place % 2, row % 2 * 16 + place / 2);
        to.push(Row(std::array::from_fn(|place| bfloat16(number(place)))));
    }
}

/// The gradient of the first layer's weight from the sums of each row of a patch and group.
pub(super) fn first_weight_gradient(channels: usize, sums: &[Sums]) -> Vec<f32> {
    let mut weight = vec![0.0; FILTERS * channels * 9];
    let groups = sums.len() / 3;
    for (index, sums) in sums.iter().enumerate() {
        let (row, group) = (index / groups, index % groups);
        for (output, sums) in sums.0.iter().enumerate() {
            for (inner, sum) in sums.iter().enumerate() {
                if let Some(place) = place_in_first(channels, row, group * FILTERS + inner, output)
                {
                    weight[place] = sum / 255.0;
                }
            }
        }
    }
    weight
}

/// The gradient of a weight (out, in, 3, 3) from the sums of each element, out x in.
pub(super) fn weight_gradient(sums: &[Sums]) -> Vec<f32> {
    let mut weight = vec![0.0; 9 * FILTERS * FILTERS];
    for (element, sums) in sums.iter().enumerate() {
        for (index, sum) in sums.0.as_flattened().iter().enumerate() {
            weight[index * 9 + element] = *sum;
        }
    }
    weight
}
