//! The encoder's convolutions, and the ways to compute them.
//!
//! Passes record no graph beyond themselves: a loss is differentiated down to the features, and
//! [`Convolutions::gradients`] takes it from there, for several losses at once. That is what lets
//! one pass serve all losses of an update, each with gradients of its own.

use tch::{Device, Kind, Tensor, no_grad};

use super::amx::Amx;
use super::images::{FILTERS, ImagePasses, Images, Layer};
use super::slice::{Element, bytes, elements, elements_mut, floats};
use super::winograd::Winograd;
use super::{Init, Parameters};

/// Images that go through all layers together where no gradient is needed: their maps then stay in
/// the caches. 64 was fastest on processors with AMX.
const CHUNK: i64 = 64;

/// 3x3 convolutions with ReLU, the first with stride 2, without padding.
#[derive(Debug)]
pub struct Convolutions {
    layers: Vec<Convolution>,
    passes: Passes,
}

#[derive(Debug)]
struct Convolution {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
}

/// How the convolutions are computed.
#[derive(Debug)]
enum Passes {
    /// By libtorch, in a number format that may be narrower than that of the parameters.
    Libtorch(Kind),
    Winograd(Winograd),
    Amx(Amx),
    /// Not at all: there is no layer, and what is given is what comes out.
    Nothing {
        kind: Kind,
        device: Device,
    },
}

impl Passes {
    /// Those that are not libtorch's, where there are any for these sizes, this number format and
    /// this processor.
    fn ours(images: ImageShape, filters: i64, layers: i64, kind: Kind) -> Option<Self> {
        let (size, channels, layers) =
            (images.size as usize, images.channels as usize, layers as usize);
        match kind {
            _ if filters != FILTERS as i64 => None,
            Kind::Float => Winograd::new(size, channels, layers).map(Self::Winograd),
            Kind::BFloat16 => Amx::new(size, channels, layers).map(Self::Amx),
            _ => None,
        }
    }
}

/// The features of a batch and what their gradients need.
#[derive(Debug)]
pub struct Recorded {
    images: Tensor,
    /// (B, filters * h * w): a leaf, which losses are differentiated to.
    features: Tensor,
    tape: Tape,
}

#[derive(Debug)]
enum Tape {
    /// The features with libtorch's graph behind them.
    Graph(Tensor),
    /// All maps of all images.
    Maps(Tensor),
    /// Nothing was computed.
    Nothing,
}

impl Recorded {
    pub fn features(&self) -> &Tensor {
        &self.features
    }
}

/// Square images, `size` pixels a side.
#[derive(Clone, Copy, Debug)]
pub struct ImageShape {
    pub channels: i64,
    pub size: i64,
}

impl Convolutions {
    /// `layers` convolutions of `filters` filters, computed in `kind`.
    pub fn new(images: ImageShape, filters: i64, layers: i64, kind: Kind, init: &mut Init) -> Self {
        let layer = |index| Convolution {
            weight: init
                .delta_orthogonal(filters, if index == 0 { images.channels } else { filters }),
            bias: init.constant(&[filters], 0.0),
            stride: if index == 0 { 2 } else { 1 },
        };
        let convolutions: Vec<_> = (0..layers).map(layer).collect();
        let weight = &convolutions[0].weight;
        let in_memory = weight.kind() == Kind::Float && weight.device() == Device::Cpu;
        let passes = if in_memory { Passes::ours(images, filters, layers, kind) } else { None };
        Self { layers: convolutions, passes: passes.unwrap_or(Passes::Libtorch(kind)) }
    }

    /// The weights that see the images.
    pub(super) fn first_kernel(&self) -> &Tensor {
        &self.layers[0].weight
    }

    /// No convolutions, for inputs that are no images: vectors in `kind`.
    pub fn none(kind: Kind, device: Device) -> Self {
        Self { layers: Vec::new(), passes: Passes::Nothing { kind, device } }
    }

    /// Images (B, H, W, C), u8 -> what the passes take: the bytes themselves, or (B, C, H, W) in
    /// [0, 1] whose memory stays channels last, which convolutions are fastest on.
    #[tracing::instrument(level = "trace", name = "prepare images", skip_all)]
    pub fn prepare(&self, images: &Tensor) -> Tensor {
        match self.passes {
            Passes::Winograd(_) | Passes::Amx(_) => images.to_device(Device::Cpu).contiguous(),
            Passes::Libtorch(kind) => scale(images, kind, self.layers[0].weight.device()),
            Passes::Nothing { kind, device } => images.to_device(device).to_kind(kind),
        }
    }

    /// Prepared images -> features (B, filters * h * w), without gradient.
    #[tracing::instrument(level = "trace", name = "convolutions", skip_all)]
    pub fn features(&self, images: &Tensor) -> Tensor {
        match &self.passes {
            Passes::Libtorch(kind) if images.device() == Device::Cpu => no_grad(|| {
                let chunks = images.split(CHUNK, 0);
                let features = chunks.iter().map(|chunk| self.forward(chunk, *kind));
                Tensor::cat(&features.collect::<Vec<_>>(), 0)
            }),
            Passes::Libtorch(kind) => no_grad(|| self.forward(images, *kind)),
            Passes::Winograd(passes) => self.features_by(passes, images),
            Passes::Amx(passes) => self.features_by(passes, images),
            Passes::Nothing { .. } => images.shallow_clone(),
        }
    }

