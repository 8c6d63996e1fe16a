//! The Python process behind an environment: asked, waited for, and ended.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process_group};

use super::fault::Fault;
use super::mark::Mark;
use super::protocol::{Incoming, Kind, Request};
use super::tail::Tail;

/// Time for a process to end by itself after nobody listens to it any more; its own watcher ends it
/// after a second.
const END_LIMIT: Duration = Duration::from_secs(3);
/// Between two looks at whether it has ended.
const END_POLL: Duration = Duration::from_millis(2);
/// Pieces of what a process prints that are taken in at once, and the bytes of each: together what a
/// pipe holds. One that prints without end keeps nobody from looking at the clock.
const PIECES: usize = 16;
const PIECE_LEN: usize = 4096;
/// Time for the rest of what an ended process printed to arrive.
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(200);

/// A process that answers requests, one at a time. It ends when this value is dropped.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    /// Of all that it starts.
    mark: Mark,
    /// Requests go out here and replies come in; none once the process has been ended.
    stream: Option<UnixStream>,
    /// What it prints, until it closes that.
    stderr: Option<ChildStderr>,
    tail: Tail,
    /// Memory that it shares its pictures in.
    pictures: File,
    pub(super) request: Request,
    reply: Incoming,
}

impl Child {
    /// Starts an interpreter with a program that speaks the protocol.
    ///
    /// # Errors
    /// If the interpreter cannot be started.
    pub(super) fn start(python: &Path, program: &str) -> io::Result<Self> {
        let (stream, its_end) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        let pictures = File::from(memfd_create("curl-pictures", MemfdFlags::CLOEXEC)?);
        let mark = Mark::new();
        let mut command = Command::new(python);
        mark.put_on(&mut command);
        let mut process = command
            .args(["-c", program])
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(its_end)))
            .stdout(Stdio::from(pictures.try_clone()?))
            .stderr(Stdio::piped())
            // A group of its own, so that Ctrl-C is for this program alone, and all can be ended.
            .process_group(0)
            .spawn()?;
        let stderr = process.stderr.take();
        if let Some(stderr) = &stderr {
            ioctl_fionbio(stderr, true)?;
        }
        Ok(Self {
            process,
            mark,
            stream: Some(stream),
            stderr,
            tail: Tail::default(),
            pictures,
            request: Request::default(),
            reply: Incoming::default(),
        })
    }

    /// Sends the request that was put together, and returns the reply's payload.
    ///
    /// # Errors
    /// If the process ends, does not answer in time, or answers something else. It has been ended
    /// then.
    pub(super) fn ask(&mut self, kind: Kind, limit: Duration) -> Result<&[u8], Fault> {
        let deadline = Instant::now() + limit;
        match self.exchange(kind, deadline) {
            Ok(()) => Ok(self.reply.payload()),
            Err(Interruption::Closed) => Err(Fault::Ended { status: self.end() }),
            Err(Interruption::Silent) => {
                self.end();
                Err(Fault::Silent { request: kind.name(), limit })
            }
            Err(Interruption::Garbage(problem)) => {
                self.end();
                Err(Fault::Garbage { problem })
            }
        }
    }

    /// Sends the request and takes the reply in.
    fn exchange(&mut self, kind: Kind, deadline: Instant) -> Result<(), Interruption> {
        let mut sent = 0;
        while let Some(left) = self.request.message().get(sent..).filter(|left| !left.is_empty()) {
            let stream = self.stream.as_mut().ok_or(Interruption::Closed)?;
            match stream.write(left) {
                Ok(len) => sent += len,
                Err(error) if would_block(&error) => self.wait(PollFlags::OUT, deadline)?,
                Err(_) => return Err(Interruption::Closed),
            }
        }
        self.reply.begin();
        loop {
            let stream = self.stream.as_mut().ok_or(Interruption::Closed)?;
            let read = match stream.read(self.reply.room()) {
                Ok(0) => return Err(Interruption::Closed),
                Ok(read) => read,
                Err(error) if would_block(&error) => {
                    self.wait(PollFlags::IN, deadline)?;
                    continue;
                }
                Err(_) => return Err(Interruption::Closed),
            };
            if self.reply.advance(read, kind).map_err(Interruption::Garbage)? {
                return Ok(());
            }
        }
    }

    /// Waits until the stream is ready, and takes in what is printed meanwhile, so that a process
    /// never waits for somebody to read it.
    fn wait(&mut self, ready: PollFlags, deadline: Instant) -> Result<(), Interruption> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Interruption::Silent);
            }
            let stream = self.stream.as_ref().ok_or(Interruption::Closed)?;
            let mut watched = vec![PollFd::new(stream, ready)];
            watched.extend(self.stderr.as_ref().map(|stderr| PollFd::new(stderr, PollFlags::IN)));
            let limit = Timespec::try_from(left).ok();
            if poll(&mut watched, limit.as_ref()).is_err() {
                continue;
            }
            let [stream_is_ready, prints] =
                [0, 1].map(|i| watched.get(i).is_some_and(|fd| !fd.revents().is_empty()));
            if prints {
                self.listen();
            }
            if stream_is_ready {
                return Ok(());
            }
        }
    }

    /// Takes in what the process has printed, up to a pipe's fill of it.
    fn listen(&mut self) {
        let mut bytes = [0; PIECE_LEN];
        for _ in 0..PIECES {
            let Some(stderr) = &mut self.stderr else { return };
            match stderr.read(&mut bytes) {
                Ok(0) => self.stderr = None,
                Ok(len) => self.tail.push(&bytes[..len]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.stderr = None,
            }
        }
    }

    /// The last lines that the process has printed.
    pub(super) fn last_lines(&mut self) -> Vec<String> {
        self.listen();
        self.tail.lines()
    }

    /// Reads the picture that the process has shared, of as many bytes as the buffer has.
    ///
    /// # Errors
    /// If it has not shared so many. The process has been ended then.
    pub(super) fn read_picture(&mut self, pixels: &mut [u8]) -> Result<(), Fault> {
        self.pictures.read_exact_at(pixels, 0).map_err(|_| {
            self.end();
            Fault::Garbage { problem: "its picture is cut short".to_owned() }
        })
    }

    /// Ends the process and all that it has started. Returns how it ended.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        // The watcher sees this, and leaves nothing behind.
        self.stream = None;
        let deadline = Instant::now() + END_LIMIT;
        let mut status = self.process.try_wait().ok().flatten();
        while status.is_none() && Instant::now() < deadline {
            self.listen();
            thread::sleep(END_POLL);
            status = self.process.try_wait().ok().flatten();
        }
        if status.and_then(|status| status.code()).is_none() {
            // The watcher did not come to an end by itself, and may have left others behind. They may
            // have ended by now.
            let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
            let _ = self.process.kill();
            self.mark.end_all();
        }
        if status.is_none() {
            status = self.process.wait().ok();
        }
        let deadline = Instant::now() + LAST_WORDS_LIMIT;
        while self.stderr.is_some() && Instant::now() < deadline {
            self.listen();
            thread::sleep(END_POLL);
        }
        status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Why there is no reply.
enum Interruption {
    Closed,
    Silent,
    Garbage(String),
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
