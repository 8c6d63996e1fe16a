//! What can be typed: the clap types and nothing else.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, value_parser};

/// Contrastive reinforcement learning from pixels (CURL).
#[derive(Debug, Parser)]
#[command(name = "curl", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train an agent from pixels or states
    Train(TrainArgs),
    /// Evaluate a checkpoint, or the last one of a run
    Eval(EvalArgs),
    /// Measure what a checkpoint's encoder has learned
    Probe(ProbeArgs),
    /// Check, show or prune checkpoints
    Checkpoint(CheckpointArgs),
    /// Show the scalars of runs: any TensorBoard event files
    Inspect(InspectArgs),
    /// List the environments, or save pictures of one
    Envs(EnvsArgs),
    /// List the methods of --method
    Methods(MethodsArgs),
    /// Print the resolved configuration and where each value comes from
    Config(ConfigArgs),
    /// Measure every phase of training on this machine
    Bench(BenchArgs),
}

/// The arguments that select a configuration. Later ones win: defaults, the environment's preset,
/// `--method`, `--preset`, `--config`, the short options, `--set`.
#[derive(Args, Clone, Debug)]
pub struct ConfigArgs {
    /// Environment, such as dmc:cartpole-swingup (`curl envs` lists them)
    #[arg(long, value_name = "ID")]
    pub env: String,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// What can be set on top of an environment's presets.
#[derive(Args, Clone, Debug)]
pub struct SettingArgs {
    /// A method, such as rad (`curl methods` lists them); without it CURL, or the environment's own
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// A built-in preset on top of the environment's own, such as paper-512
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// A TOML file with some of the keys of configs/default.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Length of the run in env steps (agent steps x action repeat)
    #[arg(long, value_name = "N")]
    pub env_steps: Option<u64>,
    /// Seed of every random number of the run
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Environments that experience is collected from side by side
    #[arg(long, value_name = "N")]
    pub envs: Option<u64>,
    /// Environments in which the episodes of an evaluation are played side by side
    #[arg(long, value_name = "N")]
    pub eval_envs: Option<u64>,
    /// Python interpreter that has gymnasium, for gymnasium: environments
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// Set one key, such as agent.discount=0.98; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

#[derive(Args, Debug)]
pub struct TrainArgs {
    /// Environment, such as dmc:cartpole-swingup (`curl envs` lists them)
    #[arg(long, value_name = "ID", required_unless_present = "resume")]
    pub env: Option<String>,
    #[command(flatten)]
    pub settings: SettingArgs,
    /// Folder of the run (default: `runs/<env>/<time>-s<seed>`); if it holds the same run, that goes on
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Go on with a run that was stopped, from its last checkpoint
    #[arg(long, value_name = "RUN", conflicts_with_all = ["env", "run_dir"])]
    pub resume: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct EvalArgs {
    /// A checkpoint folder, or a run folder (its last checkpoint is taken)
    #[arg(value_name = "CHECKPOINT_OR_RUN")]
    pub path: PathBuf,
    /// Environment to play in (default: that of the training). Actions and states must be as many;
    /// action repeat and pictures are as they were in training
    #[arg(long, value_name = "ID")]
    pub env: Option<String>,
    /// Episodes to play
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = at_least_one())]
    pub episodes: u64,
    /// Seed of the episodes' starts
    #[arg(long, default_value_t = 0, value_name = "S")]
    pub seed: u64,
    /// Environments in which they are played side by side
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = environments())]
    pub eval_envs: u64,
    /// Python interpreter that has gymnasium, for gymnasium: environments; never that of the
    /// checkpoint, which may be a stranger's
    #[arg(long, default_value = "python3", value_name = "PATH")]
    pub python: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Save the first episode as a film: .mp4 or .gif
    #[arg(long, value_name = "FILE")]
    pub video: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ProbeArgs {
    /// A checkpoint folder, or a run folder (its last checkpoint is taken)
    #[arg(value_name = "CHECKPOINT_OR_RUN")]
    pub path: PathBuf,
    /// Frames to collect; every other episode has random actions
    #[arg(long, default_value_t = 2000, value_name = "N", value_parser = value_parser!(u64).range(..=20_000))]
    pub frames: u64,
    /// Seed of the episodes, their split, the crops, the readouts and the random encoder
    #[arg(long, default_value_t = 0, value_name = "S")]
    pub seed: u64,
    /// Another environment than the run's, with the same actions
    #[arg(long, value_name = "ID")]
    pub env: Option<String>,
    /// Python interpreter that has gymnasium, for gymnasium: environments; never that of the
    /// checkpoint, which may be a stranger's
    #[arg(long, default_value = "python3", value_name = "PATH")]
    pub python: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Save pictures, and the latent vectors for TensorBoard's projector, in a new folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct CheckpointArgs {
    #[command(subcommand)]
    pub command: CheckpointCommand,
}

