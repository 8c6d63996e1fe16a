//! SAC for discrete actions (Christodoulou 2019): what each loss trains, and that it learns.

use std::collections::BTreeSet;

use curl_rl::action::ActionSpace;
use curl_rl::agent::{Act, Agent};
use curl_rl::batch::{BatchShape, Noise};
use tch::{Device, Kind, Tensor};

use crate::fixtures::{BATCH, IMAGE, debug_config, random_batch_of};

const CHOICES: usize = 3;
const SPACE: ActionSpace = ActionSpace::Discrete(CHOICES);
const SHAPE: BatchShape = BatchShape { action: SPACE, ..BATCH };

fn agent(sets: &[&str]) -> Agent {
    Agent::new(IMAGE, SPACE, &debug_config(sets).agent, 1, Device::Cpu)
}

/// Expectations are exact: the losses take no noise.
fn no_noise() -> Noise {
    let none = || Tensor::zeros([4, 0], (Kind::Float, Device::Cpu));
    Noise { next_action: none(), action: none(), positive: None }
}

/// The names of the parameters that something changes.
fn changed(agent: &mut Agent, change: impl FnOnce(&mut Agent)) -> BTreeSet<String> {
    let before: Vec<_> = agent.parameters().into_iter().map(|(_, t)| t.detach().copy()).collect();
    change(agent);
    let after = agent.parameters().into_iter().zip(before);
    after.filter(|((_, after), before)| after != before).map(|((name, _), _)| name).collect()
}

#[test]
fn each_loss_changes_exactly_its_own_parameters() {
    let mut agent = agent(&[]);
    let batch = random_batch_of(SHAPE, 0);
    let query = agent.prepare(&batch.query());
    let names: BTreeSet<String> = agent.parameters().into_iter().map(|(name, _)| name).collect();
    let named = |prefixes: &[&str]| -> BTreeSet<String> {
        let starts = |name: &&String| prefixes.iter().any(|prefix| name.starts_with(prefix));
        names.iter().filter(starts).cloned().collect()
    };
    let of_critic = changed(&mut agent, |agent| {
        agent.update_critic(&query, &batch, &no_noise().next_action).unwrap();
    });
    assert_eq!(of_critic, named(&["query_encoder.", "critic."]));
    let of_actor = changed(&mut agent, |agent| {
        agent.update_actor_and_temperature(&query, &no_noise().action).unwrap();
    });
    assert_eq!(of_actor, named(&["actor.", "temperature."]));
}

/// One choice is worth more than the others whatever is seen.
#[test]
fn the_policy_finds_the_choice_that_is_rewarded() {
    for update in ["agent.update=shared", "agent.update=paper"] {
        let mut agent = agent(&[update, "agent.discount=0.5"]);
        for index in 0..60 {
            let mut batch = random_batch_of(SHAPE, index);
            batch.reward = batch.action.eq(1.0).to_kind(Kind::Float);
            agent.update(&batch, &no_noise(), index).unwrap();
        }
        let images = random_batch_of(SHAPE, 1000).query();
        let chosen = agent.act(&images, Act::Deterministic);
        assert_eq!(chosen, Tensor::ones([4, 1], (Kind::Float, Device::Cpu)), "{update}");
    }
}

#[test]
fn an_action_chosen_by_noise_is_one_of_the_choices() {
    let agent = agent(&[]);
    let images = random_batch_of(SHAPE, 0).query();
    for choice in 0..CHOICES {
        let noise = Tensor::zeros([4, CHOICES as i64], (Kind::Float, Device::Cpu));
        let _ = noise.narrow(1, choice as i64, 1).fill_(1e3);
        let chosen = agent.act(&images, Act::Sample(&noise));
        assert!(chosen.eq(choice as f64).all().int64_value(&[]) == 1, "{chosen}");
        assert!(SPACE.contains(&agent.act_one(&images.narrow(0, 0, 1), Act::Deterministic)));
    }
}
