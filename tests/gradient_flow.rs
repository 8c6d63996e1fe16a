//! After each step exactly the listed tensors changed: no loss trains what it must not.

use std::collections::{BTreeMap, BTreeSet};

use curl_rl::agent::{Agent, ContrastLosses, Told};
use curl_rl::batch::{Batch, BatchShape, Noise};
use curl_rl::config::{
    AgentConfig, CriticGradient, KeyEncoding, Objective, Positives, Similarity, Update,
};
use curl_rl::observation::Input;
use tch::{Device, Kind, Tensor};

use crate::fixtures::{
    BATCH as SHAPE, debug_config, random_batch, random_batch_of, random_noise, random_noise_of,
    shape_of,
};
use crate::variants::{agent_of, variants};

/// A tiny agent's settings.
fn small_agent_config() -> AgentConfig {
    debug_config(&[]).agent
}

fn agent(config: &AgentConfig) -> Agent {
    Agent::new(SHAPE.input, SHAPE.action, config, 1, Device::Cpu)
}

fn batch() -> Batch {
    random_batch(0)
}

fn noise() -> Noise {
    random_noise(0)
}

fn values(agent: &Agent) -> BTreeMap<String, Tensor> {
    agent.parameters().into_iter().map(|(name, tensor)| (name, tensor.detach().copy())).collect()
}

fn scores(losses: ContrastLosses) -> Tensor {
    match losses.told {
        Told::Scores(scores) => scores,
        Told::Steps(_) => panic!("the objective compares views"),
    }
}

/// Names of the parameters that a step changed.
fn changed(agent: &mut Agent, step: impl FnOnce(&mut Agent)) -> BTreeSet<String> {
    let before = values(agent);
    step(agent);
    let after = values(agent);
    before
        .into_iter()
        .filter(|(name, value)| !value.equal(&after[name]))
        .map(|(name, _)| name)
        .collect()
}

/// Names of an agent's parameters that begin with one of the prefixes.
fn named(agent: &Agent, prefixes: &[&str]) -> BTreeSet<String> {
    let starts = |name: &String| prefixes.iter().any(|prefix| name.starts_with(prefix));
    agent.parameters().into_iter().map(|(name, _)| name).filter(starts).collect()
}

#[test]
fn the_critic_step_moves_query_encoder_and_q_functions() {
    let mut agent = agent(&small_agent_config());
    let query = agent.prepare(&batch().query());
    let moved = changed(&mut agent, |agent| {
        agent.update_critic(&query, &batch(), &noise().next_action).unwrap();
    });
    assert_eq!(moved, named(&agent, &["query_encoder.", "critic."]));
}

#[test]
fn a_detached_critic_step_does_not_move_the_convolutions() {
    let mut config = small_agent_config();
    config.encoder.critic_gradient = CriticGradient::Detached;
    let mut agent = agent(&config);
    let query = agent.prepare(&batch().query());
    let moved = changed(&mut agent, |agent| {
        agent.update_critic(&query, &batch(), &noise().next_action).unwrap();
    });
    assert_eq!(moved, named(&agent, &["query_encoder.fc", "query_encoder.ln", "critic."]));
}

#[test]
fn the_actor_step_moves_the_actor_and_the_temperature() {
    let mut agent = agent(&small_agent_config());
    let query = agent.prepare(&batch().query());
    let moved = changed(&mut agent, |agent| {
        agent.update_actor_and_temperature(&query, &noise().action).unwrap();
    });
    assert_eq!(moved, named(&agent, &["actor.", "temperature."]));
}

#[test]
fn the_target_step_moves_key_encoder_and_target_critic() {
    let mut agent = agent(&small_agent_config());
    let query = agent.prepare(&batch().query());
    agent.update_critic(&query, &batch(), &noise().next_action).unwrap();
    let moved = changed(&mut agent, Agent::update_targets);
    assert_eq!(moved, named(&agent, &["key_encoder.", "target_critic."]));
}

#[test]
fn the_contrastive_step_moves_query_encoder_and_w() {
    for key_encoder in [KeyEncoding::Ema, KeyEncoding::Shared] {
        let mut config = small_agent_config();
        config.contrast.key_encoder = key_encoder;
        let mut agent = agent(&config);
        let (query, key) = (
            agent.prepare(&batch().query()),
            agent.prepare(&batch().key().expect("the batch has keys")),
        );
        let moved = changed(&mut agent, |agent| {
            agent.update_contrast(&query, &key).unwrap();
        });
        assert_eq!(moved, named(&agent, &["query_encoder.", "contrast.w"]), "{key_encoder:?}");
    }
}

