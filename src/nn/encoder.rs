//! The pixel encoder: convolutions, then a projection to the latent vector.
//!
//! The two halves are separate types because they are shared differently: actor, critic and
//! contrast see the same [`Convolutions`], while the actor has a [`Projection`] of its own.

use tch::{Kind, Tensor, no_grad};

use super::{Convolutions, ImageShape, Init, Linear, Parameters, move_towards};
use crate::config::EncoderConfig;

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

    /// (B, features) -> (B, latent). The linear layer computes in the features' number format.
    #[tracing::instrument(level = "trace", name = "projection", skip_all)]
    pub fn forward(&self, features: &Tensor) -> Tensor {
        let latent = self.ln_weight.size1().expect("the layer norm's weight is a vector");
        let x = self.fc.forward_in_kind_of(features).to_kind(self.ln_weight.kind());
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
    /// An encoder that computes in `kind`, for images that are large enough for its layers (see
    /// [`EncoderConfig::feature_map_size`]).
    pub fn new(images: ImageShape, config: &EncoderConfig, kind: Kind, init: &mut Init) -> Self {
        let (filters, layers) = (config.filters.dim(), config.layers.dim());
        let convs = Convolutions::new(images, filters, layers, kind, init);
        let features = feature_len(images.size, config);
        Self { convs, projection: Projection::new(features, config.feature_dim.dim(), init) }
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

    /// Prepared images -> (B, latent), without gradient.
    pub fn encode(&self, images: &Tensor) -> Tensor {
        no_grad(|| self.0.projection.forward(&self.0.convs.features(images)))
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
