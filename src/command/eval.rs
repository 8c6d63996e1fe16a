//! `curl eval`.

use std::path::Path;

use anyhow::Context;
use curl_envs::PixelEnvs;
use serde::Serialize;

use super::build::{self, Player};
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::cli::EvalArgs;
use crate::config::{Config, EnvConfig};
use crate::evaluate::{Episodes, EvalReport, evaluate};
use crate::frame_stack::FrameStack;
use crate::video::{Video, VideoError};

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    env: &'a str,
    env_step: u64,
    episodes: u64,
    seed: u64,
    returns: &'a [f64],
    mean_return: f64,
    std_return: f64,
}

pub fn eval(args: &EvalArgs) -> anyhow::Result<()> {
    let path = Checkpoints::locate(&args.path);
    let checkpoint = Checkpoint::load(&path)?;
    build::set_threads(&checkpoint.config);
    let report = play(args, &checkpoint)?;
    super::print(&if args.json {
        json(args, &checkpoint, &report)?
    } else {
        text(&checkpoint, &report)
    })
}

fn json(args: &EvalArgs, checkpoint: &Checkpoint, report: &EvalReport) -> anyhow::Result<String> {
    let (mean_return, std_return) = report.mean_and_std();
    let printed = Printed {
        env: &checkpoint.config.env.id,
        env_step: checkpoint.steps.env_step,
        episodes: args.episodes,
        seed: args.seed,
        returns: &report.returns,
        mean_return,
        std_return,
    };
    Ok(serde_json::to_string(&printed)? + "\n")
}

fn text(checkpoint: &Checkpoint, report: &EvalReport) -> String {
    let mut text =
        format!("{} after {} env steps\n", checkpoint.config.env.id, checkpoint.steps.env_step);
    for (episode, value) in report.returns.iter().enumerate() {
        text += &format!("episode {:>3}: {value:8.1}\n", episode + 1);
    }
    let (mean, std) = report.mean_and_std();
    text + &format!("mean {mean:.1} +- {std:.1}\n")
}

/// So many environments of a checkpoint. Those in Python are run by an interpreter that the user has named: a
/// checkpoint that is a stranger's must not say which program is started.
fn pixel_envs(args: &EvalArgs, config: &Config, count: usize) -> anyhow::Result<PixelEnvs> {
    let trained_with = &config.env.python;
    let python = args.python.to_string_lossy().into_owned();
    let env = EnvConfig { python, ..config.env.clone() };
    let envs = build::pixel_envs(&Config { env, ..config.clone() }, count);
    if args.python.as_os_str() == trained_with.as_str() {
        return Ok(envs?);
    }
    envs.with_context(|| format!("the run was trained with --python {trained_with}"))
}

fn play(args: &EvalArgs, checkpoint: &Checkpoint) -> anyhow::Result<EvalReport> {
    let count = args.eval_envs.min(args.episodes) as usize;
    let mut envs = pixel_envs(args, &checkpoint.config, count)?;
    let Player { agent, shape } = Player::new(checkpoint, envs.spec())?;
    let mut stacks: Vec<_> =
        (0..count).map(|_| FrameStack::new(&shape.observation, shape.stack)).collect();
    let episodes = Episodes { seed: args.seed, first: 0, count: args.episodes };

    let mut film = args.video.as_deref().map(|path| Film::create(path, &envs)).transpose()?;
    let report =
        evaluate(&agent, &mut envs, &mut stacks, episodes, |episode, envs, env| match &mut film {
            Some(film) if episode == 0 => film.shoot(envs, env),
            _ => anyhow::Ok(()),
        })?;
    if let Some(film) = film {
        film.video.finish()?;
    }
    Ok(report)
}

/// Height and width of a film's pictures: larger than what the agent sees, so that people see
/// something.
const FILM_SIZE: usize = 256;

/// A video of an environment, drawn for people.
struct Film {
    video: Video,
}

impl Film {
    fn create(path: &Path, envs: &PixelEnvs) -> anyhow::Result<Self> {
        let frames_per_second = 1.0 / (envs.spec().control_timestep * envs.action_repeat() as f64);
        let video = match Video::create(path, FILM_SIZE, FILM_SIZE, frames_per_second) {
            Err(error @ VideoError::UnknownExtension { .. }) => {
                return Err(super::usage("--video", error).into());
            }
            result => result?,
        };
        Ok(Self { video })
    }

    fn shoot(&mut self, envs: &mut PixelEnvs, env: usize) -> anyhow::Result<()> {
        Ok(self.video.frame(&envs.render(env, FILM_SIZE)?)?)
    }
}