#[test]
fn cosine_similarity_has_no_w_to_move() {
    let mut config = small_agent_config();
    config.contrast.similarity = Similarity::Cosine;
    let mut agent = agent(&config);
    let (query, key) = (
        agent.prepare(&batch().query()),
        agent.prepare(&batch().key().expect("the batch has keys")),
    );
    let moved = changed(&mut agent, |agent| {
        agent.update_contrast(&query, &key).unwrap();
    });
    assert_eq!(moved, named(&agent, &["query_encoder."]));
    assert!(named(&agent, &["contrast."]).is_empty());
}

/// The key encoder is the query encoder's moving average and nothing else: a whole update on which
/// the targets are not due leaves it alone, and one on which they are moves it by tau.
#[test]
fn the_key_encoder_changes_by_its_moving_average_alone() {
    let config = small_agent_config();
    let mut agent = agent(&config);
    let moved = changed(&mut agent, |agent| {
        agent.update(&batch(), &noise(), 1).unwrap();
    });
    assert_eq!(moved, named(&agent, &["query_encoder.", "critic.", "contrast."]));

    let (before, tau) = (values(&agent), config.encoder.tau.get());
    agent.update_targets();
    for (name, after) in values(&agent) {
        if let Some(rest) = name.strip_prefix("key_encoder.") {
            let query = &before[&format!("query_encoder.{rest}")];
            let expected = query * tau + &before[&name] * (1.0 - tau);
            assert!(after.allclose(&expected, 1e-6, 1e-7, false), "{name}");
        }
    }
}

#[test]
fn without_contrast_only_the_critic_trains_the_encoder() {
    let mut config = small_agent_config();
    config.contrast.objective = Objective::Off;
    let mut agent = agent(&config);
    let losses = agent.update(&batch(), &noise(), 0).unwrap();
    assert!(losses.contrast.is_none());
    assert!(named(&agent, &["contrast."]).is_empty());
}

/// Each contrast trains all of the query encoder and of its own head, which some do not have, and with the
/// critic's step nothing else moves.
#[test]
fn every_contrast_moves_the_query_encoder_and_its_head() {
    for (variant, update) in variants().zip(["shared", "paper"].iter().cycle()) {
        let config = variant.config(&[&format!("agent.update={update}")]);
        let (mut agent, shape) = agent_of(&config);
        let (batch, noise) = (random_batch_of(shape, 0), random_noise_of(shape, 0));
        let moved = changed(&mut agent, |agent| {
            agent.update(&batch, &noise, 1).unwrap();
        });
        let expected = named(&agent, &["query_encoder.", "critic.", "contrast."]);
        assert_eq!(moved, expected, "{variant:?}");
        assert_eq!(named(&agent, &["contrast."]).len(), variant.head, "{variant:?}");

        let trained = match config.agent.contrast.objective {
            Objective::Off => BTreeSet::new(),
            _ => named(&agent, &["query_encoder.", "contrast."]),
        };
        assert_eq!(stepped_on(&agent, "contrast"), trained, "{variant:?}");
    }
}

/// Names of the parameters that had a gradient other than zero in the steps of an optimiser.
fn stepped_on(agent: &Agent, optimiser: &str) -> BTreeSet<String> {
    let moments = agent.state().tensors;
    let first_moment = |name: &String| {
        Some(name.strip_prefix(optimiser)?.strip_prefix('/')?.strip_suffix(".first")?.to_owned())
    };
    let is_zero = |moment: &Tensor| moment.abs().max().double_value(&[]) == 0.0;
    moments
        .iter()
        .filter(|(_, moment)| !is_zero(moment))
        .filter_map(|(name, _)| first_moment(name))
        .collect()
}

/// Windows without a future in their episodes: the contrast costs nothing and trains nothing.
#[test]
fn windows_without_a_future_teach_nothing() {
    let sets = ["agent.contrast.objective=cpc", "agent.contrast.key_encoder=shared"];
    for update in ["agent.update=shared", "agent.update=paper"] {
        let (mut agent, shape) = agent_of(&debug_config(&[sets[0], sets[1], update]));
        let mut batch = random_batch_of(shape, 0);
        let valid = &batch.windows.as_mut().expect("it has windows").valid;
        let _ = valid.narrow(1, 1, valid.size()[1] - 1).fill_(0);
        let losses = agent.update(&batch, &random_noise_of(shape, 0), 1).unwrap();
        let contrast = losses.contrast.expect("the contrast is on");
        assert_eq!(contrast.loss.double_value(&[]), 0.0, "{update}");
        assert_eq!(stepped_on(&agent, "contrast"), BTreeSet::new(), "{update}");
    }
}

