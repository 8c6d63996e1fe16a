//! Initial weights, as the authors' `weight_init` has them.

use tch::{Device, Kind, Tensor};

use crate::random::{self, Stream};

/// Makes the initial tensors of a network, in one number format on one device, from one stream.
pub struct Init {
    stream: Stream,
    kind: Kind,
    device: Device,
}

impl Init {
    pub fn new(stream: Stream, kind: Kind, device: Device) -> Self {
        Self { stream, kind, device }
    }

    /// The number format of what it makes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// A (rows, cols) matrix with orthonormal rows or columns, whichever are fewer, times `gain`
    /// (Saxe et al. 2013): the Q factor of a normal matrix, made unique by a positive diagonal of
    /// R.
    pub fn orthogonal(&mut self, rows: i64, cols: i64, gain: f64) -> Tensor {
        let tall =
            random::normal(&[rows.max(cols), rows.min(cols)], Kind::Double, &mut self.stream);
        let (q, r) = Tensor::linalg_qr(&tall, "reduced");
        let q = q * r.diagonal(0, 0, 1).sign();
        let matrix = if rows < cols { q.tr() } else { q };
        self.parameter(&(matrix * gain))
    }

    /// Delta-orthogonal (Xiao et al. 2018): a (filters, channels, 3, 3) kernel that is zero but for
    /// its centre, which is orthogonal with the gain of ReLU, sqrt(2).
    pub fn delta_orthogonal(&mut self, filters: i64, channels: i64) -> Tensor {
        let centre = self.orthogonal(filters, channels, std::f64::consts::SQRT_2).detach();
        let kernel = Tensor::zeros([filters, channels, 3, 3], (self.kind, self.device));
        kernel.select(3, 1).select(2, 1).copy_(&centre);
        self.parameter(&kernel)
    }

    /// Uniform in [0, 1), as `torch.rand`.
    pub fn uniform(&mut self, shape: &[i64]) -> Tensor {
        let values = random::uniform(shape, self.kind, &mut self.stream);
        self.parameter(&values)
    }

    /// The identity, (size, size).
    pub fn identity(&mut self, size: i64) -> Tensor {
        self.parameter(&Tensor::eye(size, (self.kind, self.device)))
    }

    pub fn constant(&mut self, shape: &[i64], value: f64) -> Tensor {
        self.parameter(&Tensor::full(shape, value, (self.kind, self.device)))
    }

    /// A leaf of the autograd graph that holds `value`.
    fn parameter(&self, value: &Tensor) -> Tensor {
        value
            .to_device(self.device)
            .to_kind(self.kind)
            .contiguous()
            .detach()
            .copy()
            .set_requires_grad(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    fn init() -> Init {
        Init::new(Streams::new(1).stream(Purpose::Weights, 0), Kind::Double, Device::Cpu)
    }

    fn distance_from_identity(gram: &Tensor) -> f64 {
        let eye = Tensor::eye(gram.size()[0], (Kind::Double, Device::Cpu));
        (gram - eye).abs().max().double_value(&[])
    }

    #[test]
    fn orthogonal_has_orthonormal_rows_or_columns() {
        let wide = init().orthogonal(5, 12, 1.0);
        assert!(distance_from_identity(&wide.matmul(&wide.tr())) < 1e-12);
        let tall = init().orthogonal(12, 5, 2.0);
        assert!(distance_from_identity(&(tall.tr().matmul(&tall) / 4.0)) < 1e-12);
    }

    #[test]
    fn delta_orthogonal_is_zero_but_for_its_centre() {
        let kernel = init().delta_orthogonal(32, 9);
        let centre = kernel.select(3, 1).select(2, 1);
        let energy = |t: &Tensor| t.square().sum(Kind::Double).double_value(&[]);
        assert!((energy(&kernel) - energy(&centre)).abs() < 1e-12);
        assert!(distance_from_identity(&(centre.tr().matmul(&centre) / 2.0)) < 1e-12);
    }
}
