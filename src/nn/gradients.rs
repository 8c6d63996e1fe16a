//! How large gradients are, and whether they are numbers at all.

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::slice::floats;

/// Elements that one task of the parallel pass takes. Their sum is taken in one order, and so are
/// the sums of the tasks, so that the number of threads changes no bit.
const CHUNK: usize = 1 << 15;
/// Sums that run side by side, for the processor's vectors.
const LANES: usize = 8;

/// The L2 norm over all elements of all tensors, summed in float64. It is not finite where an
/// element is not.
#[tracing::instrument(level = "trace", name = "gradient norms", skip_all)]
pub fn gradient_norm(gradients: &[Tensor]) -> f64 {
    let in_memory =
        |tensor: &Tensor| tensor.kind() == Kind::Float && tensor.device() == Device::Cpu;
    let squares = if gradients.iter().all(in_memory) {
        squares_in_one_pass(gradients)
    } else {
        squares_by_operations(gradients)
    };
    squares.sqrt()
}

/// The first element that is not finite, if there is one.
pub fn first_non_finite(tensor: &Tensor) -> Option<f64> {
    let elements = tensor.detach().flatten(0, -1);
    let found = elements.masked_select(&elements.isfinite().logical_not());
    (found.numel() > 0).then(|| found.double_value(&[0]))
}

fn squares_in_one_pass(tensors: &[Tensor]) -> f64 {
    let tensors: Vec<Tensor> = tensors.iter().map(Tensor::contiguous).collect();
    let chunks: Vec<&[f32]> =
        tensors.iter().flat_map(|tensor| floats(tensor).chunks(CHUNK)).collect();
    let sums: Vec<f64> = chunks.into_par_iter().map(squares_by_vectors).collect();
    sums.iter().sum()
}

/// By the longest vectors that the processor has: the bits are the same.
#[cfg(target_arch = "x86_64")]
fn squares_by_vectors(values: &[f32]) -> f64 {
    #[target_feature(enable = "avx512f")]
    fn by_avx512(values: &[f32]) -> f64 {
        squares(values)
    }
    #[target_feature(enable = "avx2")]
    fn by_avx2(values: &[f32]) -> f64 {
        squares(values)
    }
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has the instructions, here and below.
        unsafe { by_avx512(values) }
    } else if std::arch::is_x86_feature_detected!("avx2") {
        unsafe { by_avx2(values) }
    } else {
        squares(values)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn squares_by_vectors(values: &[f32]) -> f64 {
    squares(values)
}

#[inline(always)]
fn squares(values: &[f32]) -> f64 {
    let square = |value: &f32| f64::from(*value) * f64::from(*value);
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += square(value);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(square).sum::<f64>()
}

/// On a GPU this is where the update waits for the gradients, once.
fn squares_by_operations(tensors: &[Tensor]) -> f64 {
    let squares = |tensor: &Tensor| tensor.to_kind(Kind::Double).square().sum(Kind::Double);
    let squares: Vec<Tensor> = tensors.iter().map(squares).collect();
    Tensor::stack(&squares, 0).sum(Kind::Double).double_value(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose, Streams};

    /// Gradients of a matrix longer than two tasks, of a vector shorter than a vector register, and
    /// of a filter whose memory is not contiguous.
    fn gradients(kind: Kind) -> Vec<Tensor> {
        let mut stream = Streams::new(5).stream(Purpose::Weights, 0);
        let shapes: [&[i64]; 3] = [&[3, CHUNK as i64 - 7], &[5], &[4, 3, 3, 3]];
        let mut normal = |shape| random::normal(shape, Kind::Float, &mut stream).to_kind(kind);
        let [matrix, vector, filter] = shapes.map(&mut normal);
        vec![matrix, vector, filter.transpose(0, 1)]
    }

    /// One sum over the elements, one by one.
    fn plain_norm(gradients: &[Tensor]) -> f64 {
        let values = |tensor: &Tensor| {
            Vec::<f64>::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
        };
        gradients.iter().flat_map(values).map(|value| value * value).sum::<f64>().sqrt()
    }

    #[test]
    fn the_norm_is_the_root_of_the_plain_sum_of_squares() {
        let expected = plain_norm(&gradients(Kind::Double));
        assert!(expected > 300.0, "there are 98,000 elements of variance 1");
        for kind in [Kind::Float, Kind::Double] {
            let got = gradient_norm(&gradients(kind));
            assert!((got - expected).abs() < 1e-12 * expected, "{kind:?}: {got} {expected}");
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| gradient_norm(&gradients(Kind::Float)).to_bits())
        };
        assert_eq!(with_threads(1), with_threads(3));
    }

    /// The squares of such numbers are beyond float32.
    #[test]
    fn large_gradients_have_a_norm() {
        let large = [Tensor::from_slice(&[3e30f32, 0.0]), Tensor::from_slice(&[-4e30f32])];
        let norm = gradient_norm(&large);
        assert!((norm - 5e30).abs() < 1e-6 * norm, "{norm}");
    }

    #[test]
    fn an_element_that_is_not_finite_shows_in_the_norm_and_is_found() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for kind in [Kind::Float, Kind::Double] {
                let matrix = Tensor::from_slice(&[1.0, 2.0, value, 4.0]).view([2, 2]).to_kind(kind);
                assert!(
                    !gradient_norm(&[Tensor::zeros([3], (kind, Device::Cpu)), matrix.copy()])
                        .is_finite()
                );
                let found = first_non_finite(&matrix).unwrap();
                assert_eq!(found.to_string(), value.to_string());
            }
        }
        assert_eq!(first_non_finite(&Tensor::from(0.5)), None);
    }
}
