//! Fresh frames to probe with, each with the simulator's state beside it.

use std::collections::VecDeque;
use std::sync::Arc;

use curl_envs::{EnvError, Pixels, Spec};
use tch::{Device, Kind, Tensor};
use thiserror::Error;

use crate::action::ActionSpace;
use crate::agent::{Act, Agent};
use crate::augment::{self, Pipeline, Scratch, Sizes};
use crate::nn::slice::bytes_mut;
use crate::random::{Purpose, Streams};

/// Episodes that a probe has at least: half of them with each kind of actions, and of each half one
/// for testing and one for choosing.
const MIN_EPISODES: usize = 10;
/// Observations of an episode, on average, below which a split by episode says nothing.
const MIN_FRAMES: usize = 10 * MIN_EPISODES;

/// How many observations are collected, and by which random numbers.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    frames: usize,
    pub seed: u64,
}

/// There are too few frames for a split by episode.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{frames} frames are too few to be split by episode: take {MIN_FRAMES} or more")]
pub struct TooFewFrames {
    frames: usize,
}

/// How an agent's contrast sees: the augmentations of its images, and the frames of a stack.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    pub pipeline: &'a Pipeline,
    pub stack: usize,
}

/// How an observation is shown.
#[derive(Clone, Debug)]
pub enum View {
    /// As the acting agent sees it.
    Centre,
    /// As the contrast does.
    Augmented(augment::Drawn),
}

/// Who chooses the actions of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actions {
    /// All alike probable.
    Uniform,
    /// The agent, without exploration.
    Policy,
}

impl Actions {
    /// Those of an episode: the first is random, the second the agent's, and so on.
    pub fn of(episode: usize) -> Self {
        if episode.is_multiple_of(2) { Self::Uniform } else { Self::Policy }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Policy => "policy",
        }
    }
}

/// A moment of an episode.
#[derive(Clone, Debug)]
pub struct Observation {
    pub episode: usize,
    pub agent_step: usize,
    /// The last frames, oldest first. Neighbouring observations share them.
    stack: Vec<Arc<[u8]>>,
    /// The environment's flat observation; empty where it has none.
    pub state: Vec<f64>,
}

impl Plan {
    /// # Errors
    /// If there are too few frames for a split by episode.
    pub fn new(frames: usize, seed: u64) -> Result<Self, TooFewFrames> {
        if frames < MIN_FRAMES { Err(TooFewFrames { frames }) } else { Ok(Self { frames, seed }) }
    }

    /// Most observations of an episode.
    fn quota(self) -> usize {
        self.frames.div_ceil(MIN_EPISODES)
    }

    /// Of so many agent steps one is kept, so that an episode up to its time limit has no more
    /// observations than its quota and these come from all of it.
    fn stride(self, spec: &Spec, action_repeat: u64) -> usize {
        let steps = spec.time_limit.map(|limit| limit.div_ceil(action_repeat) as usize + 1);
        steps.map_or(1, |steps| steps.div_ceil(self.quota()))
    }
}

/// Plays episodes until there are enough observations. Their starts and random actions come from
/// streams of their own, so that no training and no evaluation has seen them.
///
/// # Errors
/// If the environment fails.
pub fn collect(
    agent: &Agent,
    pixels: &mut Pixels,
    sight: Sight<'_>,
    plan: Plan,
) -> Result<Vec<Observation>, EnvError> {
    let mut observations = Vec::new();
    for episode in 0.. {
        let room = plan.quota().min(plan.frames - observations.len());
        if room == 0 {
            break;
        }
        let player = Player { agent, sight, plan, episode, room };
        observations.extend(player.play(pixels)?);
    }
    Ok(observations)
}

/// What an episode is played with.
struct Player<'a> {
    agent: &'a Agent,
    sight: Sight<'a>,
    plan: Plan,
    episode: usize,
    /// Observations that are still wanted, at least one.
    room: usize,
}

impl Player<'_> {
    fn play(&self, pixels: &mut Pixels) -> Result<Vec<Observation>, EnvError> {
        let streams = Streams::new(self.plan.seed);
        let index = self.episode as u64;
        let mut actions = streams.stream(Purpose::ProbeAction, index);
        let space = ActionSpace::from(&pixels.spec().action);
        let stride = self.plan.stride(pixels.spec(), pixels.action_repeat());
        pixels.reset(&mut streams.stream(Purpose::ProbeEpisode, index))?;
        let first: Arc<[u8]> = pixels.frame().into();
        let mut stack: VecDeque<_> = vec![first; self.sight.stack].into();
        let mut kept = Vec::new();
        for agent_step in 0.. {
            let now = self.observe(pixels, agent_step, &stack);
            let action = match Actions::of(self.episode) {
                Actions::Uniform => space.uniform(&mut actions),
                Actions::Policy => self.act(&now),
            };
            if agent_step.is_multiple_of(stride) {
                kept.push(now);
            }
            if kept.len() == self.room {
                break;
            }
            let ended = pixels.step(space.action(&action))?.ended;
            stack.pop_front();
            stack.push_back(pixels.frame().into());
            if ended.is_some() {
                break;
            }
        }
        Ok(kept)
    }

    fn observe(
        &self,
        pixels: &Pixels,
        agent_step: usize,
        stack: &VecDeque<Arc<[u8]>>,
    ) -> Observation {
        let mut state = vec![0.0; pixels.spec().observation_len()];
        pixels.observe(&mut state);
        let stack = stack.iter().cloned().collect();
        Observation { episode: self.episode, agent_step, stack, state }
    }

    fn act(&self, now: &Observation) -> Vec<f32> {
        let image = self.sight.images(&[now], &[View::Centre]);
        self.agent.act_one(&image, Act::Deterministic)
    }
}

