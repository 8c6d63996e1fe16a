//! Recurrent layers, by libtorch.

use tch::Tensor;

use super::{Init, Parameters};

/// A recurrent layer that starts each sequence at zero.
#[derive(Debug)]
pub struct Recurrent {
    cell: Cell,
    /// From the input, (gates hidden, in), and from the state before, (gates hidden, hidden).
    weights: [Tensor; 2],
    /// The same, (gates hidden) each.
    biases: [Tensor; 2],
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    /// Cho et al. 2014.
    Gru,
    /// Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    Lstm,
}

impl Recurrent {
    pub fn gru(inputs: i64, hidden: i64, init: &mut Init) -> Self {
        Self::new(Cell::Gru, 3 * hidden, inputs, hidden, init)
    }

    pub fn lstm(inputs: i64, hidden: i64, init: &mut Init) -> Self {
        Self::new(Cell::Lstm, 4 * hidden, inputs, hidden, init)
    }

    fn new(cell: Cell, gates: i64, inputs: i64, hidden: i64, init: &mut Init) -> Self {
        let weights = [inputs, hidden].map(|width| init.orthogonal(gates, width, 1.0));
        let biases = [0.0; 2].map(|zero| init.constant(&[gates], zero));
        Self { cell, weights, biases }
    }

    /// Sequences (S, T, in) -> the state after each of their vectors, (S, T, hidden).
    pub fn forward(&self, sequences: &Tensor) -> Tensor {
        let parameters: Vec<&Tensor> = self.weights.iter().chain(&self.biases).collect();
        let hidden = self.weights[1].size()[1];
        let start = Tensor::zeros(
            [1, sequences.size()[0], hidden],
            (self.weights[0].kind(), self.weights[0].device()),
        );
        match self.cell {
            Cell::Gru => sequences.gru(&start, &parameters, true, 1, 0.0, false, false, true).0,
            Cell::Lstm => {
                sequences.lstm(&[&start, &start], &parameters, true, 1, 0.0, false, false, true).0
            }
        }
    }
}

impl Parameters for Recurrent {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        for (name, tensor) in ["input", "state"].iter().zip(&self.weights) {
            visit(format!("{path}.{name}.weight"), tensor);
        }
        for (name, tensor) in ["input", "state"].iter().zip(&self.biases) {
            visit(format!("{path}.{name}.bias"), tensor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};
    use tch::{Device, Kind};

    fn layer(make: fn(i64, i64, &mut Init) -> Recurrent) -> Recurrent {
        let stream = Streams::new(1).stream(Purpose::Weights, 0);
        make(3, 5, &mut Init::new(stream, Kind::Double, Device::Cpu))
    }

    #[test]
    fn a_state_knows_what_came_and_not_what_comes() {
        for make in [Recurrent::gru, Recurrent::lstm] {
            let layer = layer(make);
            let sequence = Tensor::arange(24, (Kind::Double, Device::Cpu)).sin().view([2, 4, 3]);
            let states = layer.forward(&sequence);
            assert_eq!(states.size(), [2, 4, 5]);
            let other = sequence.copy();
            let _ = other.narrow(1, 2, 1).fill_(7.0);
            let moved = (layer.forward(&other) - states).abs().amax([0, 2], false);
            let moved: Vec<f64> = Vec::try_from(moved).expect("a vector");
            assert_eq!(moved[..2], [0.0, 0.0]);
            assert!(moved[2] > 1e-3 && moved[3] > 1e-3, "{moved:?}");
        }
    }

    /// One step of a GRU from zero, by hand: h = (1 - z) tanh(W_n x + b_n + r b_hn).
    #[test]
    fn a_gru_is_its_definition() {
        let layer = layer(Recurrent::gru);
        let x = Tensor::from_slice(&[0.3, -0.2, 0.9]).view([1, 1, 3]);
        let parts = x.view([1, 3]).matmul(&layer.weights[0].tr()).chunk(3, 1);
        let expected = (1.0 - parts[1].sigmoid()) * parts[2].tanh();
        let difference: Tensor = layer.forward(&x).view([1, 5]) - expected;
        assert!(difference.abs().max().double_value(&[]) < 1e-12);
    }
}
