//! A curve in a line.

use super::Point;

/// What can be said of a curve. The best value is the highest, which suits rewards; of a loss, look
/// at the lowest.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub count: usize,
    /// How many values are infinite or not a number; these are neither the highest nor the lowest.
    pub non_finite: usize,
    pub first: Point,
    pub last: Point,
    /// The first point with the lowest value; none if no value is finite.
    pub min: Option<Point>,
    /// The first point with the highest value; none if no value is finite.
    pub max: Option<Point>,
}

impl Summary {
    /// Sums up points in their order; nothing if there are none.
    pub fn of(points: &[Point]) -> Option<Self> {
        let (first, last) = (*points.first()?, *points.last()?);
        let finite = || points.iter().filter(|point| point.value.is_finite()).copied();
        let better = |is_better: fn(f64, f64) -> bool| {
            finite().reduce(
                |best, point| {
                    if is_better(point.value, best.value) { point } else { best }
                },
            )
        };
        Some(Self {
            count: points.len(),
            non_finite: points.len() - finite().count(),
            first,
            last,
            min: better(|a, b| a < b),
            max: better(|a, b| a > b),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        let point = |(step, value): (usize, &f64)| Point {
            step: step as i64 * 10,
            wall_time: step as f64,
            value: *value,
        };
        values.iter().enumerate().map(point).collect()
    }

    #[test]
    fn finds_the_first_of_the_extremes() {
        let points = points(&[1.0, 3.0, -2.0, 3.0, -2.0, 0.0]);
        let expected = Summary {
            count: 6,
            non_finite: 0,
            first: points[0],
            last: points[5],
            min: Some(points[2]),
            max: Some(points[1]),
        };
        assert_eq!(Summary::of(&points), Some(expected));
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn what_is_not_finite_is_counted_and_left_out() {
        let points = points(&[f64::NAN, f64::INFINITY, 2.0, f64::NEG_INFINITY]);
        let summary = Summary::of(&points).unwrap();
        assert_eq!((summary.count, summary.non_finite), (4, 3));
        assert_eq!((summary.min, summary.max), (Some(points[2]), Some(points[2])));
        assert!(summary.first.value.is_nan());
        let none = Summary::of(&points[..1]).unwrap();
        assert_eq!((none.min, none.max, none.non_finite), (None, None, 1));
    }
}
