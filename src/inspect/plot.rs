//! Curves drawn with characters.

use super::number::short;
use super::{Point, Summary};

/// How curves of different runs are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Fine dots, each run in a colour of its own.
    Colour,
    /// Fine dots for one run; several are drawn coarsely, with the run's letter.
    Letters,
}

/// Columns and rows of characters that a picture may take, its axes included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

/// Dots in a character, in columns and rows: those of Braille.
const DOTS: (usize, usize) = (2, 4);
/// ANSI foreground colours that can be told apart on dark and on light ground.
const COLOURS: [u8; 6] = [34, 31, 32, 35, 36, 33];

/// The mark of run `index` in a picture of `n` runs.
pub fn mark(index: usize, n: usize, ink: Ink) -> String {
    match ink {
        Ink::Colour => coloured("●", index),
        Ink::Letters if n == 1 => " ".to_owned(),
        Ink::Letters => letter(index).to_string(),
    }
}

/// Draws curves over each other, one per run, steps to the right and values upwards, line by line.
/// Values that are not finite are left out; without any other there is no picture.
pub fn plot(curves: &[Vec<Point>], size: Size, ink: Ink) -> Vec<String> {
    let Some(frame) = Frame::around(curves) else { return Vec::new() };
    let (top, bottom) = (short(frame.high), short(frame.low));
    let margin = top.len().max(bottom.len());
    let columns = size.columns.saturating_sub(margin + 2).max(2);
    let rows = size.rows.saturating_sub(2).max(2);

    let mut canvas = Canvas::new(columns, rows);
    for (run, points) in curves.iter().enumerate() {
        canvas.draw(run, &frame.dots(points, columns * DOTS.0, rows * DOTS.1));
    }
    let mut lines = Vec::with_capacity(rows + 2);
    let (top_row, bottom_row) = frame.labelled_rows(rows);
    for row in 0..rows {
        let label = match row {
            row if row == top_row => top.as_str(),
            row if row == bottom_row => bottom.as_str(),
            _ => "",
        };
        lines.push(format!("{label:>margin$} │{}", canvas.line(row, curves.len(), ink)));
    }
    lines.push(format!("{:margin$} └{}", "", "─".repeat(columns)));
    let (first, last) = (frame.left.to_string(), frame.right.to_string());
    let between = columns.saturating_sub(first.len() + last.len()).max(1);
    lines.push(format!("{:margin$}  {first}{:between$}{last}", "", ""));
    lines
}

/// The ranges of steps and values that a picture shows.
#[derive(Debug)]
struct Frame {
    left: i64,
    right: i64,
    low: f64,
    high: f64,
}

impl Frame {
    fn around(curves: &[Vec<Point>]) -> Option<Self> {
        let points: Vec<Point> = curves.iter().flatten().copied().collect();
        let points: Vec<Point> = points.into_iter().filter(|p| p.value.is_finite()).collect();
        let summary = Summary::of(&points)?;
        Some(Self {
            left: points.iter().map(|point| point.step).min()?,
            right: points.iter().map(|point| point.step).max()?,
            low: summary.min?.value,
            high: summary.max?.value,
        })
    }

    /// The rows of the highest and of the lowest value, which are one if these are the same.
    fn labelled_rows(&self, rows: usize) -> (usize, usize) {
        if self.low < self.high { (0, rows - 1) } else { ((rows - 1) / 2, (rows - 1) / 2) }
    }

    /// Where points lie on a grid of dots, whose origin is at the top left; none for a value that
    /// is not finite, which breaks a curve.
    fn dots(&self, points: &[Point], width: usize, height: usize) -> Vec<Option<(usize, usize)>> {
        let place = |point: &Point| {
            let across = fraction(point.step as f64, self.left as f64, self.right as f64);
            let up = fraction(point.value, self.low, self.high);
            let at = |fraction: f64, n: usize| (fraction * (n - 1) as f64).round() as usize;
            (at(across, width), height - 1 - at(up, height))
        };
        points.iter().map(|point| point.value.is_finite().then(|| place(point))).collect()
    }
}

/// Where `value` lies between two bounds, in [0, 1]; in the middle if they are the same. The halves
/// keep the difference of the largest numbers finite.
fn fraction(value: f64, from: f64, to: f64) -> f64 {
    let range = to / 2.0 - from / 2.0;
    if range > 0.0 { ((value / 2.0 - from / 2.0) / range).clamp(0.0, 1.0) } else { 0.5 }
}

/// Characters whose dots are set one by one.
#[derive(Debug)]
struct Canvas {
    columns: usize,
    /// The dots of each character as in Braille, and the run that was drawn there last.
    cells: Vec<(u8, usize)>,
}

