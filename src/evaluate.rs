//! Evaluation: whole episodes without exploration. Nothing here knows of training.

use curl_envs::{EnvError, Pixels};
use serde::{Deserialize, Serialize};

use crate::action::ActionSpace;
use crate::agent::{Act, Agent};
use crate::frame_stack::FrameStack;
use crate::random::{Purpose, Streams};
use crate::statistics::mean_and_std;

/// Which episodes to play. Their starts depend on these two alone.
#[derive(Clone, Copy, Debug)]
pub struct Episodes {
    pub seed: u64,
    /// Index of the first episode's stream.
    pub first: u64,
    pub count: u64,
}

/// What the episodes returned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalReport {
    /// Undiscounted sum of rewards, by episode.
    pub returns: Vec<f64>,
    /// Env steps, by episode.
    pub lengths: Vec<u64>,
}

impl EvalReport {
    /// Mean and population standard deviation of the returns.
    pub fn mean_and_std(&self) -> (f64, f64) {
        mean_and_std(&self.returns)
    }

    pub fn mean_length(&self) -> f64 {
        self.lengths.iter().sum::<u64>() as f64 / self.lengths.len() as f64
    }
}

/// Plays episodes. `watch` is shown the environment at every start and after every agent step, with
/// the episode's number from 0.
///
/// # Errors
/// If the environment or `watch` fails.
pub fn evaluate<E: From<EnvError>>(
    agent: &Agent,
    env: &mut Pixels,
    stack: &mut FrameStack,
    episodes: Episodes,
    mut watch: impl FnMut(u64, &mut Pixels) -> Result<(), E>,
) -> Result<EvalReport, E> {
    let streams = Streams::new(episodes.seed);
    let space = ActionSpace::from(&env.spec().action);
    let mut report = EvalReport { returns: Vec::new(), lengths: Vec::new() };
    for episode in 0..episodes.count {
        env.reset(&mut streams.stream(Purpose::EvalEpisode, episodes.first + episode))?;
        stack.start(env.frame());
        watch(episode, env)?;
        let (mut episode_return, mut length) = (0.0, 0);
        loop {
            let action = agent.act_one(stack.image(), Act::Deterministic);
            let step = env.step(space.action(&action))?;
            stack.push(env.frame());
            watch(episode, env)?;
            episode_return += step.reward;
            length += step.env_steps;
            if step.ended.is_some() {
                break;
            }
        }
        report.returns.push(episode_return);
        report.lengths.push(length);
    }
    Ok(report)
}
