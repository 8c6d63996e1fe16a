//! The counting environment, and a row of measurements now and then.

use std::fs;
use std::path::{Path, PathBuf};

use curl_envs::{Action, Counter, Ended, Env, EnvError, EnvState, Frame, Spec, Step};
use curl_rl::memory::resident_bytes;
use rand::Rng;

#[derive(Debug)]
pub struct Watched {
    counter: Counter,
    folder: PathBuf,
    env_steps: u64,
    /// When the next row is due, and how many steps a row then covers.
    next: u64,
    every: u64,
    /// From when on, and then with rows of how many steps.
    updates: (u64, u64),
    /// Processor time at the last row, in seconds.
    since: f64,
}

/// Episodes of two lengths.
pub fn counter() -> Counter {
    Counter::new(1, &[1000, 700], Ended::TimeLimit)
}

impl Watched {
    /// Prints a row every so many env steps, and others once there are updates.
    pub fn new(folder: &Path, every: u64, updates_begin: u64, every_then: u64) -> Self {
        println!(
            "| agent steps | resident, MB | file handles | replay on disk, MB | processor time, us a step |"
        );
        println!("|---|---|---|---|---|");
        let updates = (updates_begin, every_then);
        let (counter, folder, since) = (counter(), folder.to_owned(), processor_seconds());
        Self {
            counter,
            folder,
            env_steps: 0,
            next: every.min(updates_begin),
            every,
            updates,
            since,
        }
    }

    fn row(&mut self) {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let (begin, every_then) = self.updates;
        println!(
            "| {} | {:.1} | {} | {:.2} | {:.1} |",
            self.env_steps,
            megabytes(resident_bytes().unwrap_or_default()),
            entries(Path::new("/proc/self/fd")).count(),
            megabytes(entries(&self.folder.join("replay")).sum()),
            (processor_seconds() - self.since) * 1e6 / self.every as f64,
        );
        let before = self.env_steps;
        self.next =
            if before >= begin { before + every_then } else { begin.min(before + self.every) };
        self.every = self.next - before;
        self.since = processor_seconds();
    }
}

/// Processor time of the main thread, which trains: other programs on the machine do not disturb it.
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse::<f64>().ok());
    nanoseconds.unwrap_or(f64::NAN) / 1e9
}

/// The sizes of a folder's entries.
fn entries(folder: &Path) -> impl Iterator<Item = u64> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.and_then(|entry| entry.metadata()).map_or(0, |about| about.len()))
}

impl Env for Watched {
    fn spec(&self) -> &Spec {
        self.counter.spec()
    }

    fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.counter.reset(rng)
    }

    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError> {
        self.env_steps += 1;
        if self.env_steps == self.next {
            self.row();
        }
        // Rewards as small as those of the suite.
        Ok(Step { reward: 0.5, ..self.counter.step(action)? })
    }

    fn observe(&self, observation: &mut [f64]) {
        self.counter.observe(observation);
    }

    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError> {
        self.counter.render(frame)
    }

    fn state(&self) -> Option<EnvState> {
        self.counter.state()
    }

    fn set_state(&mut self, state: &EnvState) -> Result<(), EnvError> {
        self.counter.set_state(state)
    }
}