impl Canvas {
    fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![(0, 0); columns * rows] }
    }

    /// Joins neighbouring dots by lines.
    fn draw(&mut self, run: usize, dots: &[Option<(usize, usize)>]) {
        for (index, to) in dots.iter().enumerate() {
            let Some(to) = *to else { continue };
            let from = index.checked_sub(1).and_then(|before| dots[before]).unwrap_or(to);
            let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
            for step in 0..=steps {
                let along = |from: usize, to: usize| (from * (steps - step) + to * step) / steps;
                self.set(run, along(from.0, to.0), along(from.1, to.1));
            }
        }
    }

    fn set(&mut self, run: usize, x: usize, y: usize) {
        /// The bit of each dot in Unicode's Braille patterns, by row and column.
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let cell = &mut self.cells[y / DOTS.1 * self.columns + x / DOTS.0];
        let kept = if cell.1 == run { cell.0 } else { 0 };
        *cell = (kept | BITS[y % DOTS.1][x % DOTS.0], run);
    }

    fn line(&self, row: usize, n_runs: usize, ink: Ink) -> String {
        let cells = &self.cells[row * self.columns..][..self.columns];
        let end = cells.iter().rposition(|(dots, _)| *dots > 0).map_or(0, |last| last + 1);
        let mut line = String::new();
        for stretch in cells[..end].chunk_by(|one, next| one.1 == next.1) {
            let run = stretch[0].1;
            let glyph = |dots: u8| match ink {
                _ if dots == 0 => ' ',
                Ink::Letters if n_runs > 1 => letter(run),
                _ => char::from_u32(0x2800 + u32::from(dots)).expect("a Braille pattern"),
            };
            let text: String = stretch.iter().map(|(dots, _)| glyph(*dots)).collect();
            match ink {
                Ink::Colour => line += &coloured(&text, run),
                Ink::Letters => line += &text,
            }
        }
        line
    }
}

fn letter(run: usize) -> char {
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    letters[run % letters.len()]
}

fn coloured(text: &str, run: usize) -> String {
    let colour = COLOURS[run % COLOURS.len()];
    format!("\x1b[{colour}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(i64, f64)]) -> Vec<Point> {
        points
            .iter()
            .map(|(step, value)| Point { step: *step, wall_time: 0.0, value: *value })
            .collect()
    }

    const SMALL: Size = Size { columns: 14, rows: 5 };

    #[test]
    fn a_rising_line_goes_from_the_lower_left_to_the_upper_right() {
        let picture = plot(&[curve(&[(0, 0.0), (500, 10.0)])], SMALL, Ink::Letters);
        assert_eq!(
            picture,
            [
                "10 │      ⢀⠤⠒⠉", //
                "   │   ⡠⠔⠊⠁",
                " 0 │⡠⠒⠉",
                "   └──────────",
                "    0      500",
            ]
        );
    }

    #[test]
    fn runs_are_told_apart() {
        let curves = [curve(&[(0, 0.0), (9, 0.0)]), curve(&[(0, 1.0), (9, 1.0)])];
        let letters = plot(&curves, SMALL, Ink::Letters);
        assert!(letters[0].ends_with("│bbbbbbbbbbb"), "{letters:?}");
        assert!(letters[2].ends_with("│aaaaaaaaaaa"));
        let colours = plot(&curves, SMALL, Ink::Colour);
        assert!(colours[0].contains("\x1b[31m") && colours[2].contains("\x1b[34m"));
        assert_eq!(
            (mark(0, 2, Ink::Letters), mark(27, 30, Ink::Letters)),
            ("a".into(), "B".into())
        );
    }

    #[test]
    fn numbers_of_any_kind_can_be_drawn() {
        for points in [
            curve(&[(3, 1.0)]),
            curve(&[(3, 1.0), (3, 1.0)]),
            curve(&[(i64::MIN, f64::MIN), (i64::MAX, f64::MAX)]),
            curve(&[(0, 1.0), (1, f64::NAN), (2, f64::INFINITY), (3, 2.0)]),
            curve(&[(5, 1.0), (1, 0.0), (9, -1e-300)]),
        ] {
            for size in [SMALL, Size { columns: 0, rows: 0 }, Size { columns: 80, rows: 10 }] {
                let picture = plot(std::slice::from_ref(&points), size, Ink::Letters);
                assert_eq!(picture.len(), size.rows.max(4));
                assert!(picture.iter().any(|line| line.contains(|c| ('⠁'..='⣿').contains(&c))));
            }
        }
    }

    #[test]
    fn without_a_finite_value_there_is_no_picture() {
        assert!(plot(&[curve(&[(0, f64::NAN)]), curve(&[])], SMALL, Ink::Letters).is_empty());
        assert!(plot(&[], SMALL, Ink::Colour).is_empty());
    }

    #[test]
    fn a_value_that_is_not_finite_breaks_the_line() {
        let broken = curve(&[(0, 1.0), (5, f64::NAN), (10, 1.0)]);
        let picture = plot(&[broken], SMALL, Ink::Letters);
        assert_eq!(picture[1], format!("1 │⠂{}⠐", " ".repeat(9)));
    }
}
