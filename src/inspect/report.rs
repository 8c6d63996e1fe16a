//! What inspection shows to people: for each tag a table of its runs and their curves.

use std::fmt::Write;

use console::{measure_text_width, pad_str, truncate_str};

use super::number::short;
use super::plot::{Ink, Size, mark, plot};
use super::{Inspection, Point, Summary, TagPattern};

/// The page that a report is written on.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Columns of the terminal.
    pub width: usize,
    pub ink: Ink,
}

/// Rows of a picture, its axes included.
const PLOT_ROWS: usize = 10;
/// A wider picture shows nothing more.
const PLOT_COLUMNS: usize = 120;

/// Writes about every tag that matches.
pub fn report(inspection: &Inspection, pattern: &TagPattern, page: Page) -> String {
    let tags = inspection.tags(pattern);
    if tags.is_empty() {
        return "no scalars yet\n".to_owned();
    }
    let parts: Vec<String> = tags.iter().map(|tag| about_tag(inspection, tag, page)).collect();
    parts.join("\n")
}

/// A table and a picture of one tag.
fn about_tag(inspection: &Inspection, tag: &str, page: Page) -> String {
    let runs = inspection.runs();
    let curves: Vec<Vec<Point>> = runs.iter().map(|run| run.curve(tag)).collect();
    let mut rows = vec![
        ["", "count", "first", "last", "best = max", "at step", "min", "at step", "run"]
            .map(str::to_owned),
    ];
    for (index, (run, curve)) in runs.iter().zip(&curves).enumerate() {
        if let Some(summary) = Summary::of(curve) {
            rows.push(row(mark(index, runs.len(), page.ink), &summary, harmless(run.name())));
        }
    }
    let size = Size { columns: page.width.min(PLOT_COLUMNS), rows: PLOT_ROWS };
    let mut lines = vec![harmless(tag)];
    lines.extend(table(&rows, page.width));
    lines.extend(plot(&curves, size, page.ink));
    let mut text = String::new();
    for line in lines {
        let line = truncate_str(line.trim_end(), page.width, "…");
        writeln!(text, "{line}").expect("a String takes all that is written");
    }
    text
}

fn row(mark: String, summary: &Summary, run: String) -> [String; 9] {
    let place = |point: Option<Point>| match point {
        Some(point) => [short(point.value), point.step.to_string()],
        None => ["-".to_owned(), "-".to_owned()],
    };
    let count = match summary.non_finite {
        0 => summary.count.to_string(),
        n => format!("{} ({n} not finite)", summary.count),
    };
    let [max, max_step] = place(summary.max);
    let [min, min_step] = place(summary.min);
    let (first, last) = (short(summary.first.value), short(summary.last.value));
    [mark, count, first, last, max, max_step, min, min_step, run]
}

/// A name without control characters, with which a foreign file could command the terminal.
fn harmless(name: &str) -> String {
    name.replace(char::is_control, "�")
}

/// Aligns columns: numbers to the right, and the run's name, which comes last, to the left. A name
/// that is too long loses its beginning, because runs of one experiment differ at the end.
fn table<const N: usize>(rows: &[[String; N]], width: usize) -> Vec<String> {
    let widest = |column: usize| {
        rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or_default()
    };
    let numbers_width: usize = (0..N - 1).map(|column| widest(column) + 2).sum();
    let room = width.saturating_sub(numbers_width);
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for (column, cell) in row[..N - 1].iter().enumerate() {
            line += &pad_str(cell, widest(column), console::Alignment::Right, None);
            line += "  ";
        }
        line + &end_of(&row[N - 1], room)
    };
    rows.iter().map(line).collect()
}

/// The text if it fits, or as much of its end as does.
fn end_of(text: &str, room: usize) -> String {
    if measure_text_width(text) <= room {
        return text.to_owned();
    }
    let mut start = text.char_indices().map(|(index, _)| &text[index..]);
    let end = start.find(|end| measure_text_width(end) < room).unwrap_or_default();
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_command_the_terminal() {
        assert_eq!(harmless("loss/\x1b[2Jü\n"), "loss/�[2Jü�");
    }

    #[test]
    fn columns_are_aligned_and_names_keep_their_end() {
        let rows = [
            ["", "count", "run"].map(str::to_owned),
            ["\x1b[31m●\x1b[0m", "7", "runs/dmc-cartpole-swingup/2024-s1"].map(str::to_owned),
        ];
        let lines = table(&rows, 30);
        assert_eq!(lines[0], "   count  run");
        assert_eq!(lines[1], "\x1b[31m●\x1b[0m      7  …ole-swingup/2024-s1");
        assert_eq!(measure_text_width(&lines[1]), 30);
        assert_eq!(
            table(&rows, 80)[1],
            "\x1b[31m●\x1b[0m      7  runs/dmc-cartpole-swingup/2024-s1"
        );
    }
}