#[derive(Debug, Subcommand)]
pub enum CheckpointCommand {
    /// Check every checksum and number of a checkpoint, or of all in a run folder and its replay
    Verify {
        #[arg(value_name = "CHECKPOINT_OR_RUN")]
        path: PathBuf,
        /// Python interpreter that has gymnasium, for gymnasium: environments; never that of the
        /// checkpoint, which may be a stranger's
        #[arg(long, default_value = "python3", value_name = "PATH")]
        python: PathBuf,
    },
    /// Say what is inside a checkpoint, or the last one of a run
    Show {
        #[arg(value_name = "CHECKPOINT_OR_RUN")]
        path: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Delete the oldest checkpoints of a run; the best and the last stay
    Prune {
        #[arg(value_name = "RUN")]
        path: PathBuf,
        /// How many of the newest stay
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = at_least_one())]
        keep: u64,
        /// Delete the replay, too: the run can then be evaluated, but not go on
        #[arg(long)]
        replay: bool,
    },
}

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "options as they are typed; at most one is set")]
pub struct InspectArgs {
    /// Run folders or event files
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Only tags that match this pattern, such as 'loss/*'
    #[arg(long, value_name = "GLOB")]
    pub tag: Option<String>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print comma-separated values: run, tag, step, wall_time, value
    #[arg(long)]
    pub csv: bool,
    /// Go on as the runs grow, until interrupted
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    pub follow: bool,
}

#[derive(Args, Debug)]
pub struct MethodsArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EnvsArgs {
    #[command(subcommand)]
    pub command: Option<EnvsCommand>,
    #[command(flatten)]
    pub list: ListArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only environments whose ids hold one of these texts, such as cartpole
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Python interpreter that is asked for gymnasium
    #[arg(long, default_value = "python3", value_name = "PATH")]
    pub python: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum EnvsCommand {
    /// Save pictures of an episode's first agent steps, with random actions, side by side
    Show(ShowArgs),
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Environment id
    #[arg(value_name = "ID")]
    pub id: String,
    /// The PNG file to write (default: a name made of the id)
    #[arg(long, value_name = "FILE.png")]
    pub out: Option<PathBuf>,
    /// Agent steps, a picture each; the first shows the start
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = at_least_one())]
    pub steps: u64,
    /// Pictures in a row
    #[arg(long, default_value_t = 4, value_name = "C", value_parser = at_least_one())]
    pub columns: u64,
    /// Height and width of a picture, in pixels
    #[arg(long, default_value_t = 160, value_name = "PX", value_parser = picture_size())]
    pub size: u64,
    /// Seed of the start and the actions
    #[arg(long, default_value_t = 0, value_name = "S")]
    pub seed: u64,
    /// Python interpreter that has gymnasium, for gymnasium: environments
    #[arg(long, default_value = "python3", value_name = "PATH")]
    pub python: PathBuf,
}

#[derive(Args, Debug)]
pub struct BenchArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// agent.update
    #[arg(long, value_name = "FORM", value_parser = ["shared", "paper"])]
    pub update: Option<String>,
    /// agent.precision
    #[arg(long, value_name = "FORMAT", value_parser = ["auto", "float32", "bfloat16", "float64"])]
    pub precision: Option<String>,
    /// train.batch_size
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub batch_size: Option<u64>,
    /// train.threads: 0 takes the physical cores
    #[arg(long, value_name = "N")]
    pub threads: Option<u64>,
    /// Times that each phase is measured
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = at_least_one())]
    pub repeats: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn environments() -> RangedU64ValueParser {
    value_parser!(u64).range(1..=256)
}

fn at_least_one() -> RangedU64ValueParser {
    value_parser!(u64).range(1..)
}

fn picture_size() -> RangedU64ValueParser {
    value_parser!(u64).range(8..=2048)
}