impl Sight<'_> {
    pub fn sizes(&self) -> Sizes {
        self.pipeline.sizes()
    }

    /// A view each of some observations, (B, H, W, C), u8.
    pub fn images(&self, observations: &[&Observation], views: &[View]) -> Tensor {
        let Sizes { image: side, channels, .. } = self.sizes();
        let channels = channels * self.stack;
        let size = [observations.len(), side, side, channels].map(|length| length as i64);
        let mut images = Tensor::zeros(size, (Kind::Uint8, Device::Cpu));
        let each = bytes_mut(&mut images).chunks_exact_mut(side * side * channels);
        let mut scratch = Scratch::default();
        for ((observation, view), image) in observations.iter().zip(views).zip(each) {
            let stack: Vec<&[u8]> = observation.stack.iter().map(|frame| &**frame).collect();
            match view {
                View::Centre => self.pipeline.centre(&stack, image),
                View::Augmented(drawn) => self.pipeline.apply(&stack, drawn, image, &mut scratch),
            }
        }
        images
    }

    /// The newest frame of an observation, whole, in red, green and blue.
    pub fn newest(&self, observation: &Observation) -> Vec<u8> {
        self.in_colours(observation.stack.last().expect("a stack has a frame"))
    }

    /// What the acting agent sees of the newest frame, in red, green and blue.
    pub fn newest_image(&self, observation: &Observation) -> Vec<u8> {
        let Sizes { image, channels, .. } = self.sizes();
        let newest = observation.stack.last().expect("a stack has a frame");
        let mut seen = vec![0; image * image * channels];
        self.pipeline.centre(&[newest], &mut seen);
        self.in_colours(&seen)
    }

    fn in_colours(&self, pixels: &[u8]) -> Vec<u8> {
        match self.sizes().channels {
            1 => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
            _ => pixels.to_vec(),
        }
    }
}

/// A name for each number of the flat observation: that of its part, and its place there if the part
/// has several.
pub fn state_names(spec: &Spec) -> Vec<String> {
    let of_part = |(name, len): &(String, usize)| -> Vec<String> {
        match len {
            1 => vec![name.clone()],
            len => (0..*len).map(|at| format!("{name}[{at}]")).collect(),
        }
    };
    spec.observation.iter().flat_map(of_part).collect()
}

#[cfg(test)]
mod tests {
    use curl_envs::{Counter, Ended, Env};

    use super::*;
    use crate::augment::Augmentation;
    use crate::config::{Config, Selection, resolve};
    use crate::observation::Input;

    fn config() -> Config {
        let selection =
            Selection { preset: Some("debug"), ..Selection::of("dmc:cartpole-swingup", 1) };
        resolve(&selection).expect("the settings are valid").config
    }

    fn collected(frames: usize, lengths: &[u64], ended: Ended) -> Vec<Observation> {
        let counter = Counter::new(1, lengths, ended);
        let mut pixels = Pixels::new(Box::new(counter), 2, 40).expect("the size can be drawn");
        let config = config().agent;
        let input = Input::Image { size: 36, frames: 3, channels: 3 };
        let agent = Agent::new(input, ActionSpace::Continuous(1), &config, 1, Device::Cpu);
        let plan = Plan::new(frames, 3).expect("they are enough");
        let sizes = Sizes { frame: 40, image: 36, channels: 3 };
        let pipeline = Pipeline::new(&[Augmentation::Crop], sizes, 0.0).expect("there is room");
        let sight = Sight { pipeline: &pipeline, stack: 3 };
        collect(&agent, &mut pixels, sight, plan).expect("counting does not fail")
    }

    #[test]
    fn the_state_is_that_of_the_newest_frame_and_stacks_are_in_order() {
        let observations = collected(120, &[30], Ended::Terminated);
        assert_eq!(observations.len(), 120);
        for observation in &observations {
            let stamps: Vec<_> = observation
                .stack
                .iter()
                .map(|frame| Counter::decode(frame, 40, 40).expect("it is a whole picture"))
                .collect();
            assert_eq!(stamps.len(), 3);
            let newest = stamps[2];
            assert_eq!(observation.state, [newest.episode as f64, newest.env_step as f64]);
            assert_eq!(newest.episode, observation.episode as u64);
            assert_eq!(newest.env_step, 2 * observation.agent_step as u64);
            for (age, stamp) in stamps.iter().rev().enumerate() {
                assert_eq!(stamp.episode, newest.episode);
                assert_eq!(stamp.env_step, newest.env_step.saturating_sub(2 * age as u64));
            }
        }
    }

    #[test]
    fn long_episodes_are_thinned_so_that_there_are_ten() {
        let observations = collected(100, &[200], Ended::TimeLimit);
        let of = |episode: usize| -> Vec<usize> {
            let of_it = observations.iter().filter(|one| one.episode == episode);
            of_it.map(|one| one.agent_step).collect()
        };
        // 101 observations with 10 to keep: one in eleven.
        assert_eq!(of(0), [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]);
        assert_eq!(of(9).len(), 10);
        assert!(of(10).is_empty());
    }

    #[test]
    fn too_few_frames_are_refused() {
        assert_eq!(Plan::new(99, 0).map(drop), Err(TooFewFrames { frames: 99 }));
        assert!(Plan::new(100, 0).is_ok());
    }

    #[test]
    fn numbers_of_a_part_are_named_by_their_place() {
        let spec = Spec {
            observation: vec![("position".to_owned(), 2), ("speed".to_owned(), 1)],
            ..Counter::new(1, &[1], Ended::TimeLimit).spec().clone()
        };
        assert_eq!(state_names(&spec), ["position[0]", "position[1]", "speed"]);
    }
}
