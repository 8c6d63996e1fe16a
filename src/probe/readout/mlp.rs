//! The non-linear readout: a small multi-layer perceptron.

use rand::seq::SliceRandom;
use tch::{Device, Kind, Tensor, no_grad};

use super::{Samples, Sets, mean_square};
use crate::nn::{Adam, Init, Mlp, Parameters};
use crate::random::{Purpose, Streams};

const HIDDEN: i64 = 256;
const LEARNING_RATE: f64 = 1e-3;
const BETA1: f64 = 0.9;
const BATCH: usize = 128;
const MAX_EPOCHS: usize = 300;
/// Epochs without a smaller error on the validation samples after which there is no other.
const PATIENCE: usize = 20;

/// Predictions for the test inputs, (N, C), by one hidden layer of 256 with ReLU. It learns with Adam on
/// the mean squared error, and what is kept are the weights with the smallest error on the validation
/// samples. Weights and batches come from the stream of an index.
pub fn mlp(sets: &Sets, streams: &Streams, index: u64) -> Tensor {
    let [fit, validation, test] =
        [&sets.fit, &sets.validation, &sets.test].map(Samples::in_float32);
    let mut init =
        Init::new(streams.stream(Purpose::ProbeReadout, 2 * index), Kind::Float, Device::Cpu);
    let mut stream = streams.stream(Purpose::ProbeReadout, 2 * index + 1);
    let mlp = Mlp::new(&[fit.inputs.size()[1], HIDDEN, fit.targets.size()[1]], &mut init);
    let predict = |samples: &Samples| no_grad(|| mlp.forward(&samples.inputs));

    let mut adam = Adam::new(mlp.named("mlp"), LEARNING_RATE, BETA1);
    let mut order: Vec<i64> = (0..fit.inputs.size()[0]).collect();
    let mut best = Best { error: f64::INFINITY, epoch: 0, weights: copies(&mlp) };
    for epoch in 0..MAX_EPOCHS {
        order.shuffle(&mut stream);
        for rows in order.chunks(BATCH) {
            let batch = fit.rows(rows);
            let loss = (mlp.forward(&batch.inputs) - &batch.targets).square().mean(Kind::Float);
            let gradients = adam.gradients(&loss);
            adam.step(&gradients);
        }
        let error = mean_square(&predict(&validation), &validation.targets);
        if error < best.error {
            best = Best { error, epoch, weights: copies(&mlp) };
        } else if epoch - best.epoch >= PATIENCE {
            break;
        }
    }
    restore(&mlp, &best.weights);
    predict(&test).to_kind(Kind::Double)
}

/// The weights so far that have the smallest error on the validation samples.
struct Best {
    error: f64,
    epoch: usize,
    weights: Vec<Tensor>,
}

impl Samples {
    fn in_float32(&self) -> Self {
        let [inputs, targets] = [&self.inputs, &self.targets].map(|all| all.to_kind(Kind::Float));
        Self { inputs, targets }
    }

    fn rows(&self, rows: &[i64]) -> Self {
        let rows = Tensor::from_slice(rows);
        let [inputs, targets] = [&self.inputs, &self.targets].map(|all| all.index_select(0, &rows));
        Self { inputs, targets }
    }
}

fn copies(mlp: &Mlp) -> Vec<Tensor> {
    mlp.named("").iter().map(|(_, weight)| weight.detach().copy()).collect()
}

fn restore(mlp: &Mlp, weights: &[Tensor]) {
    no_grad(|| {
        for ((_, mut own), weight) in mlp.named("").into_iter().zip(weights) {
            own.copy_(weight);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::inputs;
    use super::*;
    use crate::probe::readout::{linear, r_squared};

    #[test]
    fn it_reads_out_what_no_line_can() {
        let (inputs, parts) = inputs(600, 2);
        let sets = Sets::new(&inputs, &inputs.square().narrow(1, 0, 1), &parts);
        let r2 = |predicted: Tensor| r_squared(&predicted, &sets.test.targets)[0];
        let (line, curve) = (r2(linear(&sets)), r2(mlp(&sets, &Streams::new(1), 0)));
        assert!(line < 0.2 && curve > 0.9, "{line} {curve}");
    }

    #[test]
    fn it_depends_on_its_stream_alone() {
        let (inputs, parts) = inputs(50, 2);
        let sets = Sets::new(&inputs, &inputs, &parts);
        let of = |seed| mlp(&sets, &Streams::new(seed), 0);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
