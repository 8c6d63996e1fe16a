//! One image through all layers, forward and back.

use super::FILTERS;
use super::filters::{first_weight_gradient, weight_gradient};
use super::geometry::{Geometry, Map};
use super::instructions::Pass;
use super::layers::{self, LayerGradients};
use super::transform::POINTS;
use super::vector::Vector;
use crate::nn::images::Images;

/// One image of a batch, and where its pixels go.
pub(super) struct Source<'a> {
    pub batch: Images<'a>,
    pub index: usize,
    pub pixels: &'a mut [f32],
}

impl<'a> Source<'a> {
    /// The image, scaled to 0 to 1.
    #[inline(always)]
    fn read(self) -> &'a [f32] {
        let range = self.index * self.pixels.len()..(self.index + 1) * self.pixels.len();
        match self.batch {
            Images::Bytes(bytes) => {
                for (pixel, byte) in self.pixels.iter_mut().zip(&bytes[range]) {
                    *pixel = scaled(*byte);
                }
            }
            Images::Floats(floats) => self.pixels.copy_from_slice(&floats[range]),
        }
        self.pixels
    }
}

/// byte / 255, rounded as a division is, by operations that take less time.
#[inline(always)]
fn scaled(byte: u8) -> f32 {
    const FACTOR: f32 = 1.0 / 255.0;
    let byte = f32::from(byte);
    let near = byte * FACTOR;
    near.mul_add(-255.0, byte).mul_add(FACTOR, near)
}

/// An image (H, W, C) -> all maps and the features (C, H, W).
#[inline(always)]
pub(super) fn forward<V: Vector>(pass: Pass<'_>, maps: &mut [f32], features: &mut [f32]) {
    let Pass { geometry, weights, image, scratch } = pass;
    let pixels = image.read();
    let first = geometry.maps[0];
    let (mut from, mut rest) = maps.split_at_mut(first.len());
    layers::first_forward::<V>(&weights.first, geometry.image, pixels, first, from);
    layers::clear_unwritten(first, from);
    for (layer, filters) in (1..).zip(&weights.rest) {
        let map = geometry.maps[layer];
        let (to, later) = rest.split_at_mut(map.len());
        layers::forward::<V>(filters, geometry.tiles(layer), from, to, scratch);
        layers::clear_unwritten(map, to);
        (from, rest) = (to, later);
    }
    each_feature(geometry.last(), |feature, at| features[feature] = from[at]);
}

/// Calls with the place of every feature in the flat vector (C, H, W) and in the last map's square:
/// row by row, so that what is read again for each channel is in the first-level cache.
#[inline(always)]
fn each_feature(map: Map, mut visit: impl FnMut(usize, usize)) {
    for y in 0..map.size {
        for channel in 0..FILTERS {
            for x in 0..map.size {
                let feature = (channel * map.size + y) * map.size + x;
                visit(feature, (y * map.side + x) * FILTERS + channel);
            }
        }
    }
}

/// The gradients of one loss, summed over images, and the space that they need.
#[derive(Debug)]
pub(super) struct Gradients {
    /// At each map, of the present image.
    maps: Vec<Vec<f32>>,
    /// Of the first layer's weight, in the order of patches.
    first: Vec<f32>,
    /// Of the other layers' filters, at the points.
    points: Vec<Vec<f32>>,
    biases: Vec<Vec<f32>>,
}

impl Gradients {
    pub fn new(geometry: &Geometry) -> Self {
        let layers = geometry.maps.len();
        let zeros = |len: usize| vec![0.0; len];
        Self {
            maps: geometry.maps.iter().map(|map| zeros(map.len())).collect(),
            first: zeros(9 * geometry.image.channels * FILTERS),
            points: (1..layers).map(|_| zeros(POINTS * FILTERS * FILTERS)).collect(),
            biases: (0..layers).map(|_| zeros(FILTERS)).collect(),
        }
    }

    /// Weight and bias of each layer, in the form of the parameters.
    pub fn into_parameters(self) -> Vec<Vec<f32>> {
        let mut weights = vec![first_weight_gradient(&self.first)];
        weights.extend(self.points.iter().map(|points| weight_gradient(points)));
        weights.into_iter().zip(self.biases).flat_map(|(weight, bias)| [weight, bias]).collect()
    }

    /// What a layer's way back reads and writes; its input's gradient starts from zero.
    fn at_layer(&mut self, layer: usize) -> LayerGradients<'_> {
        let (inputs, outputs) = self.maps.split_at_mut(layer);
        let input = &mut inputs[layer - 1];
        input.fill(0.0);
        LayerGradients { output: &outputs[0], input, filters: &mut self.points[layer - 1] }
    }
}

/// Adds the gradients of one image to those of several losses, given each one's gradient at the
/// image's features. `maps` are those of the pass forward.
#[inline(always)]
pub(super) fn backward<V: Vector>(
    pass: Pass<'_>,
    mut maps: &[f32],
    losses: &mut [(&mut Gradients, &[f32])],
) {
    let Pass { geometry, weights, image, scratch } = pass;
    let pixels = image.read();
    let layers = geometry.maps.len();
    let values: Vec<&[f32]> = geometry
        .maps
        .iter()
        .map(|map| maps.split_off(..map.len()).expect("all maps are there"))
        .collect();
    for (loss, at_features) in &mut *losses {
        let last = &mut loss.maps[layers - 1];
        each_feature(geometry.last(), |feature, at| last[at] = at_features[feature]);
    }
    for layer in (0..layers).rev() {
        let map = geometry.maps[layer];
        for (loss, _) in &mut *losses {
            layers::through_relu(
                map,
                values[layer],
                &mut loss.maps[layer],
                &mut loss.biases[layer],
            );
        }
        if layer > 0 {
            let mut at_layer: Vec<_> =
                losses.iter_mut().map(|(loss, _)| loss.at_layer(layer)).collect();
            let (filters, tiles) = (&weights.rest[layer - 1], geometry.tiles(layer));
            layers::backward::<V>(filters, tiles, values[layer - 1], &mut at_layer, scratch);
        }
    }
    for (loss, _) in &mut *losses {
        layers::first_backward::<V>(
            geometry.image,
            pixels,
            geometry.maps[0],
            &loss.maps[0],
            &mut loss.first,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_scaled_as_by_division() {
        for byte in 0..=u8::MAX {
            assert_eq!(scaled(byte), f32::from(byte) / 255.0);
        }
    }
}
