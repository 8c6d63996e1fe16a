//! `curl checkpoint`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use curl_envs::Pixels;
use serde::Serialize;

use super::build::{self, Player};
use super::elsewhere;
use crate::checkpoint::{About, Checkpoint, Checkpoints, EnvironmentState};
use crate::cli::{CheckpointArgs, CheckpointCommand};
use crate::memory::Forecast;
use crate::replay::{ReplayShape, segments};
use crate::run_folder::RunFolder;

pub fn checkpoint(args: &CheckpointArgs) -> Result<()> {
    match &args.command {
        CheckpointCommand::Verify { path, python } => verify(path, python),
        CheckpointCommand::Show { path, json } => {
            let shown = Shown::load(&Checkpoints::locate(path))?;
            super::print(&if *json { serde_json::to_string(&shown)? + "\n" } else { shown.text() })
        }
        CheckpointCommand::Prune { path, keep, replay } => {
            let folder = RunFolder::open(path).map_err(|error| super::usage("RUN", error))?;
            prune_checkpoints(&folder, *keep as usize)?;
            if *replay {
                remove_replay(&folder)?;
            }
            Ok(())
        }
    }
}

/// Checks everything that there is, and then fails if something was wrong.
fn verify(path: &Path, python: &Path) -> Result<()> {
    let checkpoints = match Checkpoints::all(path) {
        none if none.is_empty() => vec![path.to_path_buf()],
        checkpoints => checkpoints,
    };
    let mut checks: Vec<(PathBuf, Result<String>)> =
        checkpoints.into_iter().map(|path| (path.clone(), check_agent(&path, python))).collect();
    if RunFolder::holds_run(path) {
        checks.push((path.join("replay"), check_replay(path, python)));
    }
    let mut wrong = 0;
    for (path, result) in &checks {
        match result {
            Ok(what) => super::print(&format!("{}: {what}\n", path.display()))?,
            Err(error) => {
                wrong += 1;
                super::print(&format!("{}\n", super::message(error)))?;
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} cannot be used", checks.len());
    }
    Ok(())
}

/// That the files are what was written, and the agent fits its configuration.
fn check_agent(path: &Path, python: &Path) -> Result<String> {
    let checkpoint = Checkpoint::load(path)?;
    Player::new(&checkpoint, pixels(&checkpoint, python)?.spec())?;
    Ok(format!("whole, {} tensors", checkpoint.agent.tensors.len()))
}

/// That every frame of the replay of a run's last checkpoint can be read.
fn check_replay(run_dir: &Path, python: &Path) -> Result<String> {
    if !segments::are_in(run_dir) {
        return Ok("none: the run can be evaluated, but cannot go on".to_owned());
    }
    let checkpoint = Checkpoint::load(&Checkpoints::locate(run_dir))?;
    let config = &checkpoint.config;
    let shape = build::replay_shape(config, pixels(&checkpoint, python)?.spec())?;
    let shape = ReplayShape { codec: checkpoint.run.codec, ..shape };
    Forecast::new(config, &shape).check(config)?;
    let shape = shape.part_of(config.train.envs.len());
    let mut transitions = 0;
    for (env, state) in checkpoint.run.envs.iter().enumerate() {
        transitions += segments::read(run_dir, env, shape.clone(), &state.replay)?.len();
    }
    Ok(format!("whole, {transitions} transitions"))
}

/// The environment of a checkpoint, in Python run by the user's interpreter and not the checkpoint's.
fn pixels(checkpoint: &Checkpoint, python: &Path) -> Result<Pixels> {
    let config = elsewhere::config(None, python, &checkpoint.config)?;
    elsewhere::made(build::pixels(&config), &config, checkpoint)
}

fn prune_checkpoints(folder: &RunFolder, keep: usize) -> Result<()> {
    let removed = Checkpoints::prune_to(folder.path(), keep)?;
    let lines = removed.iter().map(|path| format!("removed {}\n", path.display()));
    let left = Checkpoints::all(folder.path()).len();
    super::print(&(lines.collect::<String>() + &format!("checkpoints left: {left}\n")))
}

fn remove_replay(folder: &RunFolder) -> Result<()> {
    segments::remove(folder.path())?;
    super::print("removed the replay\n")
}

/// What is inside a checkpoint.
#[derive(Serialize)]
struct Shown {
    path: PathBuf,
    about: About,
    seed: u64,
    /// Bytes by file.
    files: BTreeMap<String, u64>,
    /// Shapes by name.
    tensors: BTreeMap<String, Vec<i64>>,
    numbers: usize,
    environments: Vec<ShownEnvironment>,
    total_seconds: f64,
}

/// An environment that experience was collected from.
#[derive(Serialize)]
struct ShownEnvironment {
    episode_return: f64,
    episode_length: u64,
    /// Whether the environment's state is in the checkpoint.
    env_state: bool,
    /// Frames that the run had stored, and the transitions that it could draw.
    frames: u64,
    drawable: u64,
}

impl From<&EnvironmentState> for ShownEnvironment {
    fn from(EnvironmentState { episode, replay }: &EnvironmentState) -> Self {
        let replay = &replay.replay;
        Self {
            episode_return: episode.episode_return,
            episode_length: episode.length,
            env_state: episode.env.is_some(),
            frames: replay.written,
            drawable: replay.written.saturating_sub(replay.oldest),
        }
    }
}

impl ShownEnvironment {
    fn text(&self) -> String {
        let Self { episode_return, episode_length, env_state, frames, drawable } = self;
        let continues = if *env_state { "goes on" } else { "cannot go on" };
        format!(
            "episode under way: {episode_length} env steps, return {episode_return:.1}, {continues}\n\
             replay: {frames} frames stored, {drawable} of them to draw from\n"
        )
    }
}

impl Shown {
    fn load(path: &Path) -> Result<Self> {
        let Checkpoint { agent, run, config, .. } = Checkpoint::load(path)?;
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.insert(name, entry.metadata()?.len());
        }
        Ok(Self {
            path: path.to_path_buf(),
            about: About::load(path)?,
            seed: config.train.seed,
            files,
            numbers: agent.tensors.values().map(tch::Tensor::numel).sum(),
            tensors: agent.tensors.into_iter().map(|(name, t)| (name, t.size())).collect(),
            environments: run.envs.iter().map(ShownEnvironment::from).collect(),
            total_seconds: run.metrics.total_seconds,
        })
    }

    fn text(&self) -> String {
        let About { format_version, program_version, env, evaluation, steps, optimiser_steps } =
            &self.about;
        let score = evaluation.map_or("none at this step".to_owned(), |mean| format!("{mean:.1}"));
        let mut text = format!(
            "{}\n\
             {env}, seed {}, after {:.0} seconds; format {format_version}, written by {program_version}\n\
             env_step {}, agent_step {}, update {}, episode {}\n\
             evaluation: {score}\n",
            self.path.display(),
            self.seed,
            self.total_seconds,
            steps.env_step,
            steps.agent_step,
            steps.update,
            steps.episode,
        );
        text.extend(self.environments.iter().map(ShownEnvironment::text));
        for (optimiser, steps) in optimiser_steps {
            text += &format!("optimiser {optimiser}: {steps} steps\n");
        }
        for (name, bytes) in &self.files {
            text += &format!("{bytes:>12} bytes  {name}\n");
        }
        text += &format!("{} numbers in {} tensors\n", self.numbers, self.tensors.len());
        for (name, shape) in &self.tensors {
            text += &format!("  {name} {shape:?}\n");
        }
        text
    }
}
