//! The last lines of what a process prints.

use std::collections::VecDeque;

/// Lines that are kept.
const LINES: usize = 20;
/// Bytes of a line that are kept.
const LINE_LEN: usize = 400;

/// Keeps the last lines, and little memory however much is printed.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<Vec<u8>>,
    /// The line that has not ended yet.
    open: Vec<u8>,
}

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part {
                [text @ .., b'\n'] => (text, true),
                text => (text, false),
            };
            let room = LINE_LEN - self.open.len();
            self.open.extend(&text[..text.len().min(room)]);
            if ends {
                self.lines.push_back(std::mem::take(&mut self.open));
                let superfluous = self.lines.len().saturating_sub(LINES);
                self.lines.drain(..superfluous);
            }
        }
    }

    /// The lines, oldest first, without empty ones.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.lines.iter().chain([&self.open]);
        let texts = lines.map(|line| String::from_utf8_lossy(line).trim_end().to_owned());
        let mut lines: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        lines.drain(..lines.len().saturating_sub(LINES));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_however_they_arrive() {
        let mut tail = Tail::default();
        tail.push(b"one\ntw");
        tail.push(b"o\n\nthr");
        assert_eq!(tail.lines(), ["one", "two", "thr"]);
        for line in 0..1000 {
            tail.push(format!("{line}\n").as_bytes());
        }
        let expected: Vec<String> = (1000 - LINES..1000).map(|line| line.to_string()).collect();
        assert_eq!(tail.lines(), expected);
        tail.push(b"and \xff more");
        assert_eq!(tail.lines().last().map(String::as_str), Some("and \u{fffd} more"));
        assert_eq!(tail.lines().len(), LINES);
    }

    #[test]
    fn a_line_without_an_end_takes_little() {
        let mut tail = Tail::default();
        for _ in 0..1000 {
            tail.push(&[b'x'; 1000]);
        }
        assert_eq!(tail.lines(), ["x".repeat(LINE_LEN)]);
        assert!(tail.open.capacity() <= 4 * LINE_LEN);
    }
}
