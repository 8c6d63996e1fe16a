//! The linear readout: ridge regression.

use tch::{Kind, Tensor};

use super::{Samples, Sets, mean_square};

/// Penalties to choose from, as shares of the inputs' mean variance. The smallest one keeps the normal
/// equations of float64 solvable, whatever depends on what.
const PENALTIES: [f64; 9] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0];

/// Predictions for the test inputs, (N, C): weights that minimise the mean squared error plus a penalty
/// times their squares, which is chosen by the error on the validation samples and the same for all
/// coordinates. The weights are then those of fitting and validation samples together.
pub fn linear(sets: &Sets) -> Tensor {
    let error = |penalty: f64| {
        let fitted = Ridge::fit(&sets.fit, penalty);
        mean_square(&fitted.predict(&sets.validation.inputs), &sets.validation.targets)
    };
    let errors = PENALTIES.map(|penalty| (error(penalty), penalty));
    let best = errors.into_iter().min_by(|one, other| one.0.total_cmp(&other.0));
    let (_, penalty) = best.expect("there are penalties");
    Ridge::fit(&sets.training(), penalty).predict(&sets.test.inputs)
}

/// y = (x - mean) W + bias.
#[derive(Debug)]
struct Ridge {
    mean: Tensor,
    weight: Tensor,
    bias: Tensor,
}

impl Ridge {
    fn fit(samples: &Samples, penalty: f64) -> Self {
        let Samples { inputs, targets } = samples;
        let (rows, columns) = inputs.size2().expect("inputs are a matrix");
        let mean = inputs.mean_dim(0, true, Kind::Double);
        let bias = targets.mean_dim(0, true, Kind::Double);
        let centred = inputs - &mean;
        let transposed = centred.tr() / rows as f64;
        let identity = Tensor::eye(columns, (Kind::Double, inputs.device()));
        let normal = transposed.matmul(&centred) + identity * penalty;
        let root = normal.linalg_cholesky(false);
        let weight = transposed.matmul(&(targets - &bias)).cholesky_solve(&root, false);
        Self { mean, weight, bias }
    }

    fn predict(&self, inputs: &Tensor) -> Tensor {
        (inputs - &self.mean).matmul(&self.weight) + &self.bias
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{inputs, stream};
    use super::*;
    use crate::probe::readout::r_squared;
    use crate::random;

    #[test]
    fn a_linear_map_is_read_out_whole() {
        let (inputs, parts) = inputs(200, 6);
        let map = random::normal(&[6, 2], Kind::Double, &mut stream());
        let sets = Sets::new(&inputs, &(inputs.matmul(&map) * 3.0 + 5.0), &parts);
        for r2 in r_squared(&linear(&sets), &sets.test.targets) {
            assert!(r2 > 1.0 - 1e-9, "{r2}");
        }
    }

    #[test]
    fn columns_that_depend_on_each_other_do_no_harm() {
        let (inputs, parts) = inputs(60, 4);
        let twice = Tensor::cat(&[&inputs, &inputs, &inputs.zeros_like()], 1);
        let sets = Sets::new(&twice, &inputs.narrow(1, 0, 1), &parts);
        let r2 = r_squared(&linear(&sets), &sets.test.targets)[0];
        assert!(r2 > 1.0 - 1e-9, "{r2}");
    }

    #[test]
    fn noise_tells_nothing() {
        let (inputs, parts) = inputs(400, 8);
        let targets = random::normal(&[400, 1], Kind::Double, &mut stream());
        let targets = targets.roll(7, 0);
        let sets = Sets::new(&inputs, &targets, &parts);
        let r2 = r_squared(&linear(&sets), &sets.test.targets)[0];
        assert!(r2.abs() < 0.2, "{r2}");
    }
}