    /// Prepared images -> features, and what their gradients need.
    #[tracing::instrument(level = "trace", name = "convolutions, recorded", skip_all)]
    pub fn record(&self, images: &Tensor) -> Recorded {
        match &self.passes {
            Passes::Libtorch(kind) => {
                let output = self.forward(images, *kind);
                let features = output.detach().set_requires_grad(true);
                Recorded { images: images.shallow_clone(), features, tape: Tape::Graph(output) }
            }
            Passes::Winograd(passes) => self.record_by(passes, images),
            Passes::Amx(passes) => self.record_by(passes, images),
            Passes::Nothing { .. } => {
                let features = images.detach().set_requires_grad(true);
                Recorded { images: images.shallow_clone(), features, tape: Tape::Nothing }
            }
        }
    }

    /// For each loss, given its gradient at the features: its gradients for weight and bias of each
    /// layer.
    #[tracing::instrument(level = "trace", name = "convolutions, way back", skip_all)]
    pub fn gradients(&self, recorded: &Recorded, at_features: &[&Tensor]) -> Vec<Vec<Tensor>> {
        match (&self.passes, &recorded.tape) {
            (Passes::Winograd(passes), Tape::Maps(maps)) => {
                self.gradients_by(passes, &recorded.images, maps, at_features)
            }
            (Passes::Amx(passes), Tape::Maps(maps)) => {
                self.gradients_by(passes, &recorded.images, maps, at_features)
            }
            (Passes::Libtorch(_), Tape::Graph(output)) => at_features
                .iter()
                .map(|gradient| {
                    // The scalar whose gradient at the features is the one that is given.
                    let scalar = (output * *gradient).sum(None::<Kind>);
                    let parameters: Vec<Tensor> =
                        self.named("").into_iter().map(|(_, parameter)| parameter).collect();
                    Tensor::run_backward(&[scalar], &parameters, true, false)
                })
                .collect(),
            (Passes::Nothing { .. }, _) => at_features.iter().map(|_| Vec::new()).collect(),
            _ => unreachable!("these convolutions made the tape"),
        }
    }

    /// Multiplications and additions that the definition takes for one image, without biases.
    pub fn operations(&self, image: i64) -> f64 {
        let mut size = image;
        let mut operations = 0.0;
        for layer in &self.layers {
            size = (size - 3) / layer.stride + 1;
            operations += 2.0 * (size * size) as f64 * layer.weight.numel() as f64;
        }
        operations
    }

    /// By libtorch's operations, with a graph.
    fn forward(&self, images: &Tensor, kind: Kind) -> Tensor {
        let mut x = images.to_kind(kind);
        for Convolution { weight, bias, stride } in &self.layers {
            let (weight, bias) = (weight.to_kind(kind), bias.to_kind(kind));
            x = x.conv2d(&weight, Some(&bias), *stride, 0, 1, 1).relu_();
        }
        x.flatten(1, -1)
    }

    fn features_by<P: ImagePasses>(&self, passes: &P, images: &Tensor) -> Tensor {
        let mut features = empty::<P::Number>(images.size()[0], passes.features_len());
        let images = channels_last(images);
        passes.features(&self.slices(), as_slice(&images), elements_mut(&mut features));
        features
    }

    fn record_by<P: ImagePasses>(&self, passes: &P, images: &Tensor) -> Recorded {
        let count = images.size()[0];
        let mut features = empty::<P::Number>(count, passes.features_len());
        let mut maps = empty::<P::Number>(count, passes.maps_len());
        let images = channels_last(images);
        let to = (elements_mut(&mut maps), elements_mut(&mut features));
        passes.record(&self.slices(), as_slice(&images), to.0, to.1);
        let features = features.set_requires_grad(true);
        Recorded { images, features, tape: Tape::Maps(maps) }
    }

    fn gradients_by<P: ImagePasses>(
        &self,
        passes: &P,
        images: &Tensor,
        maps: &Tensor,
        at_features: &[&Tensor],
    ) -> Vec<Vec<Tensor>> {
        let at_features: Vec<Tensor> =
            at_features.iter().map(|gradient| gradient.contiguous()).collect();
        let at_features: Vec<&[P::Number]> = at_features.iter().map(elements).collect();
        let images = as_slice(images);
        let losses = passes.gradients(&self.slices(), images, elements(maps), &at_features);
        losses.iter().map(|loss| self.as_parameters(loss)).collect()
    }

    fn slices(&self) -> Vec<Layer<'_>> {
        self.layers.iter().map(|layer| (floats(&layer.weight), floats(&layer.bias))).collect()
    }

    /// Numbers in the order of [`Parameters::visit`], as tensors of the parameters' shapes.
    fn as_parameters(&self, values: &[Vec<f32>]) -> Vec<Tensor> {
        let named = self.named("");
        let shapes = named.iter().map(|(_, parameter)| parameter.size());
        values
            .iter()
            .zip(shapes)
            .map(|(values, shape)| Tensor::from_slice(values).view(&shape[..]))
            .collect()
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

/// Images (B, H, W, C), u8 -> (B, C, H, W) in [0, 1], in a number format on a device. The memory
/// stays channels last.
pub fn scale(images: &Tensor, kind: Kind, device: Device) -> Tensor {
    images.to_device(device).permute([0, 3, 1, 2]).to_kind(kind).g_div_scalar_(255.0)
}

fn empty<T: Element>(count: i64, len: usize) -> Tensor {
    Tensor::empty([count, len as i64], (T::KIND, Device::Cpu))
}

/// Prepared images with their channels last: bytes are so already.
fn channels_last(images: &Tensor) -> Tensor {
    match images.kind() {
        Kind::Uint8 => images.shallow_clone(),
        _ => images.permute([0, 2, 3, 1]).to_kind(Kind::Float).contiguous(),
    }
}

fn as_slice(images: &Tensor) -> Images<'_> {
    match images.kind() {
        Kind::Uint8 => Images::Bytes(bytes(images)),
        _ => Images::Floats(floats(images)),
    }
}

#[cfg(test)]
mod tests;
