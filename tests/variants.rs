//! Settings of the contrast, and all methods: what several subjects try one by one.

use curl_rl::agent::Agent;
use curl_rl::batch::BatchShape;
use curl_rl::config::{Config, Observed, methods};
use curl_rl::observation::Input;
use tch::Device;

use crate::fixtures::{CONTINUOUS, debug_config_of, shape_of};

/// A method, or the default one, with some keys of `agent.contrast` set.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    method: Option<&'static str>,
    sets: &'static [&'static str],
    /// Tensors of its head.
    pub head: usize,
}

/// Small windows, of which a batch has some.
const WINDOW: &str = "temporal.window=4";

/// Settings that are not those of a method, or not alone.
const SETTINGS: [(&[&str], usize); 24] = [
    (&["similarity=cosine"], 0),
    (&["similarity=dot"], 0),
    (&["positive=gaussian"], 1),
    (&["key_encoder=shared"], 1),
    (&["key_encoder=shared", "positive=gaussian"], 1),
    (&["augmentations=[\"crop\", \"flip\"]"], 1),
    (&["augmentations=[\"crop\", \"flip\"]", "positive=gaussian"], 1),
    (&["objective=symmetric-info-nce"], 1),
    (&["objective=symmetric-info-nce", "similarity=cosine"], 0),
    (&["objective=symmetric-info-nce", "similarity=dot", "key_encoder=shared"], 0),
    (&["objective=margin", "margin=9"], 0),
    (&["objective=margin", "margin=9", "key_encoder=shared"], 0),
    (&["objective=exponential"], 0),
    (&["objective=exponential", "positive=gaussian"], 0),
    (&["objective=triplet", "mining=all"], 0),
    (&["objective=triplet", "mining=semi-hard"], 0),
    (&["objective=triplet", "mining=batch-hard", "key_encoder=shared"], 0),
    (&["objective=cpc", "temporal.steps=2", WINDOW], 6),
    (&["objective=cpc", "temporal.steps=2", "key_encoder=shared", WINDOW], 6),
    (&["objective=cpc", "temporal.steps=1", "temporal.context=lstm", WINDOW], 5),
    (
        &[
            "objective=cpc",
            "temporal.steps=1",
            "temporal.context=lstm",
            "temporal.predictor=residual",
            "key_encoder=shared",
            WINDOW,
        ],
        9,
    ),
    (
        &[
            "objective=cpc",
            "temporal.steps=3",
            "temporal.context=none",
            "temporal.predictor=residual",
            WINDOW,
        ],
        7,
    ),
    (
        &[
            "objective=cpc",
            "temporal.steps=2",
            "temporal.context=none",
            "temporal.negatives=sequence",
            WINDOW,
        ],
        2,
    ),
    (
        &[
            "objective=cpc",
            "temporal.steps=2",
            "temporal.context=none",
            "temporal.negatives=batch",
            "key_encoder=shared",
            WINDOW,
        ],
        2,
    ),
];

/// All variants: the settings, and every method that the program has.
pub fn variants() -> impl Iterator<Item = Variant> {
    let settings = SETTINGS.into_iter().map(|(sets, head)| Variant { method: None, sets, head });
    settings.chain(methods().map(|method| Variant {
        method: Some(method.name),
        sets: &[],
        head: head_of(method.name),
    }))
}

/// Tensors of a method's head.
fn head_of(method: &str) -> usize {
    match method {
        "curl" | "curl-contrast-only" | "curl-no-ema" | "curl-detach" | "him" | "him-state" => 1,
        "curl-cosine" | "triplet" | "margin" | "exponential" => 0,
        "rad" | "drq" | "sac-pixel" | "sac-state" => 0,
        // A GRU of two weights and two biases, and four steps ahead.
        "cpc" => 8,
        "tcl" => 7,
        // A perceptron of two layers, and one step ahead.
        "atc" => 5,
        other => panic!("the method {other} is not told here"),
    }
}

impl Variant {
    /// The configuration of a tiny run, with some more keys set.
    pub fn config(&self, more: &[&str]) -> Config {
        let in_contrast = self.sets.iter().map(|set| format!("agent.contrast.{set}"));
        // It shifts whole frames.
        let whole = (self.method == Some("drq")).then(|| "env.render_size=36".to_owned());
        let sets: Vec<String> = in_contrast.chain(whole).collect();
        let sets: Vec<&str> = sets.iter().map(String::as_str).chain(more.iter().copied()).collect();
        debug_config_of(self.method, &sets)
    }
}

/// A tiny agent of a configuration, and what its batches are.
pub fn agent_of(config: &Config) -> (Agent, BatchShape) {
    let shape = shape_of(&config.agent, CONTINUOUS);
    let input = match config.env.observation {
        Observed::Pixels => shape.input,
        Observed::State => Input::State { frames: 3, len: 5 },
    };
    let mut agent = Agent::new(input, CONTINUOUS, &config.agent, 1, Device::Cpu);
    // States are normalised by those that came before.
    [[1.0; 5], [-1.0; 5]].iter().for_each(|state| agent.observe(state));
    (agent, BatchShape { input, ..shape })
}
