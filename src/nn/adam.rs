//! Adam (Kingma & Ba 2015), as `torch.optim.Adam` computes it.
//!
//! tch's own optimisers neither save their state nor share tensors with one another, and CURL's
//! convolutions sit in three optimisers at once. This one holds handles to the parameters, is given
//! the gradients, and keeps its moments as named tensors.

use rayon::prelude::*;
use tch::{Device, Kind, Tensor, no_grad};

use super::slice::{floats, floats_mut};

const EPSILON: f64 = 1e-8;
const BETA2: f64 = 0.999;
/// Elements that one task of the parallel pass takes: few enough to stay in the second-level cache.
const CHUNK: usize = 1 << 15;
/// Moments below this count as zero, in float32. Those of a weight whose gradient has become zero, as
/// behind a unit that is never active, would else decay into subnormal numbers and stay there, which
/// processors compute with a hundred times more slowly. At a learning rate of 1e-3
/// no step changes by as much as 1e-16 for it: epsilon, beside the root of such a second moment, is 1e-8.
const NEGLIGIBLE: f32 = 1e-33;

/// An optimiser of a fixed list of parameters.
#[derive(Debug)]
pub struct Adam {
    parameters: Vec<Moments>,
    learning_rate: f64,
    beta1: f64,
    steps: u64,
}

/// A parameter and the moving averages of its gradient and of the gradient's square.
#[derive(Debug)]
struct Moments {
    name: String,
    parameter: Tensor,
    first: Tensor,
    second: Tensor,
}

impl Adam {
    /// An optimiser of these parameters, which it shares with the network that they come from.
    pub fn new(parameters: Vec<(String, Tensor)>, learning_rate: f64, beta1: f64) -> Self {
        let moments = |(name, parameter): (String, Tensor)| {
            let zeros = || parameter.zeros_like().set_requires_grad(false);
            Moments { name, first: zeros(), second: zeros(), parameter }
        };
        let parameters = parameters.into_iter().map(moments).collect();
        Self { parameters, learning_rate, beta1, steps: 0 }
    }

    /// The gradients of a scalar loss with respect to this optimiser's parameters, and to nothing
    /// else.
    pub fn gradients(&self, loss: &Tensor) -> Vec<Tensor> {
        let parameters: Vec<&Tensor> = self.parameters.iter().map(|p| &p.parameter).collect();
        Tensor::run_backward(&[loss], &parameters, false, false)
    }

    /// Moves every parameter by one step, given the gradients in the order of the parameters.
    #[tracing::instrument(level = "trace", name = "Adam", skip_all)]
    pub fn step(&mut self, gradients: &[Tensor]) {
        assert_eq!(gradients.len(), self.parameters.len(), "there is one gradient a parameter");
        self.steps += 1;
        let step = StepSize::new(self.learning_rate, self.beta1, self.steps);
        no_grad(|| {
            for (moments, gradient) in self.parameters.iter_mut().zip(gradients) {
                if moments.parameter.kind() == Kind::Float && gradient.device() == Device::Cpu {
                    moments.step_in_one_pass(&gradient.contiguous(), &step);
                } else {
                    moments.step_by_operations(gradient, &step);
                }
            }
        });
    }

    /// Handles to the parameters from an index on.
    pub fn parameters_from(&self, index: usize) -> Vec<Tensor> {
        self.parameters[index..].iter().map(|moments| moments.parameter.shallow_clone()).collect()
    }

    /// How many tensors it moves.
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// The names of the parameters, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|moments| moments.name.as_str())
    }

    /// Gradient steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// The moments, as `<parameter>.first` and `<parameter>.second`.
    pub fn named_moments(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.parameters.iter().flat_map(|Moments { name, first, second, .. }| {
            [(format!("{name}.first"), first), (format!("{name}.second"), second)]
        })
    }
}

/// The factors of one step, with the bias corrections folded in.
struct StepSize {
    beta1: f64,
    size: f64,
    root_correction2: f64,
}

impl StepSize {
    fn new(learning_rate: f64, beta1: f64, steps: u64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(steps as f64);
        Self {
            beta1,
            size: learning_rate / correction(beta1),
            root_correction2: correction(BETA2).sqrt(),
        }
    }
}

