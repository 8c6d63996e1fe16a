//! Settings that several subjects share.

use curl_rl::config::{Config, Selection, resolve};

/// The configuration of a tiny run: the preset `debug` on cartpole, with some keys set.
pub fn debug_config(sets: &[&str]) -> Config {
    let sets: Vec<String> = sets.iter().map(|set| set.to_string()).collect();
    let selection = Selection {
        env: "dmc:cartpole-swingup",
        default_action_repeat: 8,
        preset: Some("debug"),
        file: None,
        env_steps: None,
        seed: None,
        sets: &sets,
    };
    resolve(&selection).expect("the settings are valid").config
}
