//! What an agent step costs outside the agent: the action repeat's env steps and one picture, at
//! both qualities. One line a quality: task, quality, milliseconds that passed, milliseconds that
//! the processor worked in all threads; medians over the steps.
//!
//! ```sh
//! cargo run --release --example agent_step_time -- TASK [SIZE [STEPS]]
//! ```

use std::error::Error;
use std::time::{Duration, Instant};

use curl_envs::{Action, ActionSpec, Pixels, Quality};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustix::time::{ClockId, clock_gettime};

/// Steps at the start that are not counted: the graphics driver compiles its shaders then.
const WARM_UP: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().ok_or("give a task, such as cartpole-swingup")?;
    let size = arguments.next().map_or(Ok(100), |size| size.parse())?;
    let steps = arguments.next().map_or(Ok(100), |steps| steps.parse())?;
    for quality in [Quality::Model, Quality::Reduced] {
        let (wall, cpu) = measure(&task, quality, size, steps)?;
        println!("{task} {quality:?} {:.3} {:.3}", milliseconds(wall), milliseconds(cpu));
    }
    Ok(())
}

/// The medians of passed and worked time.
fn measure(
    task: &str,
    quality: Quality,
    size: usize,
    steps: usize,
) -> Result<(Duration, Duration), Box<dyn Error>> {
    let env = curl_envs::make(&curl_envs::canonical(task)?)?;
    let ActionSpec::Continuous { low, .. } = env.spec().action.clone() else {
        return Err(format!("{task} has no continuous actions").into());
    };
    let repeat = env.spec().default_action_repeat;
    let mut pixels = Pixels::new(env, repeat, size)?.with_quality(quality);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    pixels.reset(&mut rng)?;
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for step in 0..WARM_UP + steps {
        let action: Vec<f32> = low.iter().map(|_| rng.random_range(-1.0..=1.0)).collect();
        let (start, worked) = (Instant::now(), process_time());
        let taken = pixels.step(Action::Continuous(&action))?;
        if step >= WARM_UP {
            wall.push(start.elapsed());
            cpu.push(process_time() - worked);
        }
        if taken.ended.is_some() {
            pixels.reset(&mut rng)?;
        }
    }
    Ok((median(wall), median(cpu)))
}

/// User and system time of all threads so far.
fn process_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