/// States have no convolutions; the actor has a perceptron of its own.
#[test]
fn an_agent_of_states_moves_its_perceptrons() {
    let sets = [
        "env.observation=state",
        "agent.augmentations=[]",
        "agent.contrast.positive=gaussian",
        "agent.encoder.state_layers=2",
    ];
    let config = debug_config(&sets).agent;
    let shape =
        BatchShape { input: Input::State { frames: 3, len: 5 }, ..shape_of(&config, SHAPE.action) };
    let mut agent = Agent::new(shape.input, shape.action, &config, 1, Device::Cpu);
    [[1.0; 5], [0.0; 5]].iter().for_each(|state| agent.observe(state));
    let (batch, noise) = (random_batch_of(shape, 0), random_noise_of(shape, 0));
    let mut moved_at = |agent_step| {
        changed(&mut agent, |agent| {
            agent.update(&batch, &noise, agent_step).unwrap();
        })
    };
    let (odd, even) = (moved_at(1), moved_at(2));
    assert_eq!(odd, named(&agent, &["query_encoder.", "critic.", "contrast.w"]));
    let still = named(&agent, &["normaliser."]);
    assert_eq!(even.len() + still.len(), agent.parameters().len());
    assert!(even.is_disjoint(&still) && odd.contains("query_encoder.hidden.1.weight"));
    assert_eq!(changed(&mut agent, |agent| agent.observe(&[0.7; 5])), still);
}

/// The Gaussian positive is the query's crop plus noise: with the same noise and a vanishing sigma
/// the key is the query itself.
#[test]
fn a_gaussian_positive_is_a_noisy_query() {
    let mut config = small_agent_config();
    config.update = Update::Paper;
    config.contrast.positive = Positives::Gaussian;
    let with_sigma = |sigma: f64| {
        let mut config = config.clone();
        config.contrast.sigma = sigma.try_into().expect("sigma is positive");
        let losses = agent(&config).update(&batch(), &noise(), 1).unwrap();
        scores(losses.contrast.expect("the contrast is on"))
    };
    let mut same_view = agent(&config);
    let query = same_view.prepare(&batch().query());
    same_view.update_critic(&query, &batch(), &noise().next_action).unwrap();
    let expected = scores(same_view.update_contrast(&query, &query).unwrap());
    assert!(with_sigma(1e-9).allclose(&expected, 1e-4, 1e-5, false));
    assert!(!with_sigma(0.1).allclose(&expected, 1e-4, 1e-5, false));
}

/// What an update with shared passes moves, at an agent step of the critic and the contrast alone
/// and at one of all parts.
#[test]
fn the_shared_update_moves_what_its_cadence_says() {
    let mut config = small_agent_config();
    config.update = Update::Shared;
    let mut agent = agent(&config);
    let moved = changed(&mut agent, |agent| drop(agent.update(&batch(), &noise(), 1).unwrap()));
    assert_eq!(moved, named(&agent, &["query_encoder.", "critic.", "contrast."]));
    let moved = changed(&mut agent, |agent| drop(agent.update(&batch(), &noise(), 2).unwrap()));
    assert_eq!(moved, named(&agent, &[""]));
    config.encoder.critic_gradient = CriticGradient::Detached;
    config.contrast.objective = Objective::Off;
    let mut agent = Agent::new(SHAPE.input, SHAPE.action, &config, 1, Device::Cpu);
    let moved = changed(&mut agent, |agent| drop(agent.update(&batch(), &noise(), 1).unwrap()));
    assert_eq!(moved, named(&agent, &["query_encoder.fc", "query_encoder.ln", "critic."]));
}

/// After an agent's first update its first moments are the gradients times 1 - beta1.
#[test]
fn the_norms_that_are_told_are_those_of_the_gradients_stepped_on() {
    for update in [Update::Paper, Update::Shared] {
        let mut config = small_agent_config();
        config.update = update;
        let mut agent = agent(&config);
        let losses = agent.update(&batch(), &noise(), 0).unwrap();
        let scalars: BTreeMap<_, _> = losses.scalars().into_iter().collect();
        let moments = agent.state().tensors;
        let norms = [
            ("critic", config.critic.beta1.get()),
            ("actor", config.actor.beta1.get()),
            ("temperature", config.temperature.beta1.get()),
            ("contrast", 0.9),
        ];
        for (optimiser, beta1) in norms {
            let is_first =
                |name: &str| name.starts_with(&format!("{optimiser}/")) && name.ends_with(".first");
            let of_optimiser = moments.iter().filter(|(name, _)| is_first(name));
            let squares = of_optimiser.map(|(_, moment)| {
                moment.to_kind(Kind::Double).square().sum(Kind::Double).double_value(&[])
            });
            let expected = squares.sum::<f64>().sqrt() / (1.0 - beta1);
            let got = scalars[format!("gradient_norm/{optimiser}").as_str()];
            assert!(expected > 0.0, "{update:?} {optimiser}");
            let difference = (got - expected).abs();
            assert!(difference < 1e-5 * expected, "{update:?} {optimiser}: {got} {expected}");
        }
    }
}
