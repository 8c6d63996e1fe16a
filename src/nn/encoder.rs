//! The encoder: convolutions, then a projection to the latent vector.
//!
//! The two halves are separate types because they are shared differently: actor, critic and
//! contrast see the same [`Convolutions`], while the actor has a [`Projection`] of its own. States
//! have no convolutions; their projection has hidden layers instead.

use tch::{Kind, Tensor, no_grad};

use super::motion::see_motion;
use super::{Convolutions, ImageShape, Init, Linear, Parameters, move_towards};
use crate::config::{AgentConfig, FirstLayer};
use crate::observation::Input;

/// A linear layer and a layer normalisation: features -> latent vector. There is no tanh after it,
/// as in the authors' code (the paper's pseudo-code has one).
#[derive(Debug)]
pub struct Projection {
    /// With ReLU after each.
    hidden: Vec<Linear>,
    fc: Linear,
    ln_weight: Tensor,
    ln_bias: Tensor,
}

impl Projection {
    /// Projects what is left of an input after the convolutions.
    pub fn new(input: Input, config: &AgentConfig, init: &mut Init) -> Self {
        let latent = config.encoder.feature_dim.dim();
        let mut width = feature_len(input, config);
        let mut layer = |outputs| {
            let layer = Linear::new(width, outputs, init);
            width = outputs;
            layer
        };
        let hidden_layers = match input {
            Input::Image { .. } => 0,
            Input::State { .. } => config.encoder.state_layers.get(),
        };
        let hidden = (0..hidden_layers).map(|_| layer(config.hidden_dim.dim())).collect();
        Self {
            hidden,
            fc: layer(latent),
            ln_weight: init.constant(&[latent], 1.0),
            ln_bias: init.constant(&[latent], 0.0),
        }
    }

    /// (B, features) -> (B, latent). The linear layers compute in the features' number format.
    #[tracing::instrument(level = "trace", name = "projection", skip_all)]
    pub fn forward(&self, features: &Tensor) -> Tensor {
        let latent = self.ln_weight.size1().expect("the layer norm's weight is a vector");
        let hidden = self
            .hidden
            .iter()
            .fold(features.shallow_clone(), |x, layer| layer.forward_in_kind_of(&x).relu());
        let x = self.fc.forward_in_kind_of(&hidden).to_kind(self.ln_weight.kind());
        x.layer_norm([latent], Some(&self.ln_weight), Some(&self.ln_bias), 1e-5, false)
    }
}

/// Length of the flat features of an input.
fn feature_len(input: Input, config: &AgentConfig) -> i64 {
    match input {
        Input::State { .. } => input.len() as i64,
        Input::Image { size, .. } => {
            let map = config
                .encoder
                .feature_map_size(size as u64)
                .expect("the configuration was checked: images are large enough for the encoder");
            config.encoder.filters.dim() * (map * map) as i64
        }
    }
}

impl Parameters for Projection {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        for (index, layer) in self.hidden.iter().enumerate() {
            layer.visit(&format!("{path}.hidden.{index}"), visit);
        }
        self.fc.visit(&format!("{path}.fc"), visit);
        visit(format!("{path}.ln.weight"), &self.ln_weight);
        visit(format!("{path}.ln.bias"), &self.ln_bias);
    }
}

/// Images or states -> latent vectors. The query encoder is one of these, trained by the critic's loss
/// and the contrastive loss.
#[derive(Debug)]
pub struct Encoder {
    pub convs: Convolutions,
    pub projection: Projection,
}

impl Encoder {
    /// An encoder of images that are large enough for its layers (see
    /// [`feature_map_size`](crate::config::EncoderConfig::feature_map_size)), which computes in `kind`, or
    /// of states.
    pub fn new(input: Input, config: &AgentConfig, kind: Kind, init: &mut Init) -> Self {
        let convs = match input {
            Input::Image { size, frames, channels } => {
                let images = ImageShape { channels: (frames * channels) as i64, size: size as i64 };
                let (filters, layers) = (config.encoder.filters.dim(), config.encoder.layers.dim());
                let convs = Convolutions::new(images, filters, layers, kind, init);
                match config.encoder.first_layer {
                    FirstLayer::Frames => {}
                    FirstLayer::Motion => see_motion(convs.first_kernel(), frames),
                }
                convs
            }
            Input::State { .. } => Convolutions::none(init.kind(), init.device()),
        };
        Self { convs, projection: Projection::new(input, config, init) }
    }
}

impl Parameters for Encoder {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        self.convs.visit(&format!("{path}.convs"), visit);
        self.projection.visit(path, visit);
    }
}

/// The momentum encoder of keys and of the critic's target. It is never trained:
/// [`KeyEncoder::encode`] records no graph, and in training [`KeyEncoder::follow`] is the only
/// thing that writes to it.
#[derive(Debug)]
pub struct KeyEncoder(Encoder);

impl KeyEncoder {
    /// Takes over an encoder that was made from the same stream as the query encoder, and so equals
    /// it.
    pub fn new(encoder: Encoder) -> Self {
        encoder.freeze();
        Self(encoder)
    }

    /// Prepared inputs -> (B, latent), without gradient.
    pub fn encode(&self, inputs: &Tensor) -> Tensor {
        no_grad(|| self.0.projection.forward(&self.0.convs.features(inputs)))
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

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::config::{Selection, resolve};
    use crate::random::{Purpose, Streams};

    fn starts_on(first_layer: &str) -> Vec<(String, Tensor)> {
        let sets = [format!("agent.encoder.first_layer={first_layer}")];
        let selection = Selection { sets: &sets, ..Selection::of("dmc:cartpole-swingup", 8) };
        let config = resolve(&selection).expect("the settings are valid").config.agent;
        let input = Input::Image { size: 21, frames: 3, channels: 3 };
        let stream = Streams::new(1).stream(Purpose::Weights, 0);
        let mut init = Init::new(stream, Kind::Float, Device::Cpu);
        Encoder::new(input, &config, Kind::Float, &mut init).named("")
    }

    #[test]
    fn motion_changes_the_first_kernel_and_nothing_else() {
        let (frames, motion) = (starts_on("frames"), starts_on("motion"));
        assert_eq!(frames.len(), motion.len());
        for ((name, frames), (_, motion)) in frames.iter().zip(&motion) {
            let is_first = frames.size() == [32, 9, 3, 3];
            assert_eq!(frames != motion, is_first, "{name}");
        }
        assert!(frames.iter().any(|(_, tensor)| tensor.size() == [32, 9, 3, 3]));
    }
}
