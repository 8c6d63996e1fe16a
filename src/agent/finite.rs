//! Numbers that were found finite before anything is stepped on them.

use tch::{Kind, Tensor};

use super::Agent;
use super::not_finite::{Loss, NotFinite, Origin, Quantity};
use crate::batch::Batch;
use crate::nn::{Adam, first_non_finite, gradient_norm};

/// The gradients of a finite loss, finite themselves and so small that their squares are.
///
/// That is all that keeps Adam's numbers finite. Its moments are weighted means of gradients and of
/// their squares, and one step moves a parameter by at most a small multiple of the learning rate,
/// so that no sane number of steps makes a parameter overflow. With an insane learning rate one can:
/// then the next update's loss is not finite, and it is not made.
pub(super) struct FiniteGradients {
    tensors: Vec<Tensor>,
    norm: f64,
}

impl FiniteGradients {
    /// `gradients` are those of the loss, named `loss` in errors, for the optimiser's parameters.
    pub(super) fn new(
        loss: Loss,
        value: &Tensor,
        gradients: Vec<Tensor>,
        optimiser: &Adam,
    ) -> Result<Self, NotFinite> {
        let value = value.double_value(&[]);
        if !value.is_finite() {
            return Err(NotFinite::new(Quantity::Loss(loss), value));
        }
        let norm = gradient_norm(&gradients);
        let largest = |gradient: &Tensor| match gradient.kind() {
            Kind::Double => f64::MAX,
            _ => f64::from(f32::MAX),
        };
        let fits = gradients.first().is_none_or(|gradient| norm * norm <= largest(gradient));
        if !fits {
            for (parameter, gradient) in optimiser.names().zip(&gradients) {
                check(parameter, gradient, loss)?;
            }
        }
        Ok(Self { tensors: gradients, norm })
    }

    /// In the order of the optimiser's parameters.
    pub(super) fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The L2 norm over all of them.
    pub(super) fn norm(&self) -> f64 {
        self.norm
    }
}

fn check(parameter: &str, gradient: &Tensor, loss: Loss) -> Result<(), NotFinite> {
    let parameter = parameter.to_string();
    if let Some(value) = first_non_finite(gradient) {
        return Err(NotFinite::new(Quantity::Gradient { parameter, loss }, value));
    }
    match first_non_finite(&gradient.square()) {
        Some(value) => Err(NotFinite::new(Quantity::SquaredGradient { parameter, loss }, value)),
        None => Ok(()),
    }
}

impl Agent {
    /// alpha, where the agent's number format can hold it.
    pub(super) fn finite_alpha(&self) -> Result<Tensor, NotFinite> {
        let alpha = self.temperature.alpha();
        let value = self.convert(&alpha).double_value(&[]);
        if value.is_finite() {
            Ok(alpha)
        } else {
            Err(NotFinite::new(Quantity::Temperature, value))
        }
    }

    /// The first number that is not finite among those that a failed update began with.
    pub(super) fn origin(&self, batch: &Batch) -> Option<Origin> {
        let of_parameters = || {
            self.parameters().into_iter().find_map(|(name, tensor)| {
                first_non_finite(&tensor).map(|value| Origin::Parameter { name, value })
            })
        };
        first_non_finite(&batch.reward)
            .map(Origin::Reward)
            .or_else(|| first_non_finite(&batch.action).map(Origin::Action))
            .or_else(of_parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(loss: f64, gradients: [f32; 2]) -> Result<FiniteGradients, NotFinite> {
        let parameter = |name: &str| (name.to_string(), Tensor::from_slice(&[0f32]));
        let adam = Adam::new(vec![parameter("a"), parameter("b")], 0.1, 0.9);
        let gradients = gradients.map(|gradient| Tensor::from_slice(&[gradient]));
        FiniteGradients::new(Loss::Actor, &Tensor::from(loss), gradients.into(), &adam)
    }

    #[test]
    fn the_first_gradient_that_cannot_be_stepped_on_is_named() {
        let parameter = |name: &str| name.to_string();
        let gradient = |name| Quantity::Gradient { parameter: parameter(name), loss: Loss::Actor };
        let square =
            |name| Quantity::SquaredGradient { parameter: parameter(name), loss: Loss::Actor };
        let cases = [
            (f64::NAN, [1.0, f32::NAN], Quantity::Loss(Loss::Actor), "NaN"),
            (1.0, [1.0, f32::NEG_INFINITY], gradient("b"), "-inf"),
            (1.0, [f32::NAN, f32::INFINITY], gradient("a"), "NaN"),
            (1.0, [1.0, -2e19], square("b"), "inf"),
        ];
        for (loss, gradients, quantity, value) in cases {
            let error = checked(loss, gradients).err().expect("it cannot be stepped on");
            assert_eq!((&error.quantity, error.value.to_string().as_str()), (&quantity, value));
        }
    }

    /// Together they are beyond the bound that spares a look at each, but none is too large.
    #[test]
    fn gradients_whose_squares_are_finite_one_by_one_pass() {
        let norm = checked(1.0, [1.5e19, 1.5e19]).map(|gradients| gradients.norm()).unwrap();
        assert!((norm / 1.5e19 - 2f64.sqrt()).abs() < 1e-6, "{norm}");
    }
}