impl Moments {
    fn step_by_operations(&mut self, gradient: &Tensor, step: &StepSize) {
        let _ = self.first.lerp_(gradient, 1.0 - step.beta1);
        let _ = self.second.g_mul_scalar_(BETA2).addcmul_(&(gradient * (1.0 - BETA2)), gradient);
        let denominator = self.second.sqrt() / step.root_correction2 + EPSILON;
        let _ = self.parameter.addcdiv_(&(&self.first * -step.size), &denominator);
    }

    /// The same in a single pass over memory, which is what Adam's cost is.
    fn step_in_one_pass(&mut self, gradient: &Tensor, step: &StepSize) {
        let weight1 = (1.0 - step.beta1) as f32;
        let (beta2, weight2) = (BETA2 as f32, (1.0 - BETA2) as f32);
        let (size, root) = (step.size as f32, step.root_correction2 as f32);
        let parameter = floats_mut(&mut self.parameter).par_chunks_mut(CHUNK);
        let first = floats_mut(&mut self.first).par_chunks_mut(CHUNK);
        let second = floats_mut(&mut self.second).par_chunks_mut(CHUNK);
        let gradient = floats(gradient).par_chunks(CHUNK);
        parameter.zip(first).zip(second).zip(gradient).for_each(|(((p, m), v), g)| {
            for (((p, m), v), g) in p.iter_mut().zip(m).zip(v).zip(g) {
                *m = or_zero(*m + weight1 * (g - *m));
                *v = or_zero(beta2 * *v + weight2 * g * g);
                *p -= size * *m / (v.sqrt() / root + EPSILON as f32);
            }
        });
    }
}

/// A moment, if it is not negligible. NaN is not.
fn or_zero(moment: f32) -> f32 {
    if moment.abs() < NEGLIGIBLE { 0.0 } else { moment }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps a parameter of three elements on the gradients 2p - 1, in the given number format.
    fn trajectory(kind: Kind, steps: usize) -> Vec<f64> {
        let start = Tensor::from_slice(&[1.0, -2.0, 0.5]).to_kind(kind).set_requires_grad(true);
        let mut adam = Adam::new(vec![("p".into(), start.shallow_clone())], 0.1, 0.9);
        for _ in 0..steps {
            let loss = (start.square() - &start).sum(kind);
            let gradients = adam.gradients(&loss);
            adam.step(&gradients);
        }
        Vec::<f64>::try_from(start.detach().to_kind(Kind::Double)).unwrap()
    }

    /// import torch
    /// p = torch.tensor([1., -2., .5], dtype=torch.float64, requires_grad=True)
    /// o = torch.optim.Adam([p], lr=0.1)
    /// for _ in range(2): o.zero_grad(); (p * p - p).sum().backward(); o.step()
    ///
    /// The first step is -0.1 sign(g); the second follows from the moments by hand, in exact form.
    #[test]
    fn two_steps_are_those_of_the_definition() {
        let expected = |start: f64| {
            let gradient = |p: f64| 2.0 * p - 1.0;
            let (mut p, mut m, mut v) = (start, 0.0, 0.0);
            for t in 1..=2 {
                let g = gradient(p);
                m = 0.9 * m + 0.1 * g;
                v = 0.999 * v + 0.001 * g * g;
                let m_hat = m / (1.0 - 0.9f64.powi(t));
                let v_hat = v / (1.0 - 0.999f64.powi(t));
                p -= 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
            }
            p
        };
        for (got, start) in trajectory(Kind::Double, 2).into_iter().zip([1.0, -2.0, 0.5]) {
            assert!((got - expected(start)).abs() < 1e-12, "{got}");
        }
    }

    #[test]
    fn the_single_pass_agrees_with_the_operations() {
        for (single, double) in trajectory(Kind::Float, 50).iter().zip(trajectory(Kind::Double, 50))
        {
            assert!((single - double).abs() < 1e-5, "{single} {double}");
        }
    }

    #[test]
    fn moments_without_a_gradient_end_at_zero() {
        let parameter = Tensor::from_slice(&[1.0_f32, 2.0]);
        let mut adam = Adam::new(vec![("p".into(), parameter.shallow_clone())], 0.1, 0.9);
        adam.step(&[Tensor::from_slice(&[1e-3_f32, f32::NAN])]);
        for _ in 0..1000 {
            adam.step(&[Tensor::from_slice(&[0.0_f32, 0.0])]);
        }
        let (_, first) = adam.named_moments().next().unwrap();
        assert_eq!(first.double_value(&[0]), 0.0);
        assert!(first.double_value(&[1]).is_nan(), "a gradient that is no number stays to be seen");
    }
}
