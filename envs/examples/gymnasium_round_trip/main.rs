//! What it costs that an environment of Gymnasium runs in a process of its own: steps and pictures as
//! they take within Python, as they take from here, and the difference. Medians in milliseconds; the
//! pictures become 84 pixels a side on the way.
//!
//! ```sh
//! cargo run --release -p curl-envs --example gymnasium_round_trip -- [PYTHON [STEPS]]
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use curl_envs::{Action, ActionSpec, FRAME_CHANNELS, Frame, Settings, make_with};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Three that do nothing, with pictures as small as an agent's, as a game's and as a simulator's, and one
/// of each kind.
const ENVIRONMENTS: [&str; 6] = [
    "idle:Idle-v0?height=84&width=84",
    "idle:Idle-v0?height=210&width=160",
    "idle:Idle-v0?height=480&width=480",
    "Pendulum-v1",
    "ALE/Pong-v5",
    "Hopper-v5?width=100&height=100",
];
const SIDE: usize = 84;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let python = match arguments.next() {
        Some(python) => std::path::absolute(python)?,
        None => Path::new(env!("CURL_NATIVE_DIR")).join("gymnasium/bin/python"),
    };
    let steps = arguments.next().map_or(Ok(300), |steps| steps.to_string_lossy().parse())?;
    // Python looks for modules in the present folder.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gymnasium_round_trip");
    std::env::set_current_dir(folder)?;
    println!("{:34} {:>26} {:>26}", "", "step: alone, served, cost", "picture");
    for id in ENVIRONMENTS {
        let alone = alone(&python, id, steps)?;
        let served = served(&python, id, steps)?;
        print!("{id:34}");
        for (alone, served) in alone.into_iter().zip(served) {
            print!("{alone:>10.3}{served:>8.3}{:>8.3} ", served - alone);
        }
        println!();
    }
    Ok(())
}

/// Milliseconds of a step and a picture within Python.
fn alone(python: &PathBuf, id: &str, steps: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let output = Command::new(python)
        .args(["alone.py", id, &steps.to_string()])
        .env("MUJOCO_GL", "egl")
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let medians: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    match medians[..] {
        [step, picture] => Ok([step, picture].map(|seconds| 1e3 * seconds)),
        _ => Err(format!("Python did not measure {id}").into()),
    }
}

/// Milliseconds of a step and a picture from here.
fn served(python: &Path, id: &str, steps: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let settings = Settings { python: python.to_owned(), ..Settings::default() };
    let mut env = make_with(&format!("gymnasium:{id}"), &settings)?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    env.reset(&mut rng)?;
    let numbers = match &env.spec().action {
        ActionSpec::Continuous { low, .. } => vec![0.5; low.len()],
        ActionSpec::Discrete { .. } => Vec::new(),
    };
    let action =
        if numbers.is_empty() { Action::Discrete(0) } else { Action::Continuous(&numbers) };
    let mut pixels = vec![0; SIDE * SIDE * FRAME_CHANNELS];
    let (mut stepping, mut drawing) = (Vec::new(), Vec::new());
    for _ in 0..steps {
        let begun = Instant::now();
        let step = env.step(action)?;
        stepping.push(begun.elapsed());
        let begun = Instant::now();
        env.render(Frame { pixels: &mut pixels, height: SIDE, width: SIDE })?;
        drawing.push(begun.elapsed());
        if step.ended.is_some() {
            env.reset(&mut rng)?;
        }
    }
    Ok([stepping, drawing].map(median))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
}
