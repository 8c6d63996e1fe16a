//! What an update does with numbers that are not finite: it names the first one, steps on none, and
//! says truly what became of the agent.

use std::collections::BTreeMap;

use curl_rl::action::ActionSpace;
use curl_rl::agent::{Agent, Extent, Loss, NotFinite, Origin, Quantity};
use curl_rl::batch::{Batch, Noise};
use tch::{Device, Kind, Tensor, no_grad};

use crate::fixtures::{IMAGE, debug_config, random_batch, random_noise};

const UPDATES: [&str; 2] = ["agent.update=paper", "agent.update=shared"];

/// An agent that has made two updates, so that its moments and step counts are not zero.
fn agent(sets: &[&str]) -> Agent {
    let mut agent =
        Agent::new(IMAGE, ActionSpace::Continuous(2), &debug_config(sets).agent, 1, Device::Cpu);
    for update in 0..2 {
        agent.update(&random_batch(update), &random_noise(update), update).unwrap();
    }
    agent
}

/// Sets one element of a parameter.
fn damage(agent: &Agent, name: &str, value: f64) {
    let parameters = agent.parameters();
    let (_, tensor) = parameters.iter().find(|(known, _)| known == name).unwrap();
    let _ = no_grad(|| tensor.flatten(0, -1).narrow(0, 0, 1).fill_(value));
}

fn with_reward(value: f64) -> Batch {
    let batch = random_batch(2);
    let _ = batch.reward.narrow(0, 1, 1).fill_(value);
    batch
}

/// Copies of all tensors, parameters and moments, and the step counts.
#[derive(Debug)]
struct Snapshot {
    tensors: BTreeMap<String, Tensor>,
    steps: BTreeMap<String, u64>,
}

impl Snapshot {
    fn new(agent: &Agent) -> Self {
        let state = agent.state();
        let copy = |(name, tensor): (String, Tensor)| (name, tensor.detach().copy());
        Self {
            tensors: state.tensors.into_iter().map(copy).collect(),
            steps: state.optimiser_steps,
        }
    }

    /// Whether nothing differs in any bit, be it of a NaN.
    fn is_the_same_as(&self, other: &Self) -> bool {
        let bits = |tensor: &Tensor| match tensor.kind() {
            Kind::Double => tensor.view_dtype(Kind::Int64),
            _ => tensor.view_dtype(Kind::Int),
        };
        let mut pairs = self.tensors.iter().zip(&other.tensors);
        self.steps == other.steps
            && pairs.all(|((a, before), (b, after))| a == b && bits(before).equal(&bits(after)))
    }
}

/// An update at which all parts are due. It fails, spoils no number, and leaves the agent as its
/// error says.
fn failure(agent: &mut Agent, batch: &Batch, noise: &Noise) -> NotFinite {
    let before = Snapshot::new(agent);
    let error = agent.update(batch, noise, 2).expect_err("the update meets such a number");
    let after = Snapshot::new(agent);
    for (name, tensor) in &before.tensors {
        let kept = tensor.isfinite().equal(&after.tensors[name].isfinite());
        assert!(kept, "{error}: {name} is spoilt");
    }
    let same = after.is_the_same_as(&before);
    assert_eq!(error.agent == Extent::Untouched, same, "{error}");
    assert!(!error.value.is_finite(), "{error}");
    error
}

#[test]
fn a_reward_that_is_not_finite_stops_the_update_before_any_step() {
    for update in UPDATES {
        for (reward, loss) in
            [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "inf")]
        {
            let mut agent = agent(&[update]);
            let error = failure(&mut agent, &with_reward(reward), &random_noise(2));
            assert_eq!(error.quantity, Quantity::Loss(Loss::Critic), "{update}");
            assert_eq!(error.agent, Extent::Untouched, "{update}");
            assert_eq!(error.value.to_string(), loss, "{update}");
            let Some(Origin::Reward(value)) = error.origin else { panic!("{update}: {error}") };
            assert_eq!(value.to_string(), reward.to_string(), "{update}");
            let next = agent.update(&random_batch(2), &random_noise(2), 2);
            assert!(next.is_ok(), "{update}: the agent can go on");
        }
    }
}

