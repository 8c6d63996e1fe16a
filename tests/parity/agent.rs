//! Agent cases: losses and parameters after each update, and the deterministic action at the end.

use std::collections::BTreeMap;
use std::path::Path;

use curl_rl::action::ActionSpace;
use curl_rl::agent::{Act, Agent, Losses};
use curl_rl::batch::{Batch, BatchShape, Noise, Views};
use curl_rl::config::AgentConfig;
use curl_rl::observation::Input;
use serde::Deserialize;
use tch::{Device, Kind, Tensor, no_grad};

use super::differences::Differences;
use super::{Cases, check_all, formula, further_cases, own_cases};

#[derive(Deserialize)]
struct CaseFile {
    case: Case,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    dtype: String,
    channels: i64,
    image: i64,
    action_dim: i64,
    batch: i64,
    hidden_dim: i64,
    num_layers: i64,
    num_filters: i64,
    feature_dim: i64,
    detach_encoder: bool,
    hyper: BTreeMap<String, f64>,
    select_action: Vec<f64>,
}

#[derive(Deserialize)]
struct Step {
    step: u64,
    losses: BTreeMap<String, f64>,
    log_alpha: f64,
    params: BTreeMap<String, Summary>,
}

#[derive(Deserialize)]
struct Summary {
    l2: f64,
    head: Vec<f64>,
    mid: Vec<f64>,
}

/// How far numbers may be apart, relative to the expected one.
struct Tolerance {
    loss: f64,
    l2: f64,
    /// `None`: not compared.
    entries: Option<f64>,
}

/// The defaults of the section `agent`: contrast and all that the cases do not name.
fn default_agent() -> toml::Table {
    let defaults: toml::Table =
        toml::from_str(include_str!("../../configs/default.toml")).expect("the defaults are TOML");
    defaults["agent"].as_table().expect("it is a section").clone()
}

/// Puts the values of one table over those of another, section by section.
fn overlay(table: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(section)), toml::Value::Table(over)) => overlay(section, over),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

impl Case {
    fn tolerance(&self, step_index: usize) -> Tolerance {
        match (self.dtype.as_str(), step_index) {
            ("float64", _) => Tolerance { loss: 1e-9, l2: 1e-9, entries: Some(1e-9) },
            ("float32", 0) => Tolerance { loss: 1e-4, l2: 1e-4, entries: None },
            ("float32", _) => Tolerance { loss: 1e-2, l2: 1e-3, entries: None },
            (other, _) => panic!("{}: unknown dtype {other}", self.name),
        }
    }

