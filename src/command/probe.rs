//! `curl probe`.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::build::{self, Player};
use super::elsewhere;
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::cli::ProbeArgs;
use crate::config::{self, ConfigError};
use crate::memory::{available_bytes, gigabytes};
use crate::observation::Observation;
use crate::probe::export::Export;
use crate::probe::{
    Plan, Readouts, Report, Scores, Sight, Subject, collect, probe as measure, state_names,
};
use crate::replay::ReplayShape;

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    env: &'a str,
    env_step: u64,
    seed: u64,
    #[serde(flatten)]
    report: &'a Report,
}

/// Measures what the encoder of a checkpoint has learned, and prints it.
///
/// # Errors
/// If the arguments do not fit, the checkpoint cannot be used, or the environment fails.
pub fn probe(args: &ProbeArgs) -> Result<()> {
    let plan = Plan::new(args.frames as usize, args.seed);
    let plan = plan.map_err(|error| super::usage("--frames", error))?;
    check_free(args.out.as_deref())?;
    let checkpoint = Checkpoint::load(&Checkpoints::locate(&args.path))?;
    let config = elsewhere::config(args.env.as_deref(), &args.python, &checkpoint.config)?;
    build::set_threads(&config);

    let mut pixels = elsewhere::made(build::pixels(&config), &config, &checkpoint)?;
    elsewhere::check_fit(&config, &checkpoint, pixels.spec())?;
    let Player { agent, shape } = Player::new(&checkpoint, pixels.spec())?;
    let sight = sight(&shape)?;
    check_memory(args.frames, sight)?;
    let observations = collect(&agent, &mut pixels, sight, plan)?;
    let device = build::device(config::Device::Auto)?;
    let random = build::agent(&config.agent, &shape, args.seed, device);
    let state_names = state_names(pixels.spec());
    let subject = Subject {
        trained: &agent,
        random: &random,
        sight,
        state_names: &state_names,
        objective: config.agent.contrast.objective,
    };
    let report = measure(&subject, &observations, args.seed)?;
    if let Some(out) = &args.out {
        let map_side = config.agent.encoder.feature_map_size(config.agent.image_size.get());
        let map_side = map_side.expect("the configuration was checked: the encoder has maps");
        let export = Export::new(subject, &observations, map_side, (&report, args.seed))?;
        export.write(out).with_context(|| format!("cannot write {}", out.display()))?;
    }
    let printed = Printed {
        env: &config.env.id,
        env_step: checkpoint.steps.env_step,
        seed: args.seed,
        report: &report,
    };
    super::print(&if args.json { serde_json::to_string(&printed)? + "\n" } else { text(&printed) })
}

/// # Errors
/// If the folder is there: what it holds is not ours to replace.
fn check_free(out: Option<&Path>) -> Result<(), ConfigError> {
    match out {
        Some(out) if out.symlink_metadata().is_ok() => {
            let problem = format!("{} is there already; name a new folder", out.display());
            Err(super::usage("--out", problem))
        }
        _ => Ok(()),
    }
}

/// How the agent sees.
///
/// # Errors
/// If it observes states: what it could be asked for is what it is given.
fn sight(shape: &ReplayShape) -> Result<Sight<'_>, ConfigError> {
    match &shape.observation {
        Observation::Pixels { contrast, .. } => {
            Ok(Sight { pipeline: contrast, stack: shape.stack })
        }
        Observation::State { .. } => {
            let problem = "its agent observes states; only an encoder of pixels can be probed";
            Err(super::usage("CHECKPOINT_OR_RUN", problem))
        }
    }
}

/// # Errors
/// If the frames do not fit into memory: a checkpoint that is a stranger's may say that they are huge.
fn check_memory(frames: u64, sight: Sight<'_>) -> Result<(), ConfigError> {
    let needed = frames as f64 * sight.stack as f64 * sight.sizes().frame_bytes() as f64;
    match available_bytes() {
        Some(available) if needed > available as f64 => {
            let (needed, available) = (gigabytes(needed), gigabytes(available as f64));
            let problem =
                format!("{frames} frames take {needed}, but only {available} are available");
            Err(super::usage("--frames", problem))
        }
        _ => Ok(()),
    }
}

