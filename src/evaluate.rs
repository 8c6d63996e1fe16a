//! Evaluation: whole episodes without exploration. Nothing here knows of training.

use std::collections::BTreeMap;

use curl_envs::{BoxedRng, EnvError, PixelEnvs};
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

/// An episode under way.
struct Playing {
    episode: u64,
    env: usize,
    episode_return: f64,
    length: u64,
}

/// Plays episodes, as many side by side as there are environments. `watch` is shown the environments
/// after the start of every episode and after each of its agent steps, with the episode's number from
/// 0 and that of its environment.
///
/// # Errors
/// If an environment or `watch` fails.
pub fn evaluate<E: From<EnvError>>(
    agent: &Agent,
    envs: &mut PixelEnvs,
    stacks: &mut [FrameStack],
    episodes: Episodes,
    mut watch: impl FnMut(u64, &mut PixelEnvs, usize) -> Result<(), E>,
) -> Result<EvalReport, E> {
    let space = ActionSpace::from(&envs.spec().action);
    let mut played = BTreeMap::new();
    let mut waiting = 0..episodes.count;
    let mut playing: Vec<Playing> = Vec::new();
    let mut free: Vec<usize> = (0..envs.count()).collect();
    loop {
        let begun: Vec<Playing> = free.drain(..).zip(&mut waiting).map(Playing::begin).collect();
        start(&begun, envs, stacks, episodes)?;
        for Playing { episode, env, .. } in &begun {
            watch(*episode, envs, *env)?;
        }
        playing.extend(begun);
        playing.sort_by_key(|playing| playing.env);
        if playing.is_empty() {
            return Ok(report(played));
        }
        let actions = act(agent, &playing, stacks);
        let orders: Vec<_> = playing
            .iter()
            .zip(&actions)
            .map(|(playing, action)| (playing.env, space.action(action)))
            .collect();
        let mut steps = envs.step(&orders)?.into_iter();
        let mut still = Vec::new();
        for mut one in playing {
            let step = steps.next().expect("every environment has stepped");
            stacks[one.env].push(envs.frame(one.env));
            watch(one.episode, envs, one.env)?;
            one.episode_return += step.reward;
            one.length += step.env_steps;
            if step.ended.is_some() {
                free.push(one.env);
                played.insert(one.episode, one);
            } else {
                still.push(one);
            }
        }
        playing = still;
    }
}

impl Playing {
    fn begin((env, episode): (usize, u64)) -> Self {
        Self { episode, env, episode_return: 0.0, length: 0 }
    }
}

fn start(
    begun: &[Playing],
    envs: &mut PixelEnvs,
    stacks: &mut [FrameStack],
    episodes: Episodes,
) -> Result<(), EnvError> {
    let streams = Streams::new(episodes.seed);
    let stream = |episode| streams.stream(Purpose::EvalEpisode, episodes.first + episode);
    let starts = begun.iter().map(|one| (one.env, Box::new(stream(one.episode)) as BoxedRng));
    envs.reset(starts.collect())?;
    for one in begun {
        stacks[one.env].start(envs.frame(one.env));
    }
    Ok(())
}

/// The actions of the environments that are played in, by one pass.
fn act(agent: &Agent, playing: &[Playing], stacks: &mut [FrameStack]) -> Vec<Vec<f32>> {
    let is_played = |env: usize| playing.iter().any(|playing| playing.env == env);
    let played = stacks.iter_mut().enumerate().filter(|(env, _)| is_played(*env));
    let images: Vec<_> = played.map(|(_, stack)| stack.input()).collect();
    agent.act_each(&images, Act::Deterministic)
}

/// By episode, in whatever order they ended.
fn report(played: BTreeMap<u64, Playing>) -> EvalReport {
    let (returns, lengths) =
        played.into_values().map(|one| (one.episode_return, one.length)).unzip();
    EvalReport { returns, lengths }
}
