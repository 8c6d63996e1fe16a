//! The encoder's convolutions, and the ways to compute them.
//!
//! Passes record no graph beyond themselves: a loss is differentiated down to the features, and
//! [`Convolutions::gradients`] takes it from there, for several losses at once. That is what lets
//! one pass serve all losses of an update, each with gradients of its own.

use tch::{Device, Kind, Tensor, no_grad};

use super::slice::{bytes, floats, floats_mut};
use super::winograd::{self, Images, Winograd};
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
        let suits = kind == Kind::Float
            && convolutions[0].weight.kind() == kind
            && convolutions[0].weight.device() == Device::Cpu
            && filters == winograd::FILTERS as i64;
        let winograd =
            || Winograd::new(images.size as usize, images.channels as usize, layers as usize);
        let passes =
            suits.then(winograd).flatten().map_or(Passes::Libtorch(kind), Passes::Winograd);
        Self { layers: convolutions, passes }
    }

    /// Images (B, H, W, C), u8 -> what the passes take: the bytes themselves, or (B, C, H, W) in
    /// [0, 1] whose memory stays channels last, which convolutions are fastest on.
    #[tracing::instrument(level = "trace", name = "prepare images", skip_all)]
    pub fn prepare(&self, images: &Tensor) -> Tensor {
        match self.passes {
            Passes::Winograd(_) => images.to_device(Device::Cpu).contiguous(),
            Passes::Libtorch(kind) => scale(images, kind, self.layers[0].weight.device()),
        }
    }

    /// Prepared images -> features (B, filters * h * w), without gradient.
    #[tracing::instrument(level = "trace", name = "convolutions", skip_all)]
    pub fn features(&self, images: &Tensor) -> Tensor {
        match &self.passes {
            Passes::Libtorch(_) if images.device() == Device::Cpu => no_grad(|| {
                let chunks = images.split(CHUNK, 0);
                let features: Vec<_> = chunks.iter().map(|chunk| self.forward(chunk)).collect();
                Tensor::cat(&features, 0)
            }),
            Passes::Libtorch(_) => no_grad(|| self.forward(images)),
            Passes::Winograd(passes) => {
                let mut features = empty(images.size()[0], passes.features_len());
                let images = channels_last(images);
                passes.features(&self.slices(), as_slice(&images), floats_mut(&mut features));
                features
            }
        }
    }

    /// Prepared images -> features, and what their gradients need.
    #[tracing::instrument(level = "trace", name = "convolutions, recorded", skip_all)]
    pub fn record(&self, images: &Tensor) -> Recorded {
        match &self.passes {
            Passes::Libtorch(_) => {
                let output = self.forward(images);
                let features = output.detach().set_requires_grad(true);
                Recorded { images: images.shallow_clone(), features, tape: Tape::Graph(output) }
            }
            Passes::Winograd(passes) => {
                let count = images.size()[0];
                let mut features = empty(count, passes.features_len());
                let mut maps = empty(count, passes.maps_len());
                let images = channels_last(images);
                passes.record(
                    &self.slices(),
                    as_slice(&images),
                    floats_mut(&mut maps),
                    floats_mut(&mut features),
                );
                let features = features.set_requires_grad(true);
                Recorded { images, features, tape: Tape::Maps(maps) }
            }
        }
    }

    /// For each loss, given its gradient at the features: its gradients for weight and bias of each
    /// layer.
    #[tracing::instrument(level = "trace", name = "convolutions, way back", skip_all)]
    pub fn gradients(&self, recorded: &Recorded, at_features: &[&Tensor]) -> Vec<Vec<Tensor>> {
        match (&self.passes, &recorded.tape) {
            (Passes::Winograd(passes), Tape::Maps(maps)) => {
                let at_features: Vec<Tensor> =
                    at_features.iter().map(|gradient| gradient.contiguous()).collect();
                let at_features: Vec<&[f32]> = at_features.iter().map(floats).collect();
                let images = as_slice(&recorded.images);
                let losses = passes.gradients(&self.slices(), images, floats(maps), &at_features);
                losses.iter().map(|loss| self.as_parameters(loss)).collect()
            }
            (_, Tape::Graph(output)) => at_features
                .iter()
                .map(|gradient| {
                    // The scalar whose gradient at the features is the one that is given.
                    let scalar = (output * *gradient).sum(None::<Kind>);
                    let parameters: Vec<Tensor> =
                        self.named("").into_iter().map(|(_, parameter)| parameter).collect();
                    Tensor::run_backward(&[scalar], &parameters, true, false)
                })
                .collect(),
            (Passes::Libtorch(_), Tape::Maps(_)) => {
                unreachable!("these convolutions made the tape")
            }
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
    fn forward(&self, images: &Tensor) -> Tensor {
        let kind = images.kind();
        let mut x = images.shallow_clone();
        for Convolution { weight, bias, stride } in &self.layers {
            let (weight, bias) = (weight.to_kind(kind), bias.to_kind(kind));
            x = x.conv2d(&weight, Some(&bias), *stride, 0, 1, 1).relu_();
        }
        x.flatten(1, -1)
    }

    fn slices(&self) -> Vec<winograd::Layer<'_>> {
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

fn empty(count: i64, len: usize) -> Tensor {
    Tensor::empty([count, len as i64], (Kind::Float, Device::Cpu))
}

/// Prepared images with their channels last: bytes are so already.
fn channels_last(images: &Tensor) -> Tensor {
    match images.kind() {
        Kind::Uint8 => images.shallow_clone(),
        _ => images.permute([0, 2, 3, 1]).contiguous(),
    }
}

fn as_slice(images: &Tensor) -> Images<'_> {
    match images.kind() {
        Kind::Uint8 => Images::Bytes(bytes(images)),
        _ => Images::Floats(floats(images)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose, Stream, Streams};

    const FILTERS: i64 = winograd::FILTERS as i64;

    fn stream() -> Stream {
        Streams::new(3).stream(Purpose::Weights, 0)
    }

    /// The same parameters, computed in two ways. All are random, since the initial ones are zero
    /// but for the centre of a filter; `bias` comes on top of the biases.
    fn pair(images: ImageShape, layers: i64, bias: f64) -> [Convolutions; 2] {
        [Kind::Float, Kind::Double].map(|kind| {
            let mut init = Init::new(stream(), kind, Device::Cpu);
            let convs = Convolutions::new(images, FILTERS, layers, kind, &mut init);
            let mut stream = stream();
            no_grad(|| {
                for (name, mut parameter) in convs.named("") {
                    let spread = (FILTERS as f64 / parameter.numel() as f64).sqrt();
                    let values = random::normal(&parameter.size(), Kind::Double, &mut stream);
                    let shift = if name.ends_with("bias") { bias } else { 0.0 };
                    parameter.copy_(&(values * spread + shift));
                }
            });
            convs
        })
    }

    fn random_images(count: i64, images: ImageShape) -> Tensor {
        let shape = [count, images.size, images.size, images.channels];
        (random::uniform(&shape, Kind::Double, &mut stream()) * 255.0).to_kind(Kind::Uint8)
    }

    fn assert_near(got: &Tensor, expected: &Tensor, what: &str) {
        let difference = (got.to_kind(Kind::Double) - expected).abs().max().double_value(&[]);
        let scale = expected.abs().max().double_value(&[]);
        assert!(difference <= 2e-5 * scale, "{what}: {difference:e} of {scale}");
    }

    /// Features and gradients of two losses, from the bytes of nine images: more than one task's.
    /// Where a unit is near zero the two number formats may disagree on whether it is active, and
    /// then its gradient differs wholly; so biases of 20 keep all units active on large images.
    #[test]
    fn winograd_passes_agree_with_libtorch_in_float64() {
        for (size, layers, bias) in
            [(84, 4, 20.0), (35, 4, 20.0), (24, 3, 0.0), (21, 2, 0.0), (24, 1, 0.0)]
        {
            let shape = ImageShape { channels: 9, size };
            let [ours, theirs] = pair(shape, layers, bias);
            assert!(matches!(ours.passes, Passes::Winograd(_)), "the processor has AVX2");
            let images = random_images(9, shape);
            let (ours_in, theirs_in) = (ours.prepare(&images), theirs.prepare(&images));
            let (ours_pass, theirs_pass) = (ours.record(&ours_in), theirs.record(&theirs_in));
            let features = theirs_pass.features().detach();
            let what = format!("{layers} layers on {size} pixels");
            assert_near(&ours_pass.features().detach(), &features, &what);
            assert_near(&ours.features(&ours_in), &features, &what);

            let gradient = || random::normal(&features.size(), Kind::Double, &mut stream());
            let losses = [gradient(), gradient().flip([0])];
            let floats = losses.each_ref().map(|gradient| gradient.to_kind(Kind::Float));
            let got = ours.gradients(&ours_pass, &floats.each_ref());
            let expected = theirs.gradients(&theirs_pass, &losses.each_ref());
            for (got, expected) in got.iter().flatten().zip(expected.iter().flatten()) {
                assert_near(got, expected, &what);
            }
        }
    }

    /// In each layer, by weight and by bias.
    #[test]
    fn a_parameter_that_is_not_a_number_shows_in_the_features() {
        let shape = ImageShape { channels: 3, size: 24 };
        for index in 0..6 {
            let [convs, _] = pair(shape, 3, 0.0);
            assert!(matches!(convs.passes, Passes::Winograd(_)), "the processor has AVX2");
            let (name, parameter) = convs.named("").swap_remove(index);
            let _ = no_grad(|| parameter.flatten(0, -1).narrow(0, 7, 1).fill_(f64::NAN));
            let features = convs.features(&random_images(2, shape));
            assert!(features.isnan().any().int64_value(&[]) == 1, "{name}");
        }
    }

    #[test]
    fn images_may_be_floats() {
        let shape = ImageShape { channels: 3, size: 24 };
        let [convs, _] = pair(shape, 3, 0.0);
        let images = random_images(2, shape);
        let floats = scale(&images, Kind::Float, Device::Cpu);
        assert_eq!(convs.features(&images), convs.features(&floats));
    }
}
