//! Linear layers and multi-layer perceptrons.

use tch::Tensor;

use super::Init;

/// A part of the agent that owns named tensors. Names are paths, such as `critic.q1.0.weight`.
pub trait Parameters {
    /// Calls `visit` with the name and tensor of every parameter below `path`, always in the same
    /// order.
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor));

    /// Handles to the parameters (not copies), with their names.
    fn named(&self, path: &str) -> Vec<(String, Tensor)> {
        let mut named = Vec::new();
        self.visit(path, &mut |name, tensor| named.push((name, tensor.shallow_clone())));
        named
    }

    /// Makes the parameters constants: nothing that uses them records a graph for them.
    fn freeze(&self) {
        self.visit("", &mut |_, tensor| drop(tensor.set_requires_grad(false)));
    }
}

/// y = x W' + b, with W (out, in).
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Orthogonal weights, zero bias.
    pub fn new(inputs: i64, outputs: i64, init: &mut Init) -> Self {
        Self { weight: init.orthogonal(outputs, inputs, 1.0), bias: init.constant(&[outputs], 0.0) }
    }

    /// (B, in) -> (B, out).
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, Some(&self.bias))
    }

    /// The same, computed in the number format of `x`.
    pub fn forward_in_kind_of(&self, x: &Tensor) -> Tensor {
        let kind = x.kind();
        x.linear(&self.weight.to_kind(kind), Some(&self.bias.to_kind(kind)))
    }
}

impl Parameters for Linear {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        visit(format!("{path}.weight"), &self.weight);
        visit(format!("{path}.bias"), &self.bias);
    }
}

/// Linear layers with ReLU between them.
#[derive(Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// One layer from each width to the next.
    pub fn new(widths: &[i64], init: &mut Init) -> Self {
        let layers = widths.windows(2).map(|pair| Linear::new(pair[0], pair[1], init)).collect();
        Self { layers }
    }

    /// (B, first width) -> (B, last width).
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let (first, rest) = self.layers.split_first().expect("an Mlp has at least one layer");
        rest.iter().fold(first.forward(x), |x, layer| layer.forward(&x.relu()))
    }
}

impl Parameters for Mlp {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        for (index, layer) in self.layers.iter().enumerate() {
            layer.visit(&format!("{path}.{index}"), visit);
        }
    }
}
