//! Contrastive predictive coding in time (van den Oord, Li and Vinyals 2018, equations 3 and 4).
//!
//! A context c_t, which has seen a sequence up to t, predicts the embedding z_{t+k} of k steps
//! later, by a matrix W_k for each k. With f_k(z, c_t) = exp(z' W_k c_t),
//!
//! L_k = - mean over t of log( f_k(z_{t+k}, c_t) / sum_j f_k(z_j, c_t) ),
//!
//! where j runs over the positive, z_{t+k}, and the negatives, and the loss is the mean over
//! k = 1..K.
//!
//! Here S sequences of T embeddings each are cut to T' = T - k pairs of a prediction and a future.
//! Those that an episode's end lies between are told apart by `valid`: they are no positives, and
//! their futures are no negatives either.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::pairs;

/// The futures that a prediction is compared with beside its own, the valid ones of:
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Negatives {
    /// The other sequences at the same t.
    Batch,
    /// The other times of the same sequence.
    Sequence,
    /// Every other place of the batch.
    All,
}

/// How well the futures of one k are told from others; scalars. Only `loss` has a graph.
#[derive(Debug)]
pub struct StepAhead {
    /// L_k.
    pub loss: Tensor,
    /// The share of predictions whose own future is the most probable one.
    pub accuracy: Tensor,
    /// The mean of log N - L, where N counts a prediction's negatives and its positive: in nats, and
    /// at most log N, a lower bound of what the context knows of the future, I(z_{t+k}; c_t).
    pub information: Tensor,
}

/// Predictions W_k c_t (S, T', D), futures z_{t+k} (S, T', D), `valid` (S, T') of kind Bool -> the
/// loss of one k.
///
/// Means are taken over the valid pairs. One without negatives costs 0 and counts as right. Without
/// any valid pair all three are 0, and so are the gradients. What lies in places that are not valid
/// is not read: it may be anything, NaN too.
///
/// # Panics
/// If T' is 0, or the shapes do not fit.
pub fn step_ahead(
    predictions: &Tensor,
    futures: &Tensor,
    valid: &Tensor,
    negatives: Negatives,
) -> StepAhead {
    let valid = valid.unsqueeze(2);
    let place = |x: &Tensor| group(&x.masked_fill(&valid.logical_not(), 0.0), negatives);
    let logits = place(predictions).matmul(&place(futures).transpose(1, 2)); // (G, M, M)
    let valid = group(&valid, negatives).squeeze_dim(2); // (G, M)

    // Every row keeps its own column, so that no softmax is over nothing, which would be NaN.
    let candidates = valid.unsqueeze(1).logical_or(&pairs::diagonal(&logits));
    let logits = logits.masked_fill(&candidates.logical_not(), f64::NEG_INFINITY);
    let log_likelihood = logits.log_softmax(2, logits.kind()).diagonal(0, 1, 2); // (G, M)

    let own = Tensor::arange(logits.size()[2], (Kind::Int64, logits.device()));
    let right = logits.argmax(2, false).eq_tensor(&own).to_kind(logits.kind());
    let log_count = candidates.sum_dim_intlist(2, false, logits.kind()).log();
    StepAhead {
        loss: -mean_where(&valid, &log_likelihood),
        accuracy: mean_where(&valid, &right),
        information: mean_where(&valid, &(log_count + log_likelihood.detach())),
    }
}

/// The mean over k = 1..K.
///
/// # Panics
/// If K is 0.
pub fn mean_over_steps(steps: &[StepAhead]) -> StepAhead {
    let mean = |of: fn(&StepAhead) -> &Tensor| {
        let all: Vec<&Tensor> = steps.iter().map(of).collect();
        Tensor::stack(&all, 0).mean(None::<Kind>)
    };
    StepAhead {
        loss: mean(|step| &step.loss),
        accuracy: mean(|step| &step.accuracy),
        information: mean(|step| &step.information),
    }
}

/// (S, T', ...) -> (G, M, ...): places that are each other's candidates, side by side in a group.
fn group(x: &Tensor, negatives: Negatives) -> Tensor {
    match negatives {
        Negatives::Batch => x.transpose(0, 1),
        Negatives::Sequence => x.shallow_clone(),
        Negatives::All => x.flatten(0, 1).unsqueeze(0),
    }
}

