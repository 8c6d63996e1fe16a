//! `curl envs show`: pictures of an episode.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use curl_envs::{Pixels, Quality};

use crate::action::ActionSpace;
use crate::cli::ShowArgs;
use crate::command::{build, config, print, usage};
use crate::config::ConfigError;
use crate::durable;
use crate::picture::{Sheet, write_png};
use crate::random::{Purpose, Streams};

/// Most pixels of a sheet: 300 MB of memory.
const MAX_PIXELS: u64 = 100_000_000;

/// Saves the pictures of the first agent steps that training with this seed would take, its warm-up.
///
/// # Errors
/// If there is no such environment, it cannot be made or drawn, or the picture cannot be written.
pub(super) fn show(args: &ShowArgs) -> Result<()> {
    let id = config::canonical_env("ID", &args.id)?;
    let out = output(args, &id)?;
    check_size(args)?;
    let env = curl_envs::make_with(&id, &build::settings(&args.python))?;
    let repeat = env.spec().default_action_repeat;
    let pixels = Pixels::new(env, repeat, args.size as usize)?.with_quality(Quality::Model);
    let seconds = pixels.spec().control_timestep * repeat as f64;
    let sheet = play(pixels, args)?;
    save(&out, &sheet).with_context(|| format!("cannot write {}", out.display()))?;
    let (out, count) = (out.display(), sheet.count());
    let ended = if (count as u64) < args.steps { "; then the episode was over" } else { "" };
    print(&format!("{out}: {count} pictures, {repeat} env steps ({seconds:.3} s) apart{ended}\n"))
}

/// The file to write.
fn output(args: &ShowArgs, id: &str) -> Result<PathBuf, ConfigError> {
    let in_names = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let name = || id.replace(|letter| !in_names(letter), "-") + ".png";
    let out = args.out.clone().unwrap_or_else(|| name().into());
    match out.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("png") => Ok(out),
        _ => Err(usage("--out", format!("{} does not end in .png", out.display()))),
    }
}

/// # Errors
/// If the sheet would be too large.
fn check_size(args: &ShowArgs) -> Result<(), ConfigError> {
    let &ShowArgs { steps, columns, size, .. } = args;
    let cells = steps.div_ceil(columns).checked_mul(columns.min(steps));
    if cells.and_then(|cells| cells.checked_mul(size * size)).is_some_and(|all| all <= MAX_PIXELS) {
        return Ok(());
    }
    let problem = format!(
        "{steps} pictures of {size}x{size} pixels are too large a sheet; it holds {} of that size",
        MAX_PIXELS / (size * size)
    );
    Err(usage("--steps", problem))
}

/// Plays with random actions until there are enough pictures or the episode ends.
fn play(mut pixels: Pixels, args: &ShowArgs) -> Result<Sheet> {
    let space = ActionSpace::from(&pixels.spec().action);
    let streams = Streams::new(args.seed);
    let mut sheet = Sheet::new(args.size as usize, args.columns.min(args.steps) as usize);
    pixels.reset(&mut streams.stream(Purpose::TrainEpisode, 0))?;
    sheet.push(pixels.frame());
    for step in 0..args.steps - 1 {
        let action = space.uniform(&mut streams.stream(Purpose::WarmupAction, step));
        let ended = pixels.step(space.action(&action))?.ended;
        sheet.push(pixels.frame());
        if ended.is_some() {
            break;
        }
    }
    Ok(sheet)
}

fn save(out: &Path, sheet: &Sheet) -> std::io::Result<()> {
    let [height, width] = sheet.size().map(|side| side as u32);
    durable::write_file(out, |file| write_png(file, width, height, &sheet.pixels()))
}
