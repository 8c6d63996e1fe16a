//! TensorBoard's histograms.

use std::sync::LazyLock;

use tensorboard_proto::summary::HistogramProto;

/// Upper bounds of the buckets, which grow by a tenth from 1e-12 to 1e20 on both sides of zero, as
/// in TensorFlow's own writer: the display of TensorBoard is made for these.
static LIMITS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let positive: Vec<f64> = std::iter::successors(Some(1e-12), |limit| Some(limit * 1.1))
        .take_while(|limit| *limit < 1e20)
        .collect();
    let negative = positive.iter().rev().map(|limit| -limit);
    negative.chain([0.0]).chain(positive.iter().copied()).chain([f64::MAX]).collect()
});

/// A distribution, and how many numbers had no place in it.
#[derive(Debug)]
pub(super) struct Histogram {
    pub(super) proto: HistogramProto,
    /// How many values were infinite or not a number.
    pub(super) non_finite: u64,
}

/// Sorts the finite ones of `values` into the buckets.
pub(super) fn histogram(values: &[f32]) -> Histogram {
    let mut counts = vec![0_u64; LIMITS.len()];
    let mut proto = HistogramProto::new();
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value)) {
        counts[LIMITS.partition_point(|limit| *limit <= value)] += 1;
        min = min.min(value);
        max = max.max(value);
        proto.num += 1.0;
        proto.sum += value;
        proto.sum_squares += value * value;
    }
    if proto.num > 0.0 {
        (proto.min, proto.max) = (min, max);
    }
    (proto.bucket_limit, proto.bucket) = without_empty_runs(&counts);
    Histogram { non_finite: values.len() as u64 - proto.num as u64, proto }
}

/// The buckets from the first to the last that holds something, each run of empty ones made one. An
/// empty bucket goes ahead of them, because readers take a bucket's lower bound from the one
/// before.
fn without_empty_runs(counts: &[u64]) -> (Vec<f64>, Vec<f64>) {
    let Some(last) = counts.iter().rposition(|count| *count > 0) else {
        return (vec![f64::MAX], vec![0.0]);
    };
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for (limit, count) in LIMITS.iter().zip(counts).take(last + 1) {
        match buckets.last_mut() {
            Some(run) if run.1 == 0.0 && *count == 0 => run.0 = *limit,
            _ => buckets.push((*limit, *count as f64)),
        }
    }
    buckets.into_iter().unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_lies_in_its_bucket() {
        let values = [-3.0, -1e-30, 0.0, 0.5, 0.5, 0.52, 7e19, 3e38];
        let proto = histogram(&values).proto;
        let lower = std::iter::once(f64::NEG_INFINITY).chain(proto.bucket_limit.iter().copied());
        for ((lower, upper), count) in lower.zip(&proto.bucket_limit).zip(&proto.bucket) {
            let within = values.iter().map(|value| f64::from(*value));
            let within = within.filter(|value| (lower..*upper).contains(value)).count();
            assert_eq!(within as f64, *count, "[{lower}, {upper})");
        }
        assert_eq!(proto.bucket.iter().sum::<f64>(), 8.0);
        assert_eq!(proto.num, 8.0);
        assert_eq!((proto.min, proto.max), (-3.0, f64::from(3e38_f32)));
        let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
        assert_eq!(proto.sum, sum);
    }

    #[test]
    fn runs_of_empty_buckets_are_one() {
        let proto = histogram(&[1.0, 2.0]).proto;
        assert_eq!(proto.bucket, [0.0, 1.0, 0.0, 1.0]);
        assert!(proto.bucket_limit.is_sorted());
    }

    #[test]
    fn numbers_that_are_not_finite_are_counted_apart() {
        let part = histogram(&[f32::NAN, 1.0, f32::INFINITY, f32::NEG_INFINITY]);
        assert_eq!(part.non_finite, 3);
        assert_eq!((part.proto.num, part.proto.sum, part.proto.max), (1.0, 1.0, 1.0));
        for values in [&[][..], &[f32::NAN]] {
            let none = histogram(values);
            assert_eq!(none.non_finite, values.len() as u64);
            assert_eq!((none.proto.num, none.proto.min, none.proto.max), (0.0, 0.0, 0.0));
            assert_eq!(none.proto.bucket, [0.0]);
        }
    }
}
