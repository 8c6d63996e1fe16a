//! Measures each phase of training on this machine.

mod spans;

use std::time::Instant;

use curl_envs::{Env, EnvError, FRAME_CHANNELS, Frame, Pixels};
use serde::Serialize;
use tch::Tensor;
use thiserror::Error;

use crate::agent::{Act, Agent, NotFinite};
use crate::batch::{Batch, Noise};
use crate::config::{Config, Update};
use crate::frame_stack::FrameStack;
use crate::memory::resident_bytes;
use crate::random::{Purpose, Streams};
use crate::replay::{Replay, ReplayShape};
use crate::train::draw_noise;

/// Why there is no measurement.
#[derive(Debug, Error)]
pub enum BenchError {
    #[error("the environment failed: {0}")]
    Env(#[from] EnvError),
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
}

/// Rows and columns of the matrices whose product shows what the machine can do.
const PEAK_SIZE: i64 = 1024;

/// Milliseconds of a phase.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    pub name: &'static str,
    pub milliseconds: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    pub env: String,
    pub update: Update,
    /// The number format of the encoder's passes.
    pub precision: String,
    pub batch_size: u64,
    pub threads: usize,
    /// Medians of the phases of an agent step.
    pub phases: Vec<Phase>,
    /// What an update consists of, as a mean.
    pub update_phases: Vec<Phase>,
    pub encoder: EncoderSpeed,
    pub updates_per_second: f64,
    /// One update an agent step, everything included.
    pub agent_steps_per_second: f64,
    pub resident_bytes: Option<u64>,
}

/// The convolutions of one batch, without gradient, beside the machine's matrix product. The
/// operations are those of the convolution's definition; a pass that needs fewer may exceed the peak.
#[derive(Debug, Serialize)]
pub struct EncoderSpeed {
    pub milliseconds: f64,
    pub gflops: f64,
    pub peak_gflops: f64,
}

/// The parts that are measured.
#[derive(Debug)]
pub struct Parts {
    pub agent: Agent,
    pub env: Box<dyn Env>,
    pub shape: ReplayShape,
    pub threads: usize,
}

/// Measures every phase `repeats` times, after one that is not counted.
///
/// # Errors
/// If the environment fails, or an update meets a number that is not finite.
pub fn bench(config: &Config, mut parts: Parts, repeats: u64) -> Result<Report, BenchError> {
    let mut bench = Bench { repeats, phases: Vec::new() };
    bench.environment(config, &parts.shape, &mut *parts.env)?;
    let mut pixels =
        Pixels::new(parts.env, config.env.action_repeat.get(), config.env.render_size.len())?
            .with_view(config.env.view());
    let replay = fill_replay(config, &parts.shape, &mut pixels)?;
    let mut agent = parts.agent;
    bench.act(&agent, &parts.shape, &mut pixels)?;
    let (batch, noise) = bench.sample(config, &replay);
    let encoder = bench.encoder(&agent, &batch);
    let update_phases = bench.update(&mut agent, &batch, &noise)?;

    let total = |names: &[&str]| -> f64 {
        let named = bench.phases.iter().filter(|phase| names.contains(&phase.name));
        named.map(|phase| phase.milliseconds).sum()
    };
    let update = total(&["sample and crop", "update"]);
    let agent_step = update + total(&["environment", "render", "act"]);
    Ok(Report {
        env: config.env.id.clone(),
        update: config.agent.update,
        precision: agent.numbers().to_string(),
        batch_size: config.train.batch_size.get(),
        threads: parts.threads,
        update_phases,
        encoder,
        updates_per_second: 1000.0 / update,
        agent_steps_per_second: 1000.0 / agent_step,
        resident_bytes: resident_bytes(),
        phases: bench.phases,
    })
}

/// Stores random actions of at most a few hundred agent steps, which batches draw from with replacement.
fn fill_replay(
    config: &Config,
    shape: &ReplayShape,
    pixels: &mut Pixels,
) -> Result<Replay, EnvError> {
    let mut replay =
        Replay::new(ReplayShape { capacity: shape.capacity.min(1000), ..shape.clone() });
    let mut stream = Streams::new(config.train.seed).stream(Purpose::WarmupAction, 0);
    pixels.reset(&mut stream)?;
    replay.start_episode(pixels.frame());
    for _ in 0..config.train.batch_size.get().min(200) {
        let action = shape.action.uniform(&mut stream);
        let step = pixels.step(shape.action.action(&action))?;
        replay.push(&action, step.reward as f32, step.ended, pixels.frame());
        if step.ended.is_some() {
            pixels.reset(&mut stream)?;
            replay.start_episode(pixels.frame());
        }
    }
    Ok(replay)
}

