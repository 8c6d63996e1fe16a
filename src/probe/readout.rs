//! Regression of a state from representations of its picture: what a readout is fitted on, and how good it is.

mod linear;
mod mlp;

use tch::{Kind, Tensor};

use super::split::Part;
pub use linear::linear;
pub use mlp::mlp;

/// Columns of which the deviation is this share of the largest one's, or less, count as constant: they
/// would only be rounding errors made large.
const CONSTANT: f64 = 1e-6;

/// Inputs (N, D) and the targets (N, C) that they should tell, in float64.
#[derive(Debug)]
pub struct Samples {
    pub inputs: Tensor,
    pub targets: Tensor,
}

/// Samples by what they are for. Each column has mean 0 and deviation 1 over those of fitting and
/// validation, or is 0 if it is constant there.
#[derive(Debug)]
pub struct Sets {
    pub fit: Samples,
    pub validation: Samples,
    pub test: Samples,
}

impl Sets {
    /// Splits inputs (N, D) and targets (N, C) by the parts of their rows.
    ///
    /// # Panics
    /// If a part has no rows.
    pub fn new(inputs: &Tensor, targets: &Tensor, parts: &[Part]) -> Self {
        let training = rows(parts, &[Part::Fit, Part::Validation]);
        let (inputs, targets) = (standard(inputs, &training), standard(targets, &training));
        let of = |part| {
            let rows = rows(parts, &[part]);
            let [inputs, targets] = [&inputs, &targets].map(|all| all.index_select(0, &rows));
            Samples { inputs, targets }
        };
        Self { fit: of(Part::Fit), validation: of(Part::Validation), test: of(Part::Test) }
    }

    /// Those of fitting and of validation.
    fn training(&self) -> Samples {
        let (fit, validation) = (&self.fit, &self.validation);
        Samples {
            inputs: Tensor::cat(&[&fit.inputs, &validation.inputs], 0),
            targets: Tensor::cat(&[&fit.targets, &validation.targets], 0),
        }
    }
}

/// The numbers of the rows whose part is among these.
pub fn rows(parts: &[Part], wanted: &[Part]) -> Tensor {
    let rows = parts.iter().enumerate().filter(|(_, part)| wanted.contains(part));
    let rows: Vec<i64> = rows.map(|(row, _)| row as i64).collect();
    assert!(!rows.is_empty(), "every part has rows");
    Tensor::from_slice(&rows)
}

/// Columns with mean 0 and deviation 1 over some rows.
fn standard(values: &Tensor, rows: &Tensor) -> Tensor {
    let values = values.to_kind(Kind::Double);
    let of = values.index_select(0, rows);
    let deviation = of.std_dim(0, false, true);
    let is_constant = deviation.le_tensor(&(deviation.max() * CONSTANT));
    let scale = deviation.masked_fill(&is_constant, f64::INFINITY);
    (values - of.mean_dim(0, true, Kind::Double)) / scale
}

/// The coefficient of determination of each column: 1 for predictions (N, C) that equal the targets, 0
/// for those that are no better than the targets' mean, negative for worse ones.
pub fn r_squared(predicted: &Tensor, targets: &Tensor) -> Vec<f64> {
    let squares = |x: Tensor| x.square().sum_dim_intlist(0, false, Kind::Double);
    let residual = squares(targets - predicted);
    let total = squares(targets - targets.mean_dim(0, true, Kind::Double));
    let r2: Tensor = 1.0 - residual / total;
    Vec::try_from(r2.contiguous()).expect("they are a vector of float64")
}

/// The mean squared error over all columns.
fn mean_square(predicted: &Tensor, targets: &Tensor) -> f64 {
    (predicted - targets).square().mean(Kind::Double).double_value(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose, Stream, Streams};

    pub(super) fn stream() -> Stream {
        Streams::new(5).stream(Purpose::ProbeReadout, 99)
    }

    /// Inputs (N, D) of which every fifth row is for testing and every fifth for validation.
    pub(super) fn inputs(n: i64, d: i64) -> (Tensor, Vec<Part>) {
        let part = |row: i64| match row % 5 {
            0 => Part::Test,
            1 => Part::Validation,
            _ => Part::Fit,
        };
        (random::normal(&[n, d], Kind::Double, &mut stream()), (0..n).map(part).collect())
    }

    #[test]
    fn r_squared_is_one_zero_or_less() {
        let targets = Tensor::from_slice(&[1.0, 1.0, 1.0, 3.0, 3.0, 3.0f64]).view([2, 3]);
        let predicted = Tensor::from_slice(&[1.0, 2.0, 3.0, 3.0, 2.0, 1.0f64]).view([2, 3]);
        assert_eq!(r_squared(&predicted, &targets), [1.0, 0.0, -3.0]);
    }

    #[test]
    fn columns_are_standard_over_the_training_rows_and_constant_ones_are_zero() {
        let (inputs, parts) = inputs(50, 3);
        let shifted = &inputs * Tensor::from_slice(&[2.0, 1.0, 0.0f64]) + 7.0;
        let sets = Sets::new(&shifted, &inputs, &parts);
        let training = sets.training().inputs;
        let close = |got: Tensor, expected: [f64; 3]| {
            let difference = got - Tensor::from_slice(&expected);
            assert!(difference.abs().max().double_value(&[]) < 1e-12, "{expected:?}");
        };
        close(training.mean_dim(0, false, Kind::Double), [0.0; 3]);
        close(training.std_dim(0, false, false), [1.0, 1.0, 0.0]);
        assert_eq!((sets.fit.inputs.size()[0], sets.test.inputs.size()[0]), (30, 10));
        let constant = Sets::new(&(&inputs * 0.0), &inputs, &parts).test.inputs;
        assert_eq!(constant.abs().max().double_value(&[]), 0.0);
    }
}
