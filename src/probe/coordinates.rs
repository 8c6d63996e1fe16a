//! The numbers of the simulator's state that can be regressed.

use tch::{Kind, Tensor};

use super::observations::Observation;
use super::readout::rows;
use super::split::Part;

/// A coordinate whose deviation is this share of its largest number, or less, does not vary.
const VARIES: f64 = 1e-9;

/// The coordinates that vary, and those that do not.
#[derive(Debug)]
pub struct Coordinates {
    pub names: Vec<String>,
    pub left_out: Vec<String>,
    /// Of each observation those that vary, (N, C) in float64.
    pub values: Tensor,
}

impl Coordinates {
    /// Chooses those that vary both among the observations for fitting and among those for testing. No
    /// readout could be judged by another.
    pub fn new(names: &[String], observations: &[Observation], parts: &[Part]) -> Self {
        let numbers: Vec<f64> = observations.iter().flat_map(|one| one.state.clone()).collect();
        let all =
            Tensor::from_slice(&numbers).view([observations.len() as i64, names.len() as i64]);
        let varying = [Part::Fit, Part::Test].map(|part| varying(&all, &rows(parts, &[part])));
        let (chosen, others): (Vec<usize>, Vec<usize>) =
            (0..names.len()).partition(|&column| varying.iter().all(|varies| varies[column]));
        let columns: Vec<i64> = chosen.iter().map(|&column| column as i64).collect();
        let of = |columns: Vec<usize>| columns.into_iter().map(|at| names[at].clone()).collect();
        Self {
            values: all.index_select(1, &Tensor::from_slice(&columns)),
            names: of(chosen),
            left_out: of(others),
        }
    }
}

/// Whether each column varies over some rows, by a finite amount.
fn varying(values: &Tensor, rows: &Tensor) -> Vec<bool> {
    let values = values.index_select(0, rows);
    let numbers = |x: Tensor| Vec::<f64>::try_from(x.contiguous()).expect("a vector of float64");
    let deviations = numbers(values.std_dim(0, false, false));
    let largest = numbers(values.abs().amax([0], false).to_kind(Kind::Double));
    let varies =
        |(deviation, largest): (f64, f64)| deviation.is_finite() && deviation > VARIES * largest;
    deviations.into_iter().zip(largest).map(varies).collect()
}
