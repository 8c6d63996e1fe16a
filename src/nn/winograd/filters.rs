//! Parameters in the form that the passes use, and gradients back in the form of the parameters.

use super::FILTERS;
use super::transform::{FILTER, POINTS};
use crate::nn::images::Layer;

/// Numbers of one point's matrix, in x out.
const SQUARE: usize = FILTERS * FILTERS;

/// The parameters of all layers. They are made anew for each pass, which costs little beside it.
#[derive(Debug)]
pub(super) struct Weights {
    pub first: First,
    pub rest: Vec<Filters>,
}

impl Weights {
    pub fn new(layers: &[Layer<'_>]) -> Self {
        let (first, rest) = layers.split_first().expect("an encoder has at least one layer");
        Self {
            first: First::new(*first),
            rest: rest.iter().map(|&layer| Filters::new(layer)).collect(),
        }
    }
}

/// The first layer.
#[derive(Debug)]
pub(super) struct First {
    /// (3 x 3 x channels, out): a patch of the image, channels last, times this.
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl First {
    fn new((weight, bias): Layer<'_>) -> Self {
        let mut patches = vec![0.0; weight.len()];
        each_patch_element(weight.len(), |parameter, at| patches[at] = weight[parameter]);
        Self { weight: patches, bias: bias.to_vec() }
    }
}

/// Calls with the place of every element in the parameter and in the matrix of patches.
fn each_patch_element(len: usize, mut visit: impl FnMut(usize, usize)) {
    let channels = len / (9 * FILTERS);
    for output in 0..FILTERS {
        for channel in 0..channels {
            for element in 0..9 {
                let parameter = (output * channels + channel) * 9 + element;
                visit(parameter, (element * channels + channel) * FILTERS + output);
            }
        }
    }
}

/// The gradient of the first layer's weight, from the order of patches to that of the parameter.
pub(super) fn first_weight_gradient(patches: &[f32]) -> Vec<f32> {
    let mut weight = vec![0.0; patches.len()];
    each_patch_element(patches.len(), |parameter, at| weight[parameter] = patches[at]);
    weight
}

/// A 3x3 layer: its filters at the points, G g G'.
#[derive(Debug)]
pub(super) struct Filters {
    /// points x in x out.
    forward: Vec<f32>,
    /// points x out x in, for the way back.
    backward: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Filters {
    fn new((weight, bias): Layer<'_>) -> Self {
        let (mut forward, mut backward) = (vec![0.0; POINTS * SQUARE], vec![0.0; POINTS * SQUARE]);
        for point in 0..POINTS {
            let factors = factors(point);
            for (index, filter) in weight.as_chunks::<9>().0.iter().enumerate() {
                let (output, input) = (index / FILTERS, index % FILTERS);
                let value: f32 = factors.iter().zip(filter).map(|(a, b)| a * b).sum();
                forward[point * SQUARE + input * FILTERS + output] = value;
                backward[point * SQUARE + index] = value;
            }
        }
        Self { forward, backward, bias: bias.to_vec() }
    }

    /// A point's matrix, in x out.
    pub fn forward(&self, point: usize) -> &[f32] {
        &self.forward[point * SQUARE..][..SQUARE]
    }

    /// A point's matrix, out x in.
    pub fn backward(&self, point: usize) -> &[f32] {
        &self.backward[point * SQUARE..][..SQUARE]
    }
}

/// G' dU G: the gradient of a weight (out, in, 3, 3) from that at the points (points x in x out).
pub(super) fn weight_gradient(at_points: &[f32]) -> Vec<f32> {
    let mut weight = vec![0.0; 9 * SQUARE];
    for (point, at_point) in at_points.chunks_exact(SQUARE).enumerate() {
        let factors = factors(point);
        for (index, filter) in weight.as_chunks_mut::<9>().0.iter_mut().enumerate() {
            let (output, input) = (index / FILTERS, index % FILTERS);
            let gradient = at_point[input * FILTERS + output];
            for (weight, factor) in filter.iter_mut().zip(factors) {
                *weight += factor * gradient;
            }
        }
    }
    weight
}

/// How much each element of a 3x3 filter counts at a point.
fn factors(point: usize) -> [f32; 9] {
    let (row, column) = (FILTER[point / 6], FILTER[point % 6]);
    std::array::from_fn(|element| (row[element / 3] * column[element % 3]) as f32)
}
