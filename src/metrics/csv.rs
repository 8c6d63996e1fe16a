//! `train.csv` and `eval.csv`: one row per episode of training, one per evaluation.
//!
//! The names are those of DrQ-v2's logger, so that scripts which plot its runs plot ours; what it
//! has no name for comes after its columns. An empty cell is a value that is not known (yet).
//!
//! | column | file | meaning |
//! |---|---|---|
//! | `frame` | both | env steps so far (`env_step`): the x axis |
//! | `step` | both | agent steps so far (`agent_step`): `frame` over the action repeat |
//! | `episode` | both | episodes of training ended so far |
//! | `episode_reward` | both | return of the episode, undiscounted; in `eval.csv` the mean over episodes |
//! | `episode_length` | both | env steps of the episode; in `eval.csv` the mean over episodes |
//! | `buffer_size` | train | transitions in the replay |
//! | `fps` | train | env steps per second since the row before, evaluations left out |
//! | `total_time` | both | seconds since the run began |
//! | `batch_reward` | train | mean reward of the sampled batches |
//! | `critic_loss`, `actor_loss` | train | losses of the critic and of the actor |
//! | `alpha_loss`, `alpha_value` | train | loss and value of the temperature |
//! | `actor_entropy` | train | entropy of the policy |
//! | `contrast_loss`, `contrast_accuracy` | train | loss of the contrastive head; part of the queries whose own key scored highest |
//! | `update` | both | updates of the agent so far |
//! | `episode_reward_std` | eval | population standard deviation of the returns |
//! | `episodes` | eval | episodes played |
//!
//! The losses are means over the records since the row before.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::growing_file::{GrowingFile, Storage};
use super::{Episode, Evaluation, MetricsError};
use crate::statistics::mean_and_std;
use crate::steps::Steps;

/// A loss's name in the agent and its column.
const LOSSES: [(&str, &str); 8] = [
    ("batch_reward", "batch_reward"),
    ("critic", "critic_loss"),
    ("actor", "actor_loss"),
    ("temperature", "alpha_loss"),
    ("alpha", "alpha_value"),
    ("entropy", "actor_entropy"),
    ("contrast", "contrast_loss"),
    ("contrast_accuracy", "contrast_accuracy"),
];

/// What the clock says at an episode's end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) fps: f64,
    pub(super) total_seconds: f64,
}

/// Sum and number of a loss's records since the last row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossSum {
    pub sum: f64,
    pub records: u64,
}

/// How far `train.csv` has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainCsvState {
    pub bytes: u64,
    /// What the next row's means are made of, by the losses' names in the agent.
    pub losses: BTreeMap<String, LossSum>,
}

/// `train.csv`.
#[derive(Debug)]
pub(super) struct TrainCsv<S = File> {
    file: GrowingFile<S>,
    losses: [LossSum; LOSSES.len()],
}

/// `eval.csv`.
#[derive(Debug)]
pub(super) struct EvalCsv {
    file: GrowingFile,
}

impl TrainCsv {
    pub(super) fn create(path: &Path) -> Result<Self, MetricsError> {
        Self::over(GrowingFile::create(path)?)
    }

    /// Goes on with a file where it had come so far.
    pub(super) fn reopen(path: &Path, state: &TrainCsvState) -> Result<Self, MetricsError> {
        let file = GrowingFile::reopen(path, state.bytes)?;
        Ok(Self {
            file,
            losses: LOSSES.map(|(name, _)| state.losses.get(name).copied().unwrap_or_default()),
        })
    }

    pub(super) fn sync(&self) -> Result<(), MetricsError> {
        self.file.sync()
    }
}

impl<S: Storage> TrainCsv<S> {
    fn over(mut file: GrowingFile<S>) -> Result<Self, MetricsError> {
        let common = "frame step episode episode_reward episode_length buffer_size fps total_time";
        let columns = common.split(' ').chain(LOSSES.map(|(_, column)| column)).chain(["update"]);
        append_row(&mut file, columns.map(str::to_owned))?;
        Ok(Self { file, losses: Default::default() })
    }

    /// Takes the losses of one update into the next row's means.
    pub(super) fn add_losses(&mut self, losses: &[(&str, f64)]) {
        for (name, value) in losses {
            if let Some(index) = LOSSES.iter().position(|(known, _)| known == name) {
                let LossSum { sum, records } = &mut self.losses[index];
                *sum += value;
                *records += 1;
            }
        }
    }

    pub(super) fn row(
        &mut self,
        steps: &Steps,
        episode: &Episode,
        measured: Measured,
    ) -> Result<(), MetricsError> {
        let first = [
            steps.env_step.to_string(),
            steps.agent_step.to_string(),
            steps.episode.to_string(),
            episode.episode_return.to_string(),
            episode.length.to_string(),
            episode.replay_size.to_string(),
            format!("{:.2}", measured.fps),
            format!("{:.3}", measured.total_seconds),
        ];
        let losses = self.losses.map(|LossSum { sum, records }| match records {
            0 => String::new(),
            records => (sum / records as f64).to_string(),
        });
        let cells = first.into_iter().chain(losses).chain([steps.update.to_string()]);
        append_row(&mut self.file, cells)?;
        self.losses = Default::default();
        Ok(())
    }

