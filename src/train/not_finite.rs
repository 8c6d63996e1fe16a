//! A run that meets a number which is not finite stops, and tells what led to it.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::TrainError;
use super::run::Run;
use crate::agent::{Extent, Losses, NotFinite};
use crate::steps::Steps;

/// Updates that are told of.
const HISTORY: usize = 8;

/// The values of the latest updates.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<(u64, Vec<(&'static str, f64)>)>);

impl History {
    pub(super) fn push(&mut self, update: u64, losses: &Losses) {
        if self.0.len() == HISTORY {
            self.0.pop_front();
        }
        self.0.push_back((update, losses.scalars()));
    }
}

/// What was not finite, when, and after what.
#[derive(Debug)]
pub struct NotFiniteReport {
    problem: String,
    steps: Steps,
    history: History,
    /// The last good state, if one was saved.
    checkpoint: Option<(u64, PathBuf)>,
}

impl NotFiniteReport {
    /// As several lines.
    pub(super) fn text(&self) -> String {
        let Steps { env_step, update, .. } = self.steps;
        let mut text = format!("at update {update} (env step {env_step}): {}", self.problem);
        if !self.history.0.is_empty() {
            text += "\nthe updates before it:";
        }
        for (update, values) in &self.history.0 {
            let values: Vec<String> =
                values.iter().map(|(name, value)| format!("{name} {value:.4e}")).collect();
            text += &format!("\n{update:>10}: {}", values.join(", "));
        }
        text + &match &self.checkpoint {
            None => "\nno checkpoint was saved before it".to_owned(),
            Some((saved, path)) => format!(
                "\nthe last good state is {} at env step {saved}; from there the run comes to the same \
                 numbers again: look into its data, or start a run with other settings",
                path.display()
            ),
        }
    }
}

impl Run<'_> {
    /// Gives up at an update. If that has not changed the agent, the state is still good and saved.
    pub(super) fn update_is_not_finite(&mut self, error: &NotFinite) -> TrainError {
        match error.agent {
            Extent::Untouched => match self.save_checkpoint() {
                Ok(_) => self.not_finite(error.to_string()),
                Err(error) => error,
            },
            Extent::PartlyUpdated => self.not_finite(error.to_string()),
        }
    }

    pub(super) fn not_finite(&mut self, problem: String) -> TrainError {
        let last = self.last_checkpoint.take();
        TrainError::NotFinite(Box::new(NotFiniteReport {
            problem,
            steps: self.steps,
            history: std::mem::take(&mut self.history),
            checkpoint: last.map(|last| (last.env_step, last.path)),
        }))
    }
}
