//! The distribution over discrete actions of a categorical policy.

use tch::{Kind, Tensor};

/// Probabilities of choices, by their logits (B, |A|).
#[derive(Debug)]
pub struct Categorical {
    log_probs: Tensor,
}

impl Categorical {
    pub fn new(logits: &Tensor) -> Self {
        Self { log_probs: logits.log_softmax(-1, logits.kind()) }
    }

    /// log pi(a|s) of every choice, (B, |A|).
    pub fn log_probs(&self) -> &Tensor {
        &self.log_probs
    }

    /// The most probable choice, (B, 1), as a number.
    pub fn most_probable(&self) -> Tensor {
        largest(&self.log_probs)
    }

    /// The choice that Gumbel-distributed `noise` (B, |A|) selects, (B, 1), as a number: the largest
    /// sum of a logit and its noise is a sample of the distribution (Gumbel 1954).
    pub fn sample(&self, noise: &Tensor) -> Tensor {
        largest(&(&self.log_probs + noise))
    }

    /// The exact expectation, (B, 1), of a quantity that each choice has, (B, |A|).
    pub fn expectation(&self, of: &Tensor) -> Tensor {
        (self.log_probs.exp() * of).sum_dim_intlist(-1, true, of.kind())
    }

    /// Mean over the batch of the entropy, a scalar.
    pub fn entropy(&self) -> Tensor {
        -self.expectation(&self.log_probs).mean(None::<Kind>)
    }
}

/// The index of each row's largest number, (B, 1), as a number of the same kind.
fn largest(numbers: &Tensor) -> Tensor {
    numbers.argmax(-1, true).to_kind(numbers.kind())
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::random::{self, Purpose, Streams};

    const CPU: (Kind, Device) = (Kind::Double, Device::Cpu);

    fn probabilities() -> [f64; 3] {
        [0.2, 0.5, 0.3]
    }

    fn policy(rows: i64) -> Categorical {
        Categorical::new(
            &(Tensor::from_slice(&probabilities()).log() + 7.0).expand([rows, 3], true),
        )
    }

    #[test]
    fn samples_have_the_probabilities_of_the_logits() {
        const ROWS: i64 = 20_000;
        let mut stream = Streams::new(3).stream(Purpose::Exploration, 0);
        let noise = random::gumbel(&[ROWS, 3], Kind::Double, &mut stream);
        let choices = policy(ROWS).sample(&noise);
        for (choice, probability) in probabilities().into_iter().enumerate() {
            let share = choices.eq(choice as f64).to_kind(Kind::Double).mean(None::<Kind>);
            // Five standard deviations of the share.
            let bound = 5.0 * (probability * (1.0 - probability) / ROWS as f64).sqrt();
            assert!((share.double_value(&[]) - probability).abs() < bound, "{choice}: {share}");
        }
    }

    #[test]
    fn expectations_and_entropy_are_exact() {
        let policy = policy(2);
        assert_eq!(policy.most_probable(), Tensor::ones([2, 1], CPU));
        let of = Tensor::from_slice(&[1.0, 10.0, 100.0]).expand([2, 3], true);
        let expected = policy.expectation(&of).double_value(&[1, 0]);
        assert!((expected - (0.2 + 5.0 + 30.0)).abs() < 1e-12, "{expected}");
        let entropy: f64 = probabilities().iter().map(|p| -p * p.ln()).sum();
        assert!((policy.entropy().double_value(&[]) - entropy).abs() < 1e-12);
    }
}
