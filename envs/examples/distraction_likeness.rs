//! How much the distractions change, and what they cost: for each strength the mean peak
//! signal-to-noise ratio of the starts of some episodes against those without distractions; then the
//! milliseconds of an episode's first picture and of its later ones, medians, with and without.
//! Pictures have 84 pixels a side.
//!
//! ```sh
//! cargo run --release -p curl-envs --example distraction_likeness
//! ```

use std::time::Instant;

use curl_envs::{Action, ActionSpec, Env, EnvError, FRAME_CHANNELS, Frame, make, psnr};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const TASKS: [&str; 3] = ["cartpole-swingup", "walker-walk", "reacher-easy"];
const OPTIONS: [&str; 2] = ["color", "camera"];
const STRENGTHS: [&str; 4] = ["0.02", "0.1", "0.3", "1"];
/// Tasks with few and with many bodies.
const TIMED: [&str; 2] = ["cartpole-swingup", "manipulator-bring_ball"];
const SIDE: usize = 84;
/// Starts that are compared, a seed each.
const STARTS: u64 = 8;
/// Episodes that are timed after one that is not, and pictures of each.
const EPISODES: u64 = 10;
const PICTURES: usize = 20;

fn main() -> Result<(), EnvError> {
    println!("{:24}{:>8}{:>8}{:>8}{:>8}  dB", "strength", "0.02", "0.1", "0.3", "1");
    for option in OPTIONS {
        for task in TASKS {
            let plain = starts(task)?;
            print!("{:24}", format!("{task}?{option}"));
            for strength in STRENGTHS {
                let distracted = starts(&format!("{task}?{option}={strength}"))?;
                let likenesses = plain.iter().zip(&distracted).map(|(a, b)| psnr(a, b));
                print!("{:8.1}", likenesses.sum::<f64>() / STARTS as f64);
            }
            println!();
        }
    }
    println!("\n{:36}{:>8}{:>8}  ms", "picture", "first", "later");
    for task in TIMED {
        for options in ["", "?camera=0.1", "?color=0.1"] {
            let id = format!("{task}{options}");
            let [first, later] = times(&id)?;
            println!("{id:36}{first:8.2}{later:8.2}");
        }
    }
    Ok(())
}

/// Pictures of the starts of some seeds.
fn starts(id: &str) -> Result<Vec<Vec<u8>>, EnvError> {
    let mut env = make(id)?;
    let start = |seed| {
        env.reset(&mut ChaCha8Rng::seed_from_u64(seed))?;
        picture(&mut *env)
    };
    (0..STARTS).map(start).collect()
}

fn picture(env: &mut dyn Env) -> Result<Vec<u8>, EnvError> {
    let mut pixels = vec![0; SIDE * SIDE * FRAME_CHANNELS];
    env.render(Frame { pixels: &mut pixels, height: SIDE, width: SIDE })?;
    Ok(pixels)
}

/// Milliseconds of first pictures and of later ones.
fn times(id: &str) -> Result<[f64; 2], EnvError> {
    let mut env = make(id)?;
    let numbers = match &env.spec().action {
        ActionSpec::Continuous { low, .. } => low.len(),
        ActionSpec::Discrete { .. } => unreachable!("the suite's actions are continuous"),
    };
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for episode in 0..=EPISODES {
        env.reset(&mut ChaCha8Rng::seed_from_u64(episode))?;
        for at in 0..PICTURES {
            let begun = Instant::now();
            picture(&mut *env)?;
            let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
            // In the first episode the graphics driver compiles its shaders.
            match (episode, at) {
                (0, _) => {}
                (_, 0) => first.push(milliseconds),
                _ => later.push(milliseconds),
            }
            env.step(Action::Continuous(&vec![0.0; numbers]))?;
        }
    }
    Ok([first, later].map(median))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
