//! `curl eval`.

use std::path::Path;

use curl_envs::PixelEnvs;
use serde::Serialize;

use super::build::{self, Player};
use super::elsewhere;
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::cli::EvalArgs;
use crate::config::Config;
use crate::evaluate::{Episodes, EvalReport, evaluate};
use crate::frame_stack::FrameStack;
use crate::video::{Video, VideoError};

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    /// Where the episodes were played.
    env: &'a str,
    trained_in: &'a str,
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
    let config = elsewhere::config(args.env.as_deref(), &args.python, &checkpoint.config)?;
    build::set_threads(&config);
    let report = play(args, &config, &checkpoint)?;
    super::print(&if args.json {
        json(args, &config, &checkpoint, &report)?
    } else {
        text(&config, &checkpoint, &report)
    })
}

fn json(
    args: &EvalArgs,
    config: &Config,
    checkpoint: &Checkpoint,
    report: &EvalReport,
) -> anyhow::Result<String> {
    let (mean_return, std_return) = report.mean_and_std();
    let printed = Printed {
        env: &config.env.id,
        trained_in: &checkpoint.config.env.id,
        env_step: checkpoint.steps.env_step,
        episodes: args.episodes,
        seed: args.seed,
        returns: &report.returns,
        mean_return,
        std_return,
    };
    Ok(serde_json::to_string(&printed)? + "\n")
}

fn text(config: &Config, checkpoint: &Checkpoint, report: &EvalReport) -> String {
    let (id, trained_in) = (&config.env.id, &checkpoint.config.env.id);
    let elsewhere =
        if id == trained_in { String::new() } else { format!(" of training in {trained_in}") };
    let mut text = format!("{id} after {} env steps{elsewhere}\n", checkpoint.steps.env_step);
    for (episode, value) in report.returns.iter().enumerate() {
        text += &format!("episode {:>3}: {value:8.1}\n", episode + 1);
    }
    let (mean, std) = report.mean_and_std();
    text + &format!("mean {mean:.1} +- {std:.1}\n")
}

fn play(args: &EvalArgs, config: &Config, checkpoint: &Checkpoint) -> anyhow::Result<EvalReport> {
    let count = args.eval_envs.min(args.episodes) as usize;
    let envs = build::pixel_envs(config, count);
    let mut envs = elsewhere::made(envs, config, checkpoint)?;
    elsewhere::check_fit(config, checkpoint, envs.spec())?;
    let Player { agent, shape } = Player::new(checkpoint, envs.spec())?;
    let stack = || FrameStack::new(&shape.observation, shape.stack);
    let mut stacks: Vec<_> = (0..envs.count()).map(|_| stack()).collect();
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
