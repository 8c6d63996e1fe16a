use super::*;
use crate::random::{self, Purpose, Stream, Streams};

const WIDTH: i64 = FILTERS as i64;

fn stream() -> Stream {
    Streams::new(3).stream(Purpose::Weights, 0)
}

/// Convolutions whose parameters are the same for all number formats. All are random, since the
/// initial ones are zero but for the centre of a filter; `bias` comes on top of the biases.
fn convolutions(images: ImageShape, layers: i64, bias: f64, kind: Kind) -> Convolutions {
    let parameters = if kind == Kind::Double { Kind::Double } else { Kind::Float };
    let mut init = Init::new(stream(), parameters, Device::Cpu);
    let convs = Convolutions::new(images, WIDTH, layers, kind, &mut init);
    let mut stream = stream();
    no_grad(|| {
        for (name, mut parameter) in convs.named("") {
            let spread = (WIDTH as f64 / parameter.numel() as f64).sqrt();
            let values = random::normal(&parameter.size(), Kind::Double, &mut stream);
            let shift = if name.ends_with("bias") { bias } else { 0.0 };
            parameter.copy_(&(values * spread + shift));
        }
    });
    convs
}

fn pair(images: ImageShape, layers: i64, bias: f64) -> [Convolutions; 2] {
    [Kind::Float, Kind::Double].map(|kind| convolutions(images, layers, bias, kind))
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

/// The features of prepared images, and the gradients of two losses.
fn results(convs: &Convolutions, images: &Tensor) -> Vec<Tensor> {
    let pass = convs.record(images);
    let shape = pass.features().size();
    let gradient = random::normal(&shape, Kind::Double, &mut stream());
    let losses = [gradient.shallow_clone(), gradient.flip([0])]
        .map(|gradient| gradient.to_kind(pass.features().kind()));
    let gradients = convs.gradients(&pass, &losses.each_ref());
    let mut results: Vec<Tensor> = gradients.into_iter().flatten().collect();
    results.push(pass.features().detach());
    results.push(convs.features(images));
    results
}

/// |got - expected| / |expected|, over all elements.
fn distance(got: &Tensor, expected: &Tensor) -> f64 {
    let difference = (got.to_kind(Kind::Double) - expected).square().sum(Kind::Double);
    (difference / expected.square().sum(Kind::Double)).sqrt().double_value(&[])
}

/// bfloat16 has 8 bits. Features are as exact as libtorch's; gradients are far less exact than
/// that in both, for units near zero that are active in one number format only.
#[test]
fn amx_passes_are_as_exact_as_those_of_libtorch_in_bfloat16() {
    for (size, channels, layers) in
        [(84, 9, 4), (35, 9, 4), (24, 3, 3), (22, 12, 2), (21, 4, 2), (24, 1, 1)]
    {
        let shape = ImageShape { channels, size };
        let [ours, mut theirs, exact] = [Kind::BFloat16, Kind::BFloat16, Kind::Double]
            .map(|kind| convolutions(shape, layers, 0.5, kind));
        let Passes::Amx(_) = ours.passes else { return };
        theirs.passes = Passes::Libtorch(Kind::BFloat16);
        let images = random_images(9, shape);
        let [got, theirs, exact] =
            [&ours, &theirs, &exact].map(|convs| results(convs, &convs.prepare(&images)));
        for (index, exact) in exact.iter().enumerate() {
            let [ours, theirs] = [&got[index], &theirs[index]].map(|got| distance(got, exact));
            let (bound, times) =
                if index < 4 * layers as usize { (0.1, 3.0) } else { (0.005, 1.1) };
            let what = format!("result {index} of {layers} layers on {size} pixels");
            assert!(ours < bound && ours < times * theirs, "{what}: {ours:e}, {theirs:e}");
        }
        assert_eq!(got[got.len() - 1], got[got.len() - 2], "with and without the way back");
    }
}

/// In each layer, by weight and by bias.
#[test]
fn a_parameter_that_is_not_a_number_shows_in_the_features() {
    let shape = ImageShape { channels: 3, size: 24 };
    for (index, kind) in (0..12).map(|case| (case / 2, [Kind::Float, Kind::BFloat16][case % 2])) {
        let convs = convolutions(shape, 3, 0.0, kind);
        let (name, parameter) = convs.named("").swap_remove(index);
        let _ = no_grad(|| parameter.flatten(0, -1).narrow(0, 7, 1).fill_(f64::NAN));
        let features = convs.features(&convs.prepare(&random_images(2, shape)));
        assert!(features.isnan().any().int64_value(&[]) == 1, "{name} in {kind:?}");
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

/// Of twenty images: more than two tasks.
#[test]
fn the_number_of_threads_changes_no_bit() {
    let shape = ImageShape { channels: 9, size: 36 };
    for kind in [Kind::Float, Kind::BFloat16] {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let images = scale(&random_images(20, shape), Kind::Float, Device::Cpu);
                results(&convolutions(shape, 2, 0.0, kind), &images)
            })
        };
        assert_eq!(with_threads(1), with_threads(3), "{kind:?}");
    }
}
