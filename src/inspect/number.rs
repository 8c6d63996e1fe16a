//! Numbers for people.

/// A number in five significant digits.
pub fn short(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.abs().to_string().replacen(
            "inf",
            if value < 0.0 { "-inf" } else { "inf" },
            1,
        );
    }
    if !(1e-3..1e7).contains(&magnitude) {
        let text = format!("{value:.4e}");
        let (digits, exponent) = text.split_once('e').expect("scientific notation has an e");
        return format!("{}e{exponent}", without_trailing_zeros(digits));
    }
    let decimals = (4 - magnitude.log10().floor() as i32).max(0) as usize;
    without_trailing_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn without_trailing_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_digits_tell_enough() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (812.126, "812.13"),
            (-0.012_345_67, "-0.012346"),
            (100_000.0, "100000"),
            (1_234_567.8, "1234568"),
            (12_345_678.0, "1.2346e7"),
            (1e-9, "1e-9"),
            (-2.5e-30, "-2.5e-30"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::MAX, "1.7977e308"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
