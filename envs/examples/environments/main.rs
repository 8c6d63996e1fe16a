//! Writes `docs/environments.md`, with a picture of every environment. Those in Python need the
//! interpreter of `python3 .cargo/native gymnasium`.
//!
//! ```sh
//! cargo run --release -p curl-envs --example environments
//! ```

mod page;

use std::error::Error;
use std::fs;
use std::path::Path;

use curl_envs::{
    Action, ActionSpec, Actions, Listed, PixelStep, Pixels, Quality, Settings, make_with,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Largest control of random actions, in the unit of the actuator: where controls have no bounds,
/// random ones would throw everything out of the picture.
const LARGEST_CONTROL: f64 = 10.0;

fn main() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let pictures = page::shown()
        .map(|listed| picture(&listed).map_err(|error| format!("{}: {error}", listed.id)))
        .collect::<Result<Vec<_>, _>>()?;
    let folder = docs.join(page::PICTURES);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (listed, picture) in page::shown().zip(&pictures) {
        fs::write(folder.join(page::picture_name(listed.id)), picture)?;
    }
    fs::write(docs.join("environments.md"), page::page())?;
    let bytes: usize = pictures.iter().map(Vec::len).sum();
    println!("docs/environments.md: {} environments, pictures of {bytes} bytes", pictures.len());
    Ok(())
}

/// A state of an episode with random actions, before its end, as a PNG file.
fn picture(listed: &Listed) -> Result<Vec<u8>, Box<dyn Error>> {
    let python = Path::new(env!("CURL_NATIVE_DIR")).join("gymnasium/bin/python");
    let env = make_with(listed.id, &Settings { python, ..Settings::default() })?;
    let spec = env.spec().clone();
    let says = (Actions::from(&spec.action), spec.time_limit, spec.default_action_repeat);
    if says != (listed.actions, listed.time_limit, listed.default_action_repeat)
        || (spec.control_timestep - listed.control_timestep).abs() > 1e-9
    {
        return Err(format!("{spec:?} is not what the tables say: {listed:?}").into());
    }
    let repeat = spec.default_action_repeat;
    let mut pixels = Pixels::new(env, repeat, page::SIDE)?.with_quality(Quality::Model);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    pixels.reset(&mut rng)?;
    let mut frame = pixels.frame().to_vec();
    for _ in 0..page::STEPS {
        let PixelStep { ended, .. } = step(&mut pixels, &spec.action, &mut rng)?;
        if ended.is_some() {
            break;
        }
        frame = pixels.frame().to_vec();
    }
    Ok(encode(&frame)?)
}

fn step(
    pixels: &mut Pixels,
    spec: &ActionSpec,
    rng: &mut ChaCha8Rng,
) -> Result<PixelStep, Box<dyn Error>> {
    Ok(match spec {
        ActionSpec::Discrete { n } => pixels.step(Action::Discrete(rng.random_range(0..*n)))?,
        ActionSpec::Continuous { low, high } => {
            let largest = |(low, high): (&f64, &f64)| {
                (LARGEST_CONTROL / low.abs().max(*high)).min(1.0) as f32
            };
            let largest = low.iter().zip(high).map(largest);
            let numbers: Vec<f32> =
                largest.map(|largest| largest * rng.random_range(-1.0..=1.0)).collect();
            pixels.step(Action::Continuous(&numbers))?
        }
    })
}

fn encode(frame: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let side = page::SIDE as u32;
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(frame)?;
    writer.finish()?;
    Ok(file)
}
