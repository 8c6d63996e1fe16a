//! The memory that is told before a run is the memory that it takes.

use curl_rl::action::ActionSpace;
use curl_rl::agent::Agent;
use curl_rl::config::Config;
use curl_rl::memory::Forecast;
use curl_rl::replay::{Codec, ReplayShape};
use curl_rl::train::pictures;
use tch::Device;

use crate::fixtures::debug_config;

fn shape(config: &Config, episode_len: usize) -> ReplayShape {
    ReplayShape {
        capacity: config.replay.capacity.len(),
        episode_len: Some(episode_len),
        stack: config.env.frame_stack.len(),
        action: ActionSpace::Continuous(1),
        observation: pictures(config),
        codec: Codec::Raw,
    }
}

#[test]
fn networks_take_what_was_told() {
    for sets in [
        &[][..],
        &["agent.contrast.objective=off"],
        &["agent.encoder.critic_gradient=detached", "agent.precision=float64"],
        &["agent.encoder.layers=3", "agent.hidden_dim=20", "env.frame_stack=2"],
    ] {
        let config = debug_config(sets);
        let ReplayShape { observation, stack, action, .. } = shape(&config, 25);
        let agent = Agent::new(observation.input(stack), action, &config.agent, 1, Device::Cpu);
        let bytes = |tensor: &tch::Tensor| tensor.numel() * tensor.kind().elt_size_in_bytes();
        let taken: usize = agent.state().tensors.values().map(bytes).sum();
        let told = Forecast::new(&config, &shape(&config, 25)).networks;
        // Log alpha and its moments, three float64, are not counted.
        assert_eq!(told + 24.0, taken as f64, "{sets:?}");
    }
}

#[test]
fn the_paper_s_replay_takes_3_gb() {
    let config = debug_config(&["replay.capacity=100000", "env.render_size=100"]);
    for episode_len in [125, 250, 500] {
        let bytes = shape(&config, episode_len).bytes();
        assert!((3.0e9..3.1e9).contains(&bytes), "{bytes}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_a_remedy() {
    let config = debug_config(&["replay.capacity=1000000000", "env.render_size=100"]);
    let error = Forecast::new(&config, &shape(&config, 125)).check(&config).unwrap_err();
    assert!(error.to_string().contains("lower replay.capacity (now 1000000000)"), "{error}");
}
