//! Finds what an environment has started when nobody watches over it any more.
//!
//! The first process of `server.py` ends all that is below it, but cannot where it is killed itself:
//! then its descendants are children of another process, and may have a session of their own. What
//! they have kept is a variable of their environment that no other process has.

use std::fs;
use std::path::Path;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

const VARIABLE: &str = "CURL_GYMNASIUM_MARK";
/// Looks at all processes: one that is being killed may have started another.
const LOOKS: usize = 50;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// What distinguishes the processes of one environment.
#[derive(Debug)]
pub(super) struct Mark {
    /// The variable and its value, as a process's environment has them.
    entry: String,
}

impl Mark {
    /// One that no other environment has.
    pub(super) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { entry: format!("{VARIABLE}={}-{count}", process::id()) }
    }

    /// Marks what a command starts, and all that this starts.
    pub(super) fn put_on(&self, command: &mut Command) {
        let value = self.entry.split_once('=').map_or("", |(_, value)| value);
        command.env(VARIABLE, value);
    }

    /// Kills all processes that have the mark.
    pub(super) fn end_all(&self) {
        for _ in 0..LOOKS {
            if !self.end_found() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Kills those that are there now, if there are any.
    fn end_found(&self) -> bool {
        let Ok(processes) = fs::read_dir("/proc") else { return false };
        let ended = processes.flatten().map(|process| self.end(&process.path()));
        ended.fold(false, |any, ended| any | ended)
    }

    /// Kills a process if it has the mark.
    fn end(&self, folder: &Path) -> bool {
        let number = folder.file_name().and_then(|name| name.to_str()?.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else { return false };
        // Held before it is looked at: another process that gets its number is not meant.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        let Ok(variables) = fs::read(folder.join("environ")) else { return false };
        variables.split(|byte| *byte == 0).any(|entry| entry == self.entry.as_bytes())
            && pidfd_send_signal(&process, Signal::KILL).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_with_the_mark_are_killed_and_no_others() {
        let [ours, others] = [Mark::new(), Mark::new()];
        let sleep = |mark: &Mark| {
            let mut command = Command::new("setsid");
            mark.put_on(command.args(["sleep", "1000"]));
            command.spawn().expect("there is such a program")
        };
        let [mut first, mut second, mut other] = [sleep(&ours), sleep(&ours), sleep(&others)];
        // Until it has become a process with an environment of its own.
        thread::sleep(Duration::from_millis(200));
        ours.end_all();
        for process in [&mut first, &mut second] {
            assert!(!process.wait().expect("it is ours").success());
        }
        assert!(other.try_wait().expect("it is ours").is_none(), "it has another mark");
        others.end_all();
        other.wait().expect("it is ours");
    }
}
