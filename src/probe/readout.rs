//! Regression of a state from representations of its picture: what a readout is fitted on, and how good it is.

mod linear;
mod mlp;

use tch::{Kind, Tensor};

use super::split::Part;
pub use linear::linear;
pub use mlp::mlp;

/// Inputs (N, D) and the targets (N, C) that they should tell, in float64.
#[derive(Debug)]
pub struct Samples {
    pub inputs: Tensor,
    pub targets: Tensor,
}

/// Samples by what they are for. Over those of fitting and validation each column has mean 0, each target
/// has variance 1, and inputs have variance 1 on average.
///
/// Inputs keep their sizes relative to each other. Were each brought to variance 1, a pixel that something
/// reaches once in training would become as large as all others, and in a test far larger.
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
        let (inputs, targets) = (alike(inputs, &training), standard(targets, &training));
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

/// Columns with mean 0 over some rows, all divided by the same number so that their mean variance there is 1.
fn alike(values: &Tensor, rows: &Tensor) -> Tensor {
    let of = values.index_select(0, rows);
    let variance = of.var_dim(0, false, true).mean(Kind::Double).double_value(&[]);
    let scale = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    (values - of.mean_dim(0, true, Kind::Double)) / scale
}

/// Columns with mean 0 and variance 1 over some rows, in which they vary.
fn standard(values: &Tensor, rows: &Tensor) -> Tensor {
    let of = values.index_select(0, rows);
    (values - of.mean_dim(0, true, Kind::Double)) / of.std_dim(0, false, true)
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
    fn targets_have_variance_one_and_inputs_on_average() {
        let (inputs, parts) = inputs(50, 3);
        let shifted = &inputs * Tensor::from_slice(&[2.0, 1.0, 0.0f64]) + 7.0;
        let sets = Sets::new(&shifted, &(&inputs * 9.0), &parts);
        assert_eq!((sets.fit.inputs.size()[0], sets.test.inputs.size()[0]), (30, 10));
        let Samples { inputs, targets } = sets.training();
        let numbers = |x: Tensor| Vec::<f64>::try_from(x).expect("a vector of float64");
        for all in [&inputs, &targets] {
            let means = numbers(all.mean_dim(0, false, Kind::Double));
            assert!(means.iter().all(|mean| mean.abs() < 1e-12), "{means:?}");
        }
        let of_targets = numbers(targets.var_dim(0, false, false));
        assert!(of_targets.iter().all(|variance| (variance - 1.0).abs() < 1e-12));
        let of_inputs = numbers(inputs.var_dim(0, false, false));
        assert!((of_inputs.iter().sum::<f64>() - 3.0).abs() < 1e-12, "{of_inputs:?}");
        assert!(of_inputs[0] > of_inputs[1] && of_inputs[2] == 0.0, "{of_inputs:?}");
    }

    #[test]
    fn inputs_that_are_all_the_same_stay_finite() {
        let (inputs, parts) = inputs(50, 2);
        let sets = Sets::new(&(&inputs * 0.0 + 4.0), &inputs, &parts);
        let r2 = r_squared(&linear(&sets), &sets.test.targets);
        assert!(r2.iter().all(|r2| *r2 <= 0.0 && *r2 > -1.0), "{r2:?}");
    }
}
