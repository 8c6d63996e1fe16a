//! Several environments side by side: what is counted, stored and resumed, and that evaluations find
//! the same.

use std::path::Path;

use curl_envs::{Counter, Ended, PixelEnvs, Pixels};
use curl_rl::action::ActionSpace;
use curl_rl::agent::Agent;
use curl_rl::checkpoint::{Checkpoint, Checkpoints};
use curl_rl::config::Config;
use curl_rl::evaluate::{Episodes, EvalReport, evaluate};
use curl_rl::frame_stack::FrameStack;
use curl_rl::replay::Codec;
use curl_rl::train::pictures;
use tch::Device;

use crate::fixtures::{IMAGE, debug_config};
use crate::remains::{Remains, names};
use crate::small_run::play_in;

/// A run in three environments, with two for its evaluations.
fn config(env_steps: &str) -> Config {
    debug_config(&[
        "env.action_repeat=1",
        "replay.capacity=60",
        env_steps,
        "train.envs=3",
        "train.warmup_agent_steps=8",
        "train.batch_size=4",
        "eval.every_env_steps=12",
        "eval.episodes=3",
        "eval.envs=2",
        "checkpoint.every_env_steps=12",
        "log.scalars_every_updates=1",
    ])
}

fn play(run_dir: &Path, config: &Config) {
    let envs = |count| {
        let size = config.env.render_size.len();
        let make =
            move || Pixels::new(Box::new(Counter::new(1, &[7, 4], Ended::TimeLimit)), 1, size);
        PixelEnvs::new(count, make).expect("threads can be had")
    };
    let envs = [envs(config.train.envs.len()), envs(config.eval.envs.len())];
    play_in(envs, run_dir, config, Codec::Delta).expect("nothing fails");
}

#[test]
fn steps_are_those_of_all_environments_and_each_has_its_replay() {
    let run = tempfile::tempdir().expect("there is a temporary folder");
    play(run.path(), &config("train.env_steps=60"));
    let Checkpoint { steps, run: state, .. } =
        Checkpoint::load(&Checkpoints::locate(run.path())).expect("the run has ended");
    assert_eq!((steps.env_step, steps.agent_step, steps.update), (60, 60, 60 - 8));
    // Twenty steps of each: episodes of seven, four and seven, and two of the next.
    assert_eq!(steps.episode, 3 * 3);
    assert_eq!(state.envs.len(), 3);
    for env in &state.envs {
        assert_eq!(env.episode.length, 2);
        assert_eq!(env.replay.replay.written, 20 + 4, "a frame a step and one an episode");
    }
    for folder in ["replay", "replay-1", "replay-2"] {
        assert!(!names(&run.path().join(folder)).is_empty(), "{folder}");
    }
}

#[test]
fn a_run_in_several_environments_goes_on_with_the_same_bits() {
    let [whole, stopped] = [0, 1].map(|_| tempfile::tempdir().expect("there is a folder"));
    play(whole.path(), &config("train.env_steps=60"));
    play(stopped.path(), &config("train.env_steps=36"));
    play(stopped.path(), &config("train.env_steps=60"));
    Remains::of(whole.path()).check_same(stopped.path(), "stopped at 36 of 60");
}

fn report(config: &Config, count: usize) -> EvalReport {
    let (id, size) = (config.env.id.clone(), config.env.render_size.len());
    let make = move || Pixels::new(curl_envs::make(&id)?, 50, size);
    let mut envs = PixelEnvs::new(count, make).expect("the models are there");
    let agent = Agent::new(IMAGE, ActionSpace::Continuous(1), &config.agent, 1, Device::Cpu);
    let stack = |_| FrameStack::new(&pictures(config), config.env.frame_stack.len());
    let mut stacks: Vec<_> = (0..count).map(stack).collect();
    let episodes = Episodes { seed: 3, first: 5, count: 4 };
    let mut seen = Vec::new();
    let report = evaluate(&agent, &mut envs, &mut stacks, episodes, |episode, _, _| {
        seen.push(episode);
        Ok::<_, curl_envs::EnvError>(())
    });
    let shown = |episode: u64| seen.iter().filter(|&&seen| seen == episode).count();
    assert!((0..4).all(|episode| shown(episode) == 21), "at its start and after twenty steps");
    report.expect("nothing fails")
}

#[test]
fn an_evaluation_finds_the_same_however_many_environments_play_it() {
    let config = debug_config(&[]);
    let alone = report(&config, 1);
    assert_eq!(alone.lengths, [1000; 4]);
    assert!(alone.returns.windows(2).all(|pair| pair[0] != pair[1]), "starts differ");
    let side_by_side = report(&config, 3);
    assert_eq!(side_by_side.lengths, alone.lengths);
    for (got, expected) in side_by_side.returns.iter().zip(&alone.returns) {
        // A pass over several images rounds otherwise than one over each.
        assert!((got - expected).abs() < 1e-3 * expected.abs(), "{got}, not {expected}");
    }
}
