//! What it costs that an environment of Gymnasium runs in a process of its own. Steps and pictures are
//! timed thrice: in a Python process that has nothing else to do (alone), in the process that serves
//! them (within), and from here (served). What a call takes longer from here than within the process
//! is its round trip. Medians in milliseconds; the pictures become 84 pixels a side on the way, and the
//! last column is the round trip of those that keep their size.
//!
//! ```sh
//! cargo run --release -p curl-envs --example gymnasium_round_trip -- [PYTHON [STEPS]]
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use curl_envs::{Action, ActionSpec, Env, EnvError, FRAME_CHANNELS, Frame, Settings, make_with};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Three that do nothing, with pictures as small as an agent's, as a game's and as a simulator's, and some
/// of each kind; with the width and height of what they draw.
const ENVIRONMENTS: [(&str, usize, usize); 7] = [
    ("idle:Idle-v0&height=84&width=84", 84, 84),
    ("idle:Idle-v0&height=210&width=160", 160, 210),
    ("idle:Idle-v0&height=480&width=480", 480, 480),
    ("Pendulum-v1", 500, 500),
    ("ALE/Pong-v5", 160, 210),
    ("Hopper-v5&width=100&height=100", 100, 100),
    ("Hopper-v5", 480, 480),
];
const SIDE: usize = 84;

/// Milliseconds of steps or of pictures.
#[derive(Default)]
struct Times {
    within: Vec<f64>,
    served: Vec<f64>,
}

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
    let columns = "   alone  within  served   trip";
    println!("{:34}{columns} |{columns}  at its own size", "steps | pictures");
    for (inner, width, height) in ENVIRONMENTS {
        let alone = alone(&python, inner, steps)?;
        let small = served(&python, inner, steps, (SIDE, SIDE))?;
        // Without the change of size.
        let [_, own] = served(&python, inner, steps, (width, height))?;
        print!("{inner:34}");
        for (alone, times) in alone.iter().zip(&small) {
            let [within, served] = [&times.within, &times.served].map(|times| median(times));
            print!("{alone:8.3}{within:8.3}{served:8.3}{:7.3} |", times.round_trip());
        }
        println!("{:8.3}", own.round_trip());
    }
    Ok(())
}

impl Times {
    /// What a call took longer from here than within the process.
    fn round_trip(&self) -> f64 {
        let pairs = self.served.iter().zip(&self.within);
        median(&pairs.map(|(served, within)| served - within).collect::<Vec<_>>())
    }
}

/// Milliseconds of a step and a picture within a Python process of their own.
fn alone(python: &PathBuf, inner: &str, steps: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let output = Command::new(python)
        .args(["alone.py", &format!("inner={inner}"), &steps.to_string()])
        .env("MUJOCO_GL", "egl")
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let medians: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    match medians[..] {
        [step, picture] => Ok([step, picture].map(|seconds| 1e3 * seconds)),
        _ => Err(format!("Python did not measure {inner}").into()),
    }
}

/// Steps and pictures of a size, timed from here and within the process that serves them.
fn served(
    python: &Path,
    inner: &str,
    steps: usize,
    (width, height): (usize, usize),
) -> Result<[Times; 2], EnvError> {
    let settings = Settings { python: python.to_owned(), ..Settings::default() };
    let mut env = make_with(&format!("gymnasium:timed:Timed-v0?inner={inner}"), &settings)?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let numbers = match &env.spec().action {
        ActionSpec::Continuous { low, .. } => vec![0.5; low.len()],
        ActionSpec::Discrete { .. } => Vec::new(),
    };
    let action =
        if numbers.is_empty() { Action::Discrete(0) } else { Action::Continuous(&numbers) };
    let mut pixels = vec![0; width * height * FRAME_CHANNELS];
    let [mut stepping, mut drawing] = [Times::default(), Times::default()];
    env.reset(&mut rng)?;
    for _ in 0..steps {
        let begun = Instant::now();
        let step = env.step(action)?;
        stepping.served.push(milliseconds(begun));
        let [stepped, drawn] = took(&*env);
        stepping.within.push(stepped);
        // Of the picture before this step.
        drawing.within.push(drawn);
        let begun = Instant::now();
        env.render(Frame { pixels: &mut pixels, height, width })?;
        drawing.served.push(milliseconds(begun));
        if step.ended.is_some() {
            env.reset(&mut rng)?;
        }
    }
    // There was no picture before the first step.
    drawing.within.drain(..steps.min(1));
    Ok([stepping, drawing])
}

/// Milliseconds of the last step, and of the last picture before it.
fn took(env: &dyn Env) -> [f64; 2] {
    let mut seconds = [0.0; 2];
    env.observe(&mut seconds);
    seconds.map(|seconds| 1e3 * seconds)
}

fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