/// The mean of the numbers for which `valid`, of the same shape, holds; 0 if it nowhere does.
fn mean_where(valid: &Tensor, numbers: &Tensor) -> Tensor {
    let sum = numbers.masked_fill(&valid.logical_not(), 0.0).sum(numbers.kind());
    sum / valid.sum(numbers.kind()).clamp_min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::fixtures::{assert_gradients, assert_is, gradients, wave};

    const CHOICES: [Negatives; 3] = [Negatives::Batch, Negatives::Sequence, Negatives::All];

    fn predictions_and_futures() -> (Tensor, Tensor) {
        let predictions = wave(1.0, &[3, 4, 2]) * 2.0;
        let futures = &predictions + wave(40.0, &[3, 4, 2]);
        (predictions, futures)
    }

    fn valid() -> Tensor {
        Tensor::from_slice2(&[[1, 1, 0, 1], [1, 0, 0, 0], [1, 1, 0, 1]]).to_kind(Kind::Bool)
    }

    // >>> p = 2 * wave(1, 3, 4, 2); z = p + wave(40, 3, 4, 2)
    // >>> valid = torch.tensor([[1, 1, 0, 1], [1, 0, 0, 0], [1, 1, 0, 1]])
    // >>> places = [tuple(place) for place in valid.nonzero().tolist()]
    // >>> def step_ahead(together):
    // ...     losses, right, information = [], [], []
    // ...     for own in places:
    // ...         others = [place for place in places if place != own and together(own, place)]
    // ...         logits = torch.stack([z[own]] + [z[place] for place in others]) @ p[own]
    // ...         losses.append(F.cross_entropy(logits, torch.tensor(0)))
    // ...         right.append((logits.argmax() == 0).double())
    // ...         information.append(math.log(len(logits)) - losses[-1])
    // ...     return [round(torch.stack(x).mean().item(), 12) for x in (losses, right, information)]
    //
    // >>> step_ahead(lambda a, b: a[1] == b[1])
    // [0.607257205658, 0.714285714286, 0.259660735519]
    // >>> step_ahead(lambda a, b: a[0] == b[0])
    // [0.965974506698, 0.571428571429, -0.024306830697]
    // >>> step_ahead(lambda a, b: True)
    // [1.621246894765, 0.428571428571, 0.32466325429]
    #[test]
    fn each_choice_of_negatives_is_the_cross_entropy_over_its_candidates() {
        let (predictions, futures) = predictions_and_futures();
        let expected = [
            [0.607257205658, 0.714285714286, 0.259660735519],
            [0.965974506698, 0.571428571429, -0.024306830697],
            [1.621246894765, 0.428571428571, 0.32466325429],
        ];
        for (negatives, [loss, accuracy, information]) in CHOICES.into_iter().zip(expected) {
            let step = step_ahead(&predictions, &futures, &valid(), negatives);
            assert_is(&step.loss, loss);
            assert_is(&step.accuracy, accuracy);
            assert_is(&step.information, information);
        }
    }

    /// What stands in places that are not valid, NaN at that, changes neither values nor gradients,
    /// and gets none.
    #[test]
    fn invalid_places_are_not_read() {
        let (predictions, futures) = predictions_and_futures();
        let invalid = valid().logical_not().unsqueeze(2);
        let spoilt = |x: &Tensor| x.masked_fill(&invalid, f64::NAN);
        for negatives in CHOICES {
            let scalar = |x: &[Tensor]| step_ahead(&x[0], &x[1], &valid(), negatives).loss;
            let whole = [predictions.copy(), futures.copy()];
            let spoilt = [spoilt(&predictions), spoilt(&futures)];
            assert_eq!(scalar(&whole), scalar(&spoilt));
            let expected = gradients(&whole, scalar);
            for (gradient, expected) in gradients(&spoilt, scalar).iter().zip(&expected) {
                assert_eq!(gradient, expected);
                let there = gradient.masked_fill(&invalid.logical_not(), 0.0);
                assert_eq!(there.abs().max().double_value(&[]), 0.0);
            }
        }
    }

    #[test]
    fn without_a_valid_pair_all_is_zero() {
        let (predictions, futures) = predictions_and_futures();
        let nowhere = valid().zeros_like();
        for negatives in CHOICES {
            let step = step_ahead(&predictions, &futures, &nowhere, negatives);
            for scalar in [step.loss, step.accuracy, step.information] {
                assert_eq!(scalar.double_value(&[]), 0.0);
            }
            let scalar = |x: &[Tensor]| step_ahead(&x[0], &x[1], &nowhere, negatives).loss;
            for gradient in gradients(&[predictions.copy(), futures.copy()], scalar) {
                assert_eq!(gradient.abs().max().double_value(&[]), 0.0);
            }
        }
    }

    #[test]
    fn indistinguishable_futures_cost_log_n_and_tell_nothing() {
        let (predictions, futures) = predictions_and_futures();
        let same = futures.ones_like();
        let whole = valid().ones_like();
        for (negatives, count) in CHOICES.into_iter().zip([3.0f64, 4.0, 12.0]) {
            let step = step_ahead(&predictions, &same, &whole, negatives);
            assert_is(&step.loss, count.ln());
            assert_is(&step.information, 0.0);
        }
    }

    #[test]
    fn steps_ahead_count_alike() {
        let (predictions, futures) = predictions_and_futures();
        let step =
            |scale: f64| step_ahead(&(&predictions * scale), &futures, &valid(), Negatives::All);
        let mean = mean_over_steps(&[step(1.0), step(-0.5), step(0.1)]);
        let by_hand = |of: fn(&StepAhead) -> &Tensor| {
            let value = |scale: f64| of(&step(scale)).double_value(&[]);
            (value(1.0) + value(-0.5) + value(0.1)) / 3.0
        };
        assert_is(&mean.loss, by_hand(|step| &step.loss));
        assert_is(&mean.accuracy, by_hand(|step| &step.accuracy));
        assert_is(&mean.information, by_hand(|step| &step.information));
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let (contexts, futures) = predictions_and_futures();
        let inputs = [contexts, futures, wave(70.0, &[2, 2]), wave(80.0, &[2, 2])];
        let first = |x: &Tensor, count: i64| x.narrow(1, 0, count);
        for negatives in CHOICES {
            assert_gradients(&inputs, |x| {
                // W_1 and W_2 for contexts (3, 4, 2) and embeddings (3, 4, 2).
                let steps = [(&x[2], 1), (&x[3], 2)].map(|(w, k)| {
                    let predictions = first(&x[0], 4 - k).matmul(w);
                    let futures = x[1].narrow(1, k, 4 - k);
                    step_ahead(&predictions, &futures, &first(&valid(), 4 - k), negatives)
                });
                mean_over_steps(&steps).loss
            });
        }
    }
}
