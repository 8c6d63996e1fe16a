//! Summaries of a few numbers.

/// Mean and population standard deviation (divided by n, as NumPy's default); NaN if empty.
pub fn mean_and_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_the_population_s() {
        assert_eq!(mean_and_std(&[1.0, 3.0]), (2.0, 1.0));
        assert_eq!(mean_and_std(&[5.0]), (5.0, 0.0));
        assert!(mean_and_std(&[]).0.is_nan());
    }
}
