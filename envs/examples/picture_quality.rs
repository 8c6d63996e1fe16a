//! How much of a picture the reduced quality of training changes: its peak signal-to-noise ratio
//! against the model's own settings, in 200 states of every task, or of those whose id holds one of
//! the arguments, spread over whole episodes of random actions.
//!
//! ```sh
//! cargo run --release --example picture_quality [PART_OF_AN_ID...]
//! ```

use std::error::Error;

use curl_envs::{Action, ActionSpec, Env, EnvError, FRAME_CHANNELS, Frame, Quality, ids, psnr};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const EPISODES: u64 = 4;
const STATES_PER_EPISODE: u64 = 50;
/// Env steps of an episode of a task without a time limit.
const WITHOUT_LIMIT: u64 = 1000;
/// Largest control of random actions, in the unit of the actuator.
const LARGEST_CONTROL: f64 = 10.0;
/// Pixels a side: the sizes that agents see.
const SIZES: [usize; 2] = [84, 100];
/// What the reduced quality keeps, in dB.
const LEAST: f64 = 40.0;

fn main() -> Result<(), Box<dyn Error>> {
    println!("task                   size  states  min dB  mean dB");
    let mut lowest = f64::INFINITY;
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |id: &String| parts.is_empty() || parts.iter().any(|part| id.contains(part));
    for id in ids().filter(wanted) {
        let similarities = similarities(&id)?;
        for (size, of_size) in SIZES.iter().zip(&similarities) {
            let min = of_size.iter().copied().fold(f64::INFINITY, f64::min);
            let mean = of_size.iter().sum::<f64>() / of_size.len() as f64;
            println!("{id:22} {size:4} {:7} {min:7.1} {mean:8.1}", of_size.len());
            lowest = lowest.min(min);
        }
    }
    if lowest < LEAST {
        return Err(format!("a picture has {lowest:.1} dB, less than {LEAST} dB").into());
    }
    Ok(())
}

/// The similarities of every state's pictures, one list a size.
fn similarities(id: &str) -> Result<[Vec<f64>; SIZES.len()], EnvError> {
    let mut env = curl_envs::make(id)?;
    let repeat = env.spec().default_action_repeat;
    let steps = env.spec().time_limit.unwrap_or(WITHOUT_LIMIT) / repeat;
    let mut similarities = SIZES.map(|_| Vec::new());
    for episode in 0..EPISODES {
        let mut rng = ChaCha8Rng::seed_from_u64(episode);
        env.reset(&mut rng)?;
        for step in 1..=steps {
            let action = random_action(&*env, &mut rng);
            for _ in 0..repeat {
                env.step(Action::Continuous(&action))?;
            }
            // The states lie as evenly as whole steps allow.
            if step * STATES_PER_EPISODE / steps > (step - 1) * STATES_PER_EPISODE / steps {
                for (size, of_size) in SIZES.iter().zip(&mut similarities) {
                    of_size.push(similarity(&mut *env, *size)?);
                }
            }
        }
    }
    Ok(similarities)
}

fn random_action(env: &dyn Env, rng: &mut ChaCha8Rng) -> Vec<f32> {
    match &env.spec().action {
        ActionSpec::Continuous { low, high } => {
            // Controls without bounds would throw everything out of the picture.
            let largest = |low: &f64, high: &f64| (LARGEST_CONTROL / low.abs().max(*high)).min(1.0);
            let bounds = low.iter().zip(high).map(|(low, high)| largest(low, high) as f32);
            bounds.map(|largest| largest * rng.random_range(-1.0..=1.0)).collect()
        }
        ActionSpec::Discrete { .. } => unreachable!("the suite's actions are continuous"),
    }
}

fn similarity(env: &mut dyn Env, size: usize) -> Result<f64, EnvError> {
    let mut draw = |quality| {
        let mut pixels = vec![0; size * size * FRAME_CHANNELS];
        env.set_quality(quality);
        env.render(Frame { pixels: &mut pixels, height: size, width: size })?;
        Ok::<_, EnvError>(pixels)
    };
    Ok(psnr(&draw(Quality::Model)?, &draw(Quality::Reduced)?))
}
