//! Numbers to try objectives on, and their gradients held against finite differences.

use tch::{Kind, Tensor};

/// How far central differences step: their error is of the order of its square, 1e-10, and that of
/// rounding of 1e-11.
const STEP: f64 = 1e-5;

/// Of the largest derivative with respect to the same tensor.
const TOLERANCE: f64 = 1e-6;

/// sin(first^2), sin((first + 1)^2), ... in float64: numbers without symmetry that a line of Python
/// makes too (`wave` in `tests/golden/objectives/run.py`).
pub(super) fn wave(first: f64, size: &[i64]) -> Tensor {
    let count: i64 = size.iter().product();
    let places = Tensor::arange(count, (Kind::Double, tch::Device::Cpu));
    (places + first).square().sin().view(size)
}

/// Queries (5, 3), and keys of which two are nearest to their own query.
pub(super) fn queries_and_keys() -> (Tensor, Tensor) {
    let queries = wave(3.0, &[5, 3]);
    let keys = &queries + wave(42.0, &[5, 3]) * 0.7;
    (queries, keys)
}

/// Holds a scalar to a number that has 12 decimals.
pub(super) fn assert_is(found: &Tensor, expected: f64) {
    let found = found.double_value(&[]);
    assert!((found - expected).abs() < 2e-12, "{found} is not {expected}");
}

/// The gradients of a scalar with respect to each of some float64 tensors.
pub(super) fn gradients(inputs: &[Tensor], scalar: impl Fn(&[Tensor]) -> Tensor) -> Vec<Tensor> {
    let leaves: Vec<Tensor> =
        inputs.iter().map(|input| input.detach().copy().set_requires_grad(true)).collect();
    scalar(&leaves).backward();
    leaves.iter().map(Tensor::grad).collect()
}

/// Holds the gradients of a scalar to central differences, at a point that is away from its kinks.
pub(super) fn assert_gradients(inputs: &[Tensor], scalar: impl Fn(&[Tensor]) -> Tensor) {
    for (which, gradient) in gradients(inputs, &scalar).iter().enumerate() {
        let largest = gradient.abs().max().double_value(&[]);
        assert!(largest > 1e-3, "the scalar does not see tensor {which}");
        for place in 0..inputs[which].numel() as i64 {
            let at = |step: f64| {
                let moved: Vec<Tensor> = inputs.iter().map(Tensor::copy).collect();
                let _ = moved[which].view(-1).get(place).g_add_scalar_(step);
                scalar(&moved).double_value(&[])
            };
            let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let found = gradient.flatten(0, -1).double_value(&[place]);
            assert!(
                (found - difference).abs() < TOLERANCE * largest,
                "tensor {which}, place {place}: {found} is not {difference}"
            );
        }
    }
}