/// All but W are part of the critic's loss or of its target. The convolutions are tried in each way
/// to compute them.
#[test]
fn a_damaged_parameter_is_named() {
    let parameters = [
        "actor.trunk.1.bias",
        "actor.fc.weight",
        "critic.q2.0.weight",
        "target_critic.q1.2.bias",
        "query_encoder.ln.weight",
        "query_encoder.convs.0.weight",
        "query_encoder.convs.1.bias",
        "key_encoder.convs.1.weight",
    ];
    let formats: [&[&str]; 3] = [
        &["agent.precision=float64"],
        &["agent.precision=bfloat16"],
        &["agent.precision=float32", "agent.encoder.filters=32"],
    ];
    for update in UPDATES {
        for format in formats {
            for name in parameters {
                let mut agent = agent(&[&[update], format].concat());
                damage(&agent, name, f64::NAN);
                let error = failure(&mut agent, &random_batch(2), &random_noise(2));
                let what = format!("{update} {format:?} {name}: {error}");
                assert_eq!(error.quantity, Quantity::Loss(Loss::Critic), "{what}");
                assert_eq!(error.agent, Extent::Untouched, "{what}");
                assert!(error.value.is_nan(), "{what}");
                let Some(Origin::Parameter { name: named, .. }) = error.origin else {
                    panic!("{what}")
                };
                assert_eq!(named, name, "{what}");
            }
        }
    }
}

/// With shared passes the contrastive loss is known before the critic's step.
#[test]
fn a_damaged_w_stops_the_contrast_and_in_the_shared_update_all() {
    for (update, extent, steps) in
        [(UPDATES[0], Extent::PartlyUpdated, 3), (UPDATES[1], Extent::Untouched, 2)]
    {
        let mut agent = agent(&[update]);
        damage(&agent, "contrast.w", f64::NAN);
        let error = failure(&mut agent, &random_batch(2), &random_noise(2));
        assert_eq!(error.quantity, Quantity::Loss(Loss::Contrast), "{update}");
        assert_eq!(error.agent, extent, "{update}");
        let counts = agent.state().optimiser_steps;
        assert_eq!((counts["critic"], counts["contrast"], counts["encoder"]), (steps, 2, 2));
    }
}

#[test]
fn an_actor_that_fails_leaves_the_critics_step() {
    for update in UPDATES {
        let mut agent = agent(&[update]);
        let noise = random_noise(2);
        let _ = noise.action.narrow(0, 0, 1).fill_(f64::NAN);
        let error = failure(&mut agent, &random_batch(2), &noise);
        assert_eq!(error.quantity, Quantity::Loss(Loss::Actor), "{update}");
        assert_eq!(error.agent, Extent::PartlyUpdated, "{update}");
        assert!(error.origin.is_none(), "{update}: what the update began with is finite");
        let counts = agent.state().optimiser_steps;
        let counts = ["critic", "actor", "temperature", "encoder"].map(|name| counts[name]);
        assert_eq!(counts, [3, 1, 1, 2], "{update}");
    }
}

/// alpha is float64, but it is used beside numbers of the agent's format.
#[test]
fn a_temperature_beyond_the_number_format_is_named() {
    for update in UPDATES {
        for (precision, log_alpha) in [("float32", 100.0), ("float64", 800.0)] {
            let mut agent = agent(&[update, &format!("agent.precision={precision}")]);
            damage(&agent, "temperature.log_alpha", log_alpha);
            let error = failure(&mut agent, &random_batch(2), &random_noise(2));
            assert_eq!(error.quantity, Quantity::Temperature, "{update} {precision}");
            assert_eq!(error.agent, Extent::Untouched, "{update} {precision}");
            assert_eq!(error.value, f64::INFINITY, "{update} {precision}");
        }
    }
}

/// A loss of 1e38 is within float32. The gradient of the weight that a large activation meets is
/// 1e21, and its square is not.
#[test]
fn a_gradient_whose_square_overflows_is_not_stepped_on() {
    for update in UPDATES {
        let mut agent = agent(&[update, "agent.precision=float32"]);
        damage(&agent, "critic.q1.1.bias", 100.0);
        let batch = random_batch(2);
        let _ = batch.reward.shallow_clone().fill_(5e18);
        let error = failure(&mut agent, &batch, &random_noise(2));
        let Quantity::SquaredGradient { parameter, loss: Loss::Critic } = &error.quantity else {
            panic!("{update}: {error}")
        };
        assert!(parameter.starts_with("critic.q") || parameter.starts_with("query_encoder."));
        assert_eq!((error.value, error.agent), (f64::INFINITY, Extent::Untouched), "{update}");
    }
}
