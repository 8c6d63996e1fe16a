//! Real frames of an environment, under actions that move it little and much.

use std::fmt;
use std::fs;

use anyhow::Context;
use curl_envs::{Action, ActionSpec, Env, FRAME_CHANNELS, Pixels};
use curl_rl::random::{self, Purpose, Streams};
use rand::{Rng, RngExt};

use super::Args;

/// Gaits that are tried before the best of them are recorded.
const TRIED_GAITS: u64 = 300;
const BEST_GAITS: usize = 6;
const SEED: u64 = 7;

/// How actions are chosen.
#[derive(Clone, Copy, Debug)]
pub enum Policy {
    /// Uniformly, anew in each agent step: what a warm-up stores.
    Random,
    /// As sine waves, the best of many by return: steady and large motion, such as running.
    Gait,
}

impl fmt::Display for Policy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Random => "random",
            Self::Gait => "gait",
        })
    }
}

/// Frames of whole episodes.
pub struct Recording {
    pub env: String,
    pub policy: Policy,
    /// Height and width of a frame.
    pub size: usize,
    /// Frames of an episode.
    pub episode_frames: usize,
    bytes: Vec<u8>,
}

impl Recording {
    pub fn episodes(&self) -> impl Iterator<Item = impl ExactSizeIterator<Item = &[u8]>> {
        let len = self.frame_len();
        self.bytes.chunks(len * self.episode_frames).map(move |episode| episode.chunks_exact(len))
    }

    fn frame_len(&self) -> usize {
        self.size * self.size * FRAME_CHANNELS
    }
}

/// Renders frames, or reads those that an earlier call has kept.
pub fn record(id: &str, policy: Policy, args: &Args) -> anyhow::Result<Recording> {
    let mut env = curl_envs::make(id)?;
    let spec = env.spec();
    let repeat = spec.default_action_repeat;
    let limit = spec.time_limit.context("an episode without end is not recorded")?;
    let mut recording = Recording {
        env: id.to_string(),
        policy,
        size: args.size,
        episode_frames: limit.div_ceil(repeat) as usize + 1,
        bytes: Vec::new(),
    };
    let file = args.cache.as_ref().map(|cache| cache.join(format!("{id}-{policy}.bin")));
    if let Some(file) = file.as_ref().filter(|file| file.exists()) {
        recording.bytes = fs::read(file)?;
        recording.bytes.truncate(args.frames * recording.frame_len());
        return Ok(recording);
    }
    let gaits = match policy {
        Policy::Random => Vec::new(),
        Policy::Gait => best_gaits(&mut *env, repeat)?,
    };
    let mut env = Pixels::new(env, repeat, args.size)?;
    render(&mut env, &gaits, args.frames, &mut recording.bytes)?;
    if let Some(file) = file {
        fs::write(&file, &recording.bytes).with_context(|| file.display().to_string())?;
    }
    Ok(recording)
}

/// Plays the gaits in turn, or random actions if there are none.
fn render(
    env: &mut Pixels,
    gaits: &[Gait],
    frames: usize,
    bytes: &mut Vec<u8>,
) -> anyhow::Result<()> {
    let streams = Streams::new(SEED);
    let dimensions = dimensions(&env.spec().action)?;
    let mut actions = streams.stream(Purpose::WarmupAction, 0);
    let (mut left, mut episode) = (frames, 0);
    while left > 0 {
        env.reset(&mut streams.stream(Purpose::EvalEpisode, episode))?;
        let mut ended = None;
        for step in 0.. {
            bytes.extend_from_slice(env.frame());
            left -= 1;
            if left == 0 || ended.is_some() {
                break;
            }
            let action = match gaits.get(episode as usize % gaits.len().max(1)) {
                Some(gait) => gait.action(step),
                None => random::uniform_action(dimensions, &mut actions),
            };
            ended = env.step(Action::Continuous(&action))?.ended;
        }
        episode += 1;
    }
    Ok(())
}

fn dimensions(spec: &ActionSpec) -> anyhow::Result<usize> {
    match spec {
        ActionSpec::Continuous { low, .. } => Ok(low.len()),
        ActionSpec::Discrete { .. } => anyhow::bail!("only continuous actions are recorded"),
    }
}

/// Sine waves of one period: an amplitude, a phase and an offset for each joint.
struct Gait {
    /// In agent steps.
    period: f64,
    joints: Vec<[f64; 3]>,
}

impl Gait {
    fn draw(joints: usize, rng: &mut impl Rng) -> Self {
        let period = rng.random_range(4_f64.ln()..40_f64.ln()).exp();
        let mut joint = || {
            let phase = rng.random_range(0.0..std::f64::consts::TAU);
            [rng.random_range(0.3..1.5), phase, rng.random_range(-0.5..0.5)]
        };
        Self { period, joints: (0..joints).map(|_| joint()).collect() }
    }

    fn action(&self, agent_step: u64) -> Vec<f32> {
        let angle = std::f64::consts::TAU * agent_step as f64 / self.period;
        let value = |[amplitude, phase, offset]: &[f64; 3]| {
            (amplitude * (angle + phase).sin() + offset).clamp(-1.0, 1.0) as f32
        };
        self.joints.iter().map(value).collect()
    }
}

/// Tries gaits for an episode each, without pictures.
fn best_gaits(env: &mut dyn Env, repeat: u64) -> anyhow::Result<Vec<Gait>> {
    let streams = Streams::new(SEED);
    let joints = dimensions(&env.spec().action)?;
    let mut rng = streams.stream(Purpose::WarmupAction, 1);
    let mut tried = Vec::new();
    for index in 0..TRIED_GAITS {
        let gait = Gait::draw(joints, &mut rng);
        env.reset(&mut streams.stream(Purpose::TrainEpisode, index))?;
        let mut total = 0.0;
        for env_step in 0.. {
            let step = env.step(Action::Continuous(&gait.action(env_step / repeat)))?;
            total += step.reward;
            if step.ended.is_some() {
                break;
            }
        }
        tried.push((total, gait));
    }
    tried.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    Ok(tried.into_iter().take(BEST_GAITS).map(|(_, gait)| gait).collect())
}
