//! Measures each phase of training on this machine: the median of a few repeats.

use std::time::Instant;

use curl_envs::{Action, Env, EnvError, FRAME_CHANNELS, Frame, Pixels};
use serde::Serialize;
use tch::Kind;

use crate::agent::{Act, Agent};
use crate::batch::{Batch, Noise};
use crate::config::{Config, Objective};
use crate::frame_stack::FrameStack;
use crate::memory::resident_bytes;
use crate::random::{self, Purpose, Streams};
use crate::replay::{Replay, ReplayShape};
use crate::train::draw_noise;

/// Median milliseconds of a phase.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    pub name: &'static str,
    pub milliseconds: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    pub env: String,
    pub batch_size: u64,
    pub threads: usize,
    pub phases: Vec<Phase>,
    pub updates_per_second: f64,
    /// One update an agent step, everything included.
    pub agent_steps_per_second: f64,
    pub resident_bytes: Option<u64>,
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
/// If the environment fails.
pub fn bench(config: &Config, mut parts: Parts, repeats: u64) -> Result<Report, EnvError> {
    let mut bench = Bench { repeats, phases: Vec::new() };
    bench.environment(config, &parts.shape, &mut *parts.env)?;
    let mut pixels =
        Pixels::new(parts.env, config.env.action_repeat.get(), config.env.render_size.len())?;
    let replay = fill_replay(config, parts.shape, &mut pixels)?;
    let mut agent = parts.agent;
    bench.act(&agent, &parts.shape, &mut pixels)?;
    bench.agent(config, &mut agent, &replay);

    let total = |names: &[&str]| -> f64 {
        let named = bench.phases.iter().filter(|phase| names.contains(&phase.name));
        named.map(|phase| phase.milliseconds).sum()
    };
    let update = total(&["sample and crop", "whole update"]);
    let agent_step = update + total(&["environment", "render", "act"]);
    Ok(Report {
        env: config.env.id.clone(),
        batch_size: config.train.batch_size.get(),
        threads: parts.threads,
        updates_per_second: 1000.0 / update,
        agent_steps_per_second: 1000.0 / agent_step,
        resident_bytes: resident_bytes(),
        phases: bench.phases,
    })
}

/// Stores a few episodes' worth of random actions, enough for batches of distinct samples.
fn fill_replay(
    config: &Config,
    shape: ReplayShape,
    pixels: &mut Pixels,
) -> Result<Replay, EnvError> {
    let mut replay = Replay::new(ReplayShape { capacity: shape.capacity.min(1000), ..shape });
    let mut stream = Streams::new(config.train.seed).stream(Purpose::WarmupAction, 0);
    pixels.reset(&mut stream)?;
    replay.start_episode(pixels.frame());
    for _ in 0..config.train.batch_size.get().min(200) {
        let action = random::action(shape.action, &mut stream);
        let step = pixels.step(Action::Continuous(&action))?;
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
    /// Times a phase and gives back what it returned last.
    fn measure<T>(&mut self, name: &'static str, mut phase: impl FnMut() -> T) -> T {
        let mut result = phase();
        let mut times = Vec::new();
        for _ in 0..self.repeats {
            // Outside the measured time, and before the next result takes its memory.
            drop(result);
            let start = Instant::now();
            result = phase();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        self.phases.push(Phase { name, milliseconds: times[times.len() / 2] });
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
        let action = random::action(shape.action, &mut stream);
        self.measure("environment", || {
            for _ in 0..config.env.action_repeat.get() {
                if env.step(Action::Continuous(&action))?.ended.is_some() {
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
        let mut stack = FrameStack::new(shape.crop, shape.stack);
        let mut stream = Streams::new(0).stream(Purpose::Exploration, 0);
        pixels.reset(&mut stream)?;
        stack.start(pixels.frame());
        let noise = random::normal(&[1, shape.action as i64], Kind::Float, &mut stream);
        self.measure("act", || {
            stack.push(pixels.frame());
            agent.act_one(stack.image(), Act::Sample(&noise))
        });
        Ok(())
    }

    fn agent(&mut self, config: &Config, agent: &mut Agent, replay: &Replay) {
        let streams = Streams::new(config.train.seed);
        let mut batch = Batch::new(replay.shape().batch(config.train.batch_size.len()));
        let mut update = 0;
        self.measure("sample and crop", || {
            replay.sample(&mut batch, &mut streams.stream(Purpose::Batch, update));
            update += 1;
        });
        let noise = draw_noise(config, &batch, &streams, 0);
        self.parts_of_an_update(config, agent, &batch, &noise);
        // Cadences of two: the median of updates with and without the actor is between them, so the
        // mean over a pair is what is timed.
        let mut agent_step = 0;
        self.measure("two whole updates", || {
            let first = agent.update(&batch, &noise, agent_step);
            let second = agent.update(&batch, &noise, agent_step + 1);
            agent_step += 2;
            (first, second)
        });
        let pair = self.phases.pop().expect("it was just measured");
        self.phases.push(Phase { name: "whole update", milliseconds: pair.milliseconds / 2.0 });
    }

    fn parts_of_an_update(
        &mut self,
        config: &Config,
        agent: &mut Agent,
        batch: &Batch,
        noise: &Noise,
    ) {
        let query = agent.normalise(&batch.query);
        let (_, critic) = self
            .measure("critic loss", || agent.critic_gradients(&query, batch, &noise.next_action));
        self.measure("critic optimiser", || agent.optimisers_mut().critic.step(&critic));
        let (_, gradients) = self
            .measure("actor and temperature loss", || agent.actor_gradients(&query, &noise.action));
        self.measure("actor and temperature optimisers", || {
            agent.optimisers_mut().actor.step(&gradients.actor);
            agent.optimisers_mut().temperature.step(&gradients.temperature);
        });
        self.measure("targets", || agent.update_targets());
        if config.agent.contrast.objective == Objective::InfoNce {
            let key = agent.positive(&query, batch, noise);
            let (_, gradients) =
                self.measure("contrastive loss", || agent.contrast_gradients(&query, &key));
            self.measure("contrastive optimisers", || agent.step_contrast(&gradients));
        }
    }
}