struct Bench {
    repeats: u64,
    phases: Vec<Phase>,
}

impl Bench {
    /// Times a phase of the agent step and gives back what it returned last.
    fn measure<T>(&mut self, name: &'static str, phase: impl FnMut() -> T) -> T {
        let (result, milliseconds) = median(self.repeats, phase);
        self.phases.push(Phase { name, milliseconds });
        result
    }

    fn environment(
        &mut self,
        config: &Config,
        shape: &ReplayShape,
        env: &mut dyn Env,
    ) -> Result<(), EnvError> {
        let mut stream = Streams::new(config.train.seed).stream(Purpose::TrainEpisode, 0);
        env.reset(&mut stream)?;
        let action = shape.action.uniform(&mut stream);
        self.measure("environment", || {
            for _ in 0..config.env.action_repeat.get() {
                if env.step(shape.action.action(&action))?.ended.is_some() {
                    env.reset(&mut stream)?;
                }
            }
            Ok(())
        })?;
        let size = config.env.render_size.len();
        let mut pixels = vec![0; size * size * FRAME_CHANNELS];
        self.measure("render", || {
            env.render(Frame { pixels: &mut pixels, height: size, width: size })
        })
    }

    fn act(
        &mut self,
        agent: &Agent,
        shape: &ReplayShape,
        pixels: &mut Pixels,
    ) -> Result<(), EnvError> {
        let mut stack = FrameStack::new(&shape.observation, shape.stack);
        let mut stream = Streams::new(0).stream(Purpose::Exploration, 0);
        pixels.reset(&mut stream)?;
        stack.start(pixels.frame());
        let noise = shape.action.exploration_noise(1, &mut stream);
        self.measure("act", || {
            stack.push(pixels.frame());
            agent.act_one(stack.input(), Act::Sample(&noise))
        });
        Ok(())
    }

    fn sample(&mut self, config: &Config, replay: &Replay) -> (Batch, Noise) {
        let streams = Streams::new(config.train.seed);
        let mut batch =
            Batch::new(replay.shape().batch(config.train.batch_size.len(), (&config.agent).into()));
        let mut update = 0;
        self.measure("sample and crop", || {
            replay.sample(&mut batch, &mut streams.stream(Purpose::Batch, update));
            update += 1;
        });
        let noise = draw_noise(config, &batch, &streams, 0);
        (batch, noise)
    }

    /// Times the update as a whole, and where its time goes. Cadences of two: the median of updates
    /// with and without the actor is between them, so that a pair is what is timed.
    fn update(
        &mut self,
        agent: &mut Agent,
        batch: &Batch,
        noise: &Noise,
    ) -> Result<Vec<Phase>, NotFinite> {
        let mut pair = || (0..2).try_for_each(|step| agent.update(batch, noise, step).map(drop));
        let (last, milliseconds) = median(self.repeats, &mut pair);
        last?;
        self.phases.push(Phase { name: "update", milliseconds: milliseconds / 2.0 });
        let (last, times) = spans::times(|| (0..self.repeats).try_for_each(|_| pair()));
        last?;
        let per_update = 1e3 / (2 * self.repeats) as f64;
        let phase = |(name, time): (_, std::time::Duration)| Phase {
            name,
            milliseconds: time.as_secs_f64() * per_update,
        };
        Ok(times.into_iter().map(phase).collect())
    }

    fn encoder(&self, agent: &Agent, batch: &Batch) -> EncoderSpeed {
        let query = agent.prepare(&batch.query());
        let (_, milliseconds) = median(self.repeats, || agent.features(&query));
        let shape = [PEAK_SIZE, PEAK_SIZE];
        let matrix = Tensor::ones(shape, (agent.numbers().encoder, agent.device()));
        let (_, peak) = median(self.repeats, || matrix.matmul(&matrix));
        let operations = batch.shape.size as f64 * agent.convolution_operations();
        EncoderSpeed {
            milliseconds,
            gflops: operations / milliseconds / 1e6,
            peak_gflops: 2.0 * (PEAK_SIZE as f64).powi(3) / peak / 1e6,
        }
    }
}

/// What a phase returned last, and the median of its milliseconds.
fn median<T>(repeats: u64, mut phase: impl FnMut() -> T) -> (T, f64) {
    let mut result = phase();
    let mut times = Vec::new();
    for _ in 0..repeats {
        // Outside the measured time, and before the next result takes its memory.
        drop(result);
        let start = Instant::now();
        result = phase();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    (result, times[times.len() / 2])
}