    fn config(&self) -> AgentConfig {
        let hyper = |key: &str| {
            *self.hyper.get(key).unwrap_or_else(|| panic!("{}: no hyper.{key}", self.name))
        };
        let text = format!(
            r#"
            discount = {discount:?}
            image_size = {image}
            augmentations = []
            hidden_dim = {hidden}
            update = "paper"
            precision = "{dtype}"
            [encoder]
            layers = {layers}
            filters = {filters}
            feature_dim = {feature}
            learning_rate = {encoder_lr:?}
            tau = {encoder_tau:?}
            critic_gradient = "{gradient}"
            [critic]
            learning_rate = {critic_lr:?}
            beta1 = {critic_beta:?}
            tau = {critic_tau:?}
            target_update_every = {target_freq}
            [actor]
            learning_rate = {actor_lr:?}
            beta1 = {actor_beta:?}
            log_std_min = {log_std_min:?}
            log_std_max = {log_std_max:?}
            update_every = {actor_freq}
            [temperature]
            initial = {alpha:?}
            learning_rate = {alpha_lr:?}
            beta1 = {alpha_beta:?}
            "#,
            discount = hyper("discount"),
            image = self.image,
            hidden = self.hidden_dim,
            dtype = self.dtype,
            layers = self.num_layers,
            filters = self.num_filters,
            feature = self.feature_dim,
            encoder_lr = hyper("encoder_lr"),
            encoder_tau = hyper("encoder_tau"),
            gradient = if self.detach_encoder { "detached" } else { "on" },
            critic_lr = hyper("critic_lr"),
            critic_beta = hyper("critic_beta"),
            critic_tau = hyper("critic_tau"),
            target_freq = hyper("critic_target_update_freq") as u64,
            actor_lr = hyper("actor_lr"),
            actor_beta = hyper("actor_beta"),
            log_std_min = hyper("actor_log_std_min"),
            log_std_max = hyper("actor_log_std_max"),
            actor_freq = hyper("actor_update_freq") as u64,
            alpha = hyper("init_temperature"),
            alpha_lr = hyper("alpha_lr"),
            alpha_beta = hyper("alpha_beta"),
        );
        let mut agent = default_agent();
        let parsed = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        overlay(&mut agent, parsed);
        agent.try_into().unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn input(&self) -> Input {
        Input::Image { size: self.image as usize, frames: 1, channels: self.channels as usize }
    }

    fn actions(&self) -> ActionSpace {
        ActionSpace::Continuous(self.action_dim as usize)
    }

    fn kind(&self) -> Kind {
        if self.dtype == "float64" { Kind::Double } else { Kind::Float }
    }

    /// An agent with the case's parameters.
    fn agent(&self) -> Agent {
        let agent = Agent::new(self.input(), self.actions(), &self.config(), 1, Device::Cpu);
        no_grad(|| {
            for (name, mut tensor) in agent.parameters() {
                if name != "temperature.log_alpha" {
                    let value = formula::parameter(&authors_name(&name), &tensor.size());
                    tensor.copy_(&value.to_kind(self.kind()));
                }
            }
        });
        agent
    }

    fn batch(&self, update: usize) -> Batch {
        let name = |part: &str| format!("{}/{part}/{update}", self.name);
        let images = |part| formula::images(&name(part), [self.batch, self.channels, self.image]);
        let shape = BatchShape {
            size: self.batch as usize,
            input: self.input(),
            views: Views::CURL,
            action: self.actions(),
        };
        let not_done: Vec<f32> = formula::bytes(&name("not_done"), shape.size)
            .into_iter()
            .map(|byte| if byte >= 32 { 1.0 } else { 0.0 })
            .collect();
        let mut batch = Batch::new(shape);
        batch.query().copy_(&images("obs"));
        batch.key().expect("the batch has keys").copy_(&images("pos"));
        batch.next().copy_(&images("next_obs"));
        batch.action = formula::unit_tensor(&name("action"), &[self.batch, self.action_dim]);
        batch.reward = formula::unit_tensor(&name("reward"), &[self.batch, 1]);
        batch.not_done = Tensor::from_slice(&not_done).view([self.batch, 1]);
        batch
    }

    /// The noise of an update, given how many draws went before. An update without an actor step
    /// takes one draw, else two; a draw that is not used changes nothing.
    fn noise(&self, draws: usize) -> Noise {
        let draw = |k: usize| {
            formula::unit_tensor(
                &format!("{}/noise/{k}", self.name),
                &[self.batch, self.action_dim],
            )
        };
        Noise { next_action: draw(draws), action: draw(draws + 1), positive: None }
    }
}

/// The authors' name of one of our parameters.
fn authors_name(name: &str) -> String {
    let (part, rest) = name.split_once('.').expect("names are paths");
    // Their sequential trunks count the ReLUs.
    let trunk = |rest: &str| {
        let (layer, field) = rest.split_once('.').expect("a layer and its field");
        format!("{}.{field}", 2 * layer.parse::<usize>().expect("layers are numbered"))
    };
    let q = |rest: &str| format!("Q{}.trunk.{}", &rest[1..2], trunk(&rest[3..]));
    match part {
        "query_encoder" => format!("critic.encoder.{rest}"),
        "key_encoder" => format!("critic_target.encoder.{rest}"),
        "critic" => format!("critic.{}", q(rest)),
        "target_critic" => format!("critic_target.{}", q(rest)),
        "actor" => match rest.strip_prefix("trunk.") {
            Some(rest) => format!("actor.trunk.{}", trunk(rest)),
            None => format!("actor.encoder.{rest}"),
        },
        "contrast" => "curl.W".to_string(),
        _ => panic!("no such part: {name}"),
    }
}

fn compare_losses(
    losses: &Losses,
    expected: &Step,
    at: &str,
    tolerance: f64,
    out: &mut Differences,
) {
    let scalars: BTreeMap<_, _> = losses.scalars().into_iter().collect();
    let names = [
        ("train/batch_reward", "batch_reward"),
        ("train_critic/loss", "critic"),
        ("train_actor/loss", "actor"),
        ("train_actor/entropy", "entropy"),
        ("train_alpha/loss", "temperature"),
        ("train_alpha/value", "alpha"),
        ("train/curl_loss", "contrast"),
    ];
    for (theirs, ours) in names {
        match (expected.losses.get(theirs), scalars.get(ours)) {
            (Some(expected), Some(got)) => {
                out.compare(&format!("{at} {theirs}"), *got, *expected, tolerance);
            }
            (None, None) => {}
            (expected, got) => {
                out.add(format!("{at} {theirs}: expected {expected:?}, got {got:?}"));
            }
        }
    }
}

fn compare_parameters(
    agent: &Agent,
    expected: &Step,
    at: &str,
    tolerance: &Tolerance,
    out: &mut Differences,
) {
    let mut compared = 0;
    for (name, tensor) in agent.parameters() {
        let flat = tensor.detach().to_kind(Kind::Double).contiguous().view(-1);
        if name == "temperature.log_alpha" {
            out.compare(
                &format!("{at} log_alpha"),
                flat.double_value(&[0]),
                expected.log_alpha,
                tolerance.loss,
            );
            continue;
        }
        let theirs = authors_name(&name);
        let Some(summary) = expected.params.get(&theirs) else {
            out.add(format!("{at}: the case has no parameter {theirs}"));
            continue;
        };
        compared += 1;
        let l2 = flat.square().sum(Kind::Double).sqrt().double_value(&[]);
        out.compare(&format!("{at} {theirs} l2"), l2, summary.l2, tolerance.l2);
        if let Some(entries) = tolerance.entries {
            let middle = flat.numel() / 2;
            for (part, start, values) in [("head", 0, &summary.head), ("mid", middle, &summary.mid)]
            {
                for (offset, value) in values.iter().enumerate() {
                    let got = flat.double_value(&[(start + offset) as i64]);
                    out.compare(&format!("{at} {theirs} {part}[{offset}]"), got, *value, entries);
                }
            }
        }
    }
    // The actor's convolutions are the critic's: the same tensors under a second name.
    let second_names =
        expected.params.keys().filter(|name| name.starts_with("actor.encoder.convs")).count();
    assert_eq!(compared + second_names, expected.params.len(), "every parameter is compared");
}

fn check(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).expect("the case can be read");
    let CaseFile { case, steps } = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{} is not an agent case: {error}", path.display()));
    let mut agent = case.agent();
    let mut differences = Differences::new(format!("{} {}", case.name, case.dtype));
    let mut draws = 0;
    for (index, step) in steps.iter().enumerate() {
        let tolerance = case.tolerance(index);
        let losses = agent
            .update(&case.batch(index), &case.noise(draws), step.step)
            .expect("the numbers of the case are finite");
        draws += if losses.actor.is_some() { 2 } else { 1 };
        let at = format!("update {index}");
        compare_losses(&losses, step, &at, tolerance.loss, &mut differences);
        compare_parameters(&agent, step, &at, &tolerance, &mut differences);
    }
    let stack = formula::images(&format!("{}/act", case.name), [1, case.channels, case.image]);
    let action = agent.act(&stack, Act::Deterministic);
    let tolerance = case.tolerance(steps.len()).loss;
    for (dimension, expected) in case.select_action.iter().enumerate() {
        let got = action.double_value(&[0, dimension as i64]);
        differences.compare(&format!("action[{dimension}]"), got, *expected, tolerance);
    }
    differences.verdict()
}

#[test]
fn parity_of_the_agent_with_our_own_cases() {
    check_all(&own_cases(Cases::Agent), check);
}

#[test]
fn parity_of_the_agent_with_further_cases() {
    check_all(&further_cases(Cases::Agent), check);
}
