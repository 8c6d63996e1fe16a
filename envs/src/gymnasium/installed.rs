//! What a Python interpreter has installed, asked without importing any of it.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::error::EnvError;

/// Prints Python's version, and that of Gymnasium where there is one.
const PROGRAM: &str = "\
import platform
from importlib import metadata
print(platform.python_version())
try:
    print(metadata.version('gymnasium'))
except metadata.PackageNotFoundError:
    pass
";
/// Time for an answer.
const LIMIT: Duration = Duration::from_secs(5);
/// Between two looks at whether there is one.
const POLL: Duration = Duration::from_millis(2);

/// The versions that an interpreter has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    pub python: String,
    pub gymnasium: Option<String>,
}

impl Installed {
    /// Asks an interpreter: a path, or a name to be looked for on the PATH.
    ///
    /// # Errors
    /// [`EnvError::Interpreter`] if it cannot be started, or does not answer.
    pub fn ask(python: &Path) -> Result<Self, EnvError> {
        Self::told_by(Command::new(python).args(["-c", PROGRAM]), LIMIT)
            .map_err(|reason| EnvError::Interpreter { python: python.to_owned(), reason })
    }

    fn told_by(command: &mut Command, limit: Duration) -> Result<Self, String> {
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let mut process = process.map_err(|error| error.to_string())?;
        let status = wait(&mut process, Instant::now() + limit);
        // Whatever it has started would keep its output open. It may all have ended by now.
        let _ = kill_process_group(Pid::from_child(&process), Signal::KILL);
        let _ = process.wait();
        match status {
            Some(status) if status.success() => {}
            Some(status) => return Err(format!("asked for versions, it ended with {status}")),
            None => return Err(format!("it told no version within {} s", limit.as_secs_f64())),
        }
        let mut answer = String::new();
        let read = process.stdout.take().map(|mut output| output.read_to_string(&mut answer));
        read.transpose().map_err(|error| error.to_string())?;
        let mut lines = answer.lines().map(str::to_owned);
        let python = lines.next().ok_or("it told no version")?;
        Ok(Self { python, gymnasium: lines.next() })
    }
}

/// How the process ends, if it does in time.
fn wait(process: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        let status = process.try_wait().ok().flatten();
        if status.is_some() || Instant::now() >= deadline {
            return status;
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard of an interpreter that does what a shell script says.
    fn told(script: &str) -> Result<Installed, String> {
        Installed::told_by(Command::new("sh").args(["-c", script]), Duration::from_secs(1))
    }

    #[test]
    fn versions_are_told_where_there_are_any() {
        let versions = |python: &str, gymnasium: Option<&str>| {
            Ok(Installed { python: python.to_owned(), gymnasium: gymnasium.map(str::to_owned) })
        };
        assert_eq!(told("echo 3.11.2; echo 1.2.0"), versions("3.11.2", Some("1.2.0")));
        assert_eq!(told("sleep 60 & echo 3.11.2"), versions("3.11.2", None));
    }

    #[test]
    fn what_is_no_interpreter_is_told_in_time() {
        for (script, reason) in [
            ("exit 0", "no version"),
            ("exit 3", "exit status: 3"),
            ("sleep 60", "within 1 s"),
            ("sleep 60 & sleep 60", "within 1 s"),
        ] {
            let started = Instant::now();
            let problem = told(script).expect_err(script);
            assert!(problem.contains(reason), "{script}: {problem}");
            assert!(started.elapsed() < Duration::from_secs(30), "{script}");
        }
        let error = Installed::ask(Path::new("/nowhere/python3")).expect_err("there is none");
        let error = error.to_string();
        assert!(error.contains("/nowhere/python3") && error.contains("--python"), "{error}");
    }
}
