//! An update met a number that is not finite.

use std::fmt;

use thiserror::Error;

/// A part of an update was not made, since one of its numbers is NaN or infinite. No optimiser
/// steps on such a number: what was finite in the agent is so still.
#[derive(Clone, Debug, Error)]
#[error("{quantity} is {value}{}; {agent}", in_brackets(.origin))]
pub struct NotFinite {
    pub quantity: Quantity,
    /// NaN, inf or -inf.
    pub value: f64,
    /// Where the number seems to come from: set if a number that the update began with is not
    /// finite.
    pub origin: Option<Origin>,
    pub agent: Extent,
}

/// What is not finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    Loss(Loss),
    /// The gradient of a parameter.
    Gradient {
        parameter: String,
        loss: Loss,
    },
    /// The square of the gradient, which Adam keeps a mean of: the gradient itself is finite. With
    /// an infinite mean the parameter would never move again.
    SquaredGradient {
        parameter: String,
        loss: Loss,
    },
    /// alpha, in the agent's number format.
    Temperature,
}

/// The losses of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    Critic,
    Actor,
    Temperature,
    Contrast,
}

/// A number that is not finite among those that an update began with.
#[derive(Clone, Debug)]
pub enum Origin {
    Reward(f64),
    Action(f64),
    Parameter { name: String, value: f64 },
}

/// How much of an update was made before it was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Nothing: parameters, moments and step counts are those from before.
    Untouched,
    /// The steps before the one that failed.
    PartlyUpdated,
}

impl NotFinite {
    /// Of an update that has changed nothing yet.
    pub(super) fn new(quantity: Quantity, value: f64) -> Self {
        Self { quantity, value, origin: None, agent: Extent::Untouched }
    }

    /// The same for an update that has made a step before.
    pub(super) fn after_a_step(self) -> Self {
        Self { agent: Extent::PartlyUpdated, ..self }
    }
}

fn in_brackets(origin: &Option<Origin>) -> String {
    origin.as_ref().map(|origin| format!(" ({origin})")).unwrap_or_default()
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loss(loss) => write!(out, "{loss}"),
            Self::Gradient { parameter, loss } => {
                write!(out, "the gradient of {parameter} in {loss}")
            }
            Self::SquaredGradient { parameter, loss } => {
                write!(out, "the squared gradient of {parameter} in {loss}")
            }
            Self::Temperature => out.write_str("the temperature alpha"),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Critic => "the critic's loss",
            Self::Actor => "the actor's loss",
            Self::Temperature => "the temperature's loss",
            Self::Contrast => "the contrastive loss",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reward(value) => write!(out, "the batch has a reward of {value}"),
            Self::Action(value) => write!(out, "the batch has an action of {value}"),
            Self::Parameter { name, value } => write!(out, "{name} has an element of {value}"),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Untouched => "the agent is as it was before this update",
            Self::PartlyUpdated => {
                "the agent was changed by the steps before: go on from an earlier checkpoint"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_where_and_what_became_of_the_agent() {
        let parameter = "query_encoder.convs.0.weight".to_string();
        let quantity = Quantity::Gradient { parameter, loss: Loss::Critic };
        let error = NotFinite::new(quantity, f64::NEG_INFINITY);
        assert_eq!(
            error.to_string(),
            "the gradient of query_encoder.convs.0.weight in the critic's loss is -inf; the agent \
             is as it was before this update"
        );
        let origin = Some(Origin::Reward(f64::INFINITY));
        let error = NotFinite { origin, ..NotFinite::new(Quantity::Loss(Loss::Actor), f64::NAN) };
        assert_eq!(
            error.after_a_step().to_string(),
            "the actor's loss is NaN (the batch has a reward of inf); the agent was changed by the \
             steps before: go on from an earlier checkpoint"
        );
    }
}
