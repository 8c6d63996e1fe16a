//! `curl eval`.

use std::path::Path;

use curl_envs::{FRAME_CHANNELS, Frame, Pixels};
use serde::Serialize;

use super::build::{self, Player};
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::cli::EvalArgs;
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

fn play(args: &EvalArgs, checkpoint: &Checkpoint) -> anyhow::Result<EvalReport> {
    let mut env = build::pixels(&checkpoint.config)?;
    let Player { agent, shape } = Player::new(checkpoint, env.spec())?;
    let mut stack = FrameStack::new(shape.crop, shape.stack);
    let episodes = Episodes { seed: args.seed, first: 0, count: args.episodes };

    let mut film = args.video.as_deref().map(|path| Film::create(path, &env)).transpose()?;
    let report =
        evaluate(&agent, &mut env, &mut stack, episodes, |episode, env| match &mut film {
            Some(film) if episode == 0 => film.shoot(env),
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
    picture: Vec<u8>,
}

impl Film {
    fn create(path: &Path, env: &Pixels) -> anyhow::Result<Self> {
        let frames_per_second = 1.0 / (env.spec().control_timestep * env.action_repeat() as f64);
        let video = match Video::create(path, FILM_SIZE, FILM_SIZE, frames_per_second) {
            Err(error @ VideoError::UnknownExtension { .. }) => {
                return Err(super::usage("--video", error).into());
            }
            result => result?,
        };
        Ok(Self { video, picture: vec![0; FILM_SIZE * FILM_SIZE * FRAME_CHANNELS] })
    }

    fn shoot(&mut self, env: &mut Pixels) -> anyhow::Result<()> {
        let frame = Frame { pixels: &mut self.picture, height: FILM_SIZE, width: FILM_SIZE };
        env.render(frame)?;
        Ok(self.video.frame(&self.picture)?)
    }
}