    pub(super) fn state(&self) -> TrainCsvState {
        let losses =
            LOSSES.iter().zip(self.losses).map(|((name, _), sum)| ((*name).to_owned(), sum));
        TrainCsvState { bytes: self.file.length(), losses: losses.collect() }
    }
}

impl EvalCsv {
    pub(super) fn create(path: &Path) -> Result<Self, MetricsError> {
        let mut file = GrowingFile::create(path)?;
        let columns = "frame step episode episode_reward episode_length total_time update \
                       episode_reward_std episodes";
        append_row(&mut file, columns.split(' ').map(str::to_owned))?;
        Ok(Self { file })
    }

    /// Goes on with a file that had so many bytes.
    pub(super) fn reopen(path: &Path, bytes: u64) -> Result<Self, MetricsError> {
        Ok(Self { file: GrowingFile::reopen(path, bytes)? })
    }

    pub(super) fn row(
        &mut self,
        steps: &Steps,
        evaluation: &Evaluation<'_>,
        total_seconds: f64,
    ) -> Result<(), MetricsError> {
        let (mean, std) = mean_and_std(evaluation.returns);
        let cells = [
            steps.env_step.to_string(),
            steps.agent_step.to_string(),
            steps.episode.to_string(),
            mean.to_string(),
            evaluation.mean_length.to_string(),
            format!("{total_seconds:.3}"),
            steps.update.to_string(),
            std.to_string(),
            evaluation.returns.len().to_string(),
        ];
        append_row(&mut self.file, cells.into_iter())
    }

    pub(super) fn sync(&self) -> Result<(), MetricsError> {
        self.file.sync()
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.file.length()
    }
}

/// Appends one line. The cells are numbers and fixed names, which need no quotes.
fn append_row<S: Storage>(
    file: &mut GrowingFile<S>,
    cells: impl Iterator<Item = String>,
) -> Result<(), MetricsError> {
    let mut line = cells.collect::<Vec<_>>().join(",");
    line.push('\n');
    file.append(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::growing_file::tests::{SmallDisk, on_small_disk};
    use super::*;

    const STEPS: Steps = Steps { env_step: 2000, agent_step: 250, update: 150, episode: 2 };
    const EPISODE: Episode =
        Episode { episode_return: 12.5, length: 1000, replay_size: 250, replay_bytes: 0 };
    const MEASURED: Measured = Measured { fps: 99.999, total_seconds: 20.0004 };
    const HEADER: &str = "frame,step,episode,episode_reward,episode_length,buffer_size,fps,\
                          total_time,batch_reward,critic_loss,actor_loss,alpha_loss,alpha_value,\
                          actor_entropy,contrast_loss,contrast_accuracy,update\n";

    fn text(csv: &TrainCsv<SmallDisk>) -> &str {
        std::str::from_utf8(csv.file.content()).unwrap()
    }

    #[test]
    fn a_row_has_the_mean_losses_since_the_row_before() {
        let mut csv = TrainCsv::over(on_small_disk(10_000)).unwrap();
        csv.row(&STEPS, &EPISODE, MEASURED).unwrap();
        csv.add_losses(&[("critic", 1.0), ("contrast_accuracy", 0.5), ("of_another_agent", 9.0)]);
        csv.add_losses(&[("critic", 2.0), ("temperature", f64::NAN)]);
        csv.row(&STEPS, &EPISODE, MEASURED).unwrap();
        csv.row(&STEPS, &EPISODE, MEASURED).unwrap();
        let start = "2000,250,2,12.5,1000,250,100.00,20.000,";
        let expected = format!(
            "{HEADER}{start},,,,,,,,150\n{start},1.5,,NaN,,,,0.5,150\n{start},,,,,,,,150\n"
        );
        assert_eq!(text(&csv), expected);
    }

    #[test]
    fn a_full_disk_keeps_whole_rows_and_the_losses() {
        let mut csv = TrainCsv::over(on_small_disk(HEADER.len() + 20)).unwrap();
        csv.add_losses(&[("critic", 1.0)]);
        assert!(matches!(csv.row(&STEPS, &EPISODE, MEASURED), Err(MetricsError::Append { .. })));
        assert_eq!(text(&csv), HEADER);
        assert_eq!(csv.file.length(), HEADER.len() as u64);
        assert_eq!(csv.losses[1], LossSum { sum: 1.0, records: 1 });
        assert!(TrainCsv::over(on_small_disk(3)).is_err());
    }

    #[test]
    fn an_evaluation_is_mean_and_deviation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("eval.csv");
        let mut csv = EvalCsv::create(&path).unwrap();
        let evaluation = Evaluation {
            returns: &[1.0, 3.0],
            mean_length: 1000.0,
            elapsed: std::time::Duration::ZERO,
        };
        csv.row(&STEPS, &evaluation, 1.5).unwrap();
        let expected = "frame,step,episode,episode_reward,episode_length,total_time,update,\
                        episode_reward_std,episodes\n2000,250,2,2,1000,1.500,150,1,2\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        assert_eq!(csv.length(), expected.len() as u64);
    }
}
