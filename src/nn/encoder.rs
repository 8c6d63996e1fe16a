//! The pixel encoder: convolutions, then a projection to the latent vector.
//!
//! The two halves are separate types because they are shared differently: actor, critic and
//! contrast see the same [`Convolutions`], while the actor has a [`Projection`] of its own.

use tch::{Tensor, no_grad};

use super::{Init, Linear, Parameters, move_towards};
use crate::config::EncoderConfig;

/// 3x3 convolutions with ReLU, the first with stride 2, without padding.
#[derive(Debug)]
pub struct Convolutions {
    layers: Vec<Convolution>,
}

#[derive(Debug)]
struct Convolution {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
}

impl Convolutions {
    /// `layers` convolutions of `filters` filters over images of `channels` channels.
    pub fn new(channels: i64, filters: i64, layers: i64, init: &mut Init) -> Self {
        let layer = |index| Convolution {
            weight: init.delta_orthogonal(filters, if index == 0 { channels } else { filters }),
            bias: init.constant(&[filters], 0.0),
            stride: if index == 0 { 2 } else { 1 },
        };
        Self { layers: (0..layers).map(layer).collect() }
    }

    /// Images (B, C, H, W) in [0, 1] -> features (B, filters * h * w).
    pub fn forward(&self, images: &Tensor) -> Tensor {
        let mut x = images.shallow_clone();
        for Convolution { weight, bias, stride } in &self.layers {
            x = x.conv2d(weight, Some(bias), *stride, 0, 1, 1).relu_();
        }
        x.flatten(1, -1)
    }
}

impl Parameters for Convolutions {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        for (index, layer) in self.layers.iter().enumerate() {
            visit(format!("{path}.{index}.weight"), &layer.weight);
            visit(format!("{path}.{index}.bias"), &layer.bias);
        }
    }
}

/// Length of the flat features of an image of `size` pixels a side.
pub fn feature_len(size: i64, config: &EncoderConfig) -> i64 {
    let map = config
        .feature_map_size(size as u64)
        .expect("the configuration was checked: images are large enough for the encoder");
    config.filters.dim() * (map * map) as i64
}

/// A linear layer and a layer normalisation: features -> latent vector. There is no tanh after it,
/// as in the authors' code (the paper's pseudo-code has one).
#[derive(Debug)]
pub struct Projection {
    fc: Linear,
    ln_weight: Tensor,
    ln_bias: Tensor,
}

impl Projection {
    pub fn new(features: i64, latent: i64, init: &mut Init) -> Self {
        Self {
            fc: Linear::new(features, latent, init),
            ln_weight: init.constant(&[latent], 1.0),
            ln_bias: init.constant(&[latent], 0.0),
        }
    }

    /// (B, features) -> (B, latent).
    pub fn forward(&self, features: &Tensor) -> Tensor {
        let latent = self.ln_weight.size1().expect("the layer norm's weight is a vector");
        let x = self.fc.forward(features);
        x.layer_norm([latent], Some(&self.ln_weight), Some(&self.ln_bias), 1e-5, false)
    }
}

impl Parameters for Projection {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.fc.visit(&format!("{path}.fc"), visit);
        visit(format!("{path}.ln.weight"), &self.ln_weight);
        visit(format!("{path}.ln.bias"), &self.ln_bias);
    }
}

/// Images -> latent vectors. The query encoder is one of these, trained by the critic's loss and
/// the contrastive loss.
#[derive(Debug)]
pub struct Encoder {
    pub convs: Convolutions,
    pub projection: Projection,
}

impl Encoder {
    /// An encoder for square images of `channels` channels and `size` pixels a side, which must be
    /// large enough for the layers (see [`EncoderConfig::feature_map_size`]).
    pub fn new(channels: i64, size: i64, config: &EncoderConfig, init: &mut Init) -> Self {
        let convs = Convolutions::new(channels, config.filters.dim(), config.layers.dim(), init);
        let features = feature_len(size, config);
        Self { convs, projection: Projection::new(features, config.feature_dim.dim(), init) }
    }

    /// Images (B, C, H, W) in [0, 1] -> (B, latent).
    pub fn forward(&self, images: &Tensor) -> Tensor {
        self.projection.forward(&self.convs.forward(images))
    }
}

impl Parameters for Encoder {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.convs.visit(&format!("{path}.convs"), visit);
        self.projection.visit(path, visit);
    }
}

/// The momentum encoder of keys and of the critic's target. It is never trained:
/// [`KeyEncoder::encode`] records no graph, and [`KeyEncoder::follow`] is the only thing that
/// writes to it.
#[derive(Debug)]
pub struct KeyEncoder(Encoder);

impl KeyEncoder {
    /// Takes over an encoder that was made from the same stream as the query encoder, and so equals
    /// it.
    pub fn new(encoder: Encoder) -> Self {
        encoder.freeze();
        Self(encoder)
    }

    /// Images (B, C, H, W) in [0, 1] -> (B, latent), without gradient.
    pub fn encode(&self, images: &Tensor) -> Tensor {
        no_grad(|| self.0.forward(images))
    }

    /// The momentum update, key <- tau query + (1 - tau) key (CURL paper, section 4.6: m = 1 -
    /// tau).
    pub fn follow(&mut self, query: &Encoder, tau: f64) {
        move_towards(&self.0, query, tau);
    }
}

impl Parameters for KeyEncoder {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.0.visit(path, visit);
    }
}