fn text(printed: &Printed<'_>) -> String {
    let Printed { env, env_step, report, .. } = printed;
    let Report { frames, episodes, test_frames, test_episodes, keys, .. } = report;
    let by_contrast = match report.contrast_retrieval {
        Some(share) => format!("{share:.3}"),
        None => "none, for no contrast of differing views was trained".to_owned(),
    };
    let mut text = format!(
        "{env} after {env_step} env steps: {frames} frames of {episodes} episodes, \
         {test_frames} of {test_episodes} for testing\n\n"
    );
    text += &aligned(&summary(report));
    text += &format!(
        "\nfeatures: those of the convolutions, on random directions; pixels: small grey pictures\n\
         retrieval: the share of views that find their own other view among {keys} by cosine; by the \
         contrast's similarity {by_contrast}\n"
    );
    if report.coordinates.is_empty() {
        text += "no readout: the environment does not tell its state, or none of it varies\n";
    } else {
        text += "\nR^2 on the test episodes, of a linear readout and of a small MLP:\n\n";
        text += &aligned(&coordinates(report));
    }
    if !report.left_out.is_empty() {
        text += &format!("\nleft out, for they do not vary: {}\n", report.left_out.join(", "));
    }
    text
}

/// A row for each representation.
fn summary(report: &Report) -> Vec<Vec<String>> {
    let header = [
        "representation",
        "numbers",
        "effective rank",
        "alignment",
        "uniformity",
        "retrieval",
        "linear R^2",
        "MLP R^2",
    ];
    let row = |scores: &Scores| {
        let mean = |of: fn(&Readouts) -> f64| {
            scores
                .readouts
                .as_ref()
                .map_or("-".to_owned(), |readouts| format!("{:.3}", of(readouts)))
        };
        vec![
            scores.name.to_owned(),
            scores.numbers.to_string(),
            format!("{:.1}", scores.effective_rank),
            scores.alignment.map_or("-".to_owned(), |distance| format!("{distance:.3}")),
            format!("{:.2}", scores.uniformity),
            scores.retrieval.map_or("-".to_owned(), |share| format!("{share:.3}")),
            mean(|readouts| readouts.linear.mean_r2),
            mean(|readouts| readouts.mlp.mean_r2),
        ]
    };
    let header = header.map(str::to_owned).to_vec();
    [header].into_iter().chain(report.representations.iter().map(row)).collect()
}

/// A row for each coordinate, with a column for each representation.
fn coordinates(report: &Report) -> Vec<Vec<String>> {
    let names = report.representations.iter().map(|scores| scores.name.to_owned());
    let header = ["coordinate".to_owned()].into_iter().chain(names).collect();
    let row = |(at, name): (usize, &String)| {
        let cell = |scores: &Scores| {
            scores.readouts.as_ref().map_or("-".to_owned(), |Readouts { linear, mlp }| {
                format!("{:.2} {:>5.2}", linear.r2[at], mlp.r2[at])
            })
        };
        let cells = report.representations.iter().map(cell);
        [name.clone()].into_iter().chain(cells).collect()
    };
    let rows = report.coordinates.iter().enumerate().map(row);
    [header].into_iter().chain(rows).collect()
}

/// Rows of as many cells each, the first to the left and the others to the right of their columns.
fn aligned(rows: &[Vec<String>]) -> String {
    let widest = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("{cell:<width$}", width = widest(0)),
            _ => format!("  {cell:>width$}", width = widest(column)),
        });
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_aligned() {
        let rows = [vec!["name", "a"], vec!["x", "12.5"]];
        let rows = rows.map(|row| row.into_iter().map(str::to_owned).collect());
        assert_eq!(aligned(&rows), "name     a\nx     12.5\n");
    }
}
