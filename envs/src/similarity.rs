//! How alike two pictures are.

/// The peak signal-to-noise ratio of two pictures of one size, in dB: infinite for equal ones.
///
/// # Panics
/// If the pictures have different sizes.
pub fn psnr(expected: &[u8], got: &[u8]) -> f64 {
    assert_eq!(expected.len(), got.len(), "pictures of one size are compared");
    let squares = expected.iter().zip(got).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2));
    let mean = squares.sum::<f64>() / expected.len() as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_twenty_decibels_for_a_tenth_of_the_range_everywhere() {
        let (black, grey) = ([0_u8; 12], [25_u8; 12]);
        assert!((psnr(&black, &grey) - 20.0 * (255.0_f64 / 25.0).log10()).abs() < 1e-12);
        assert_eq!(psnr(&grey, &black), psnr(&black, &grey));
        assert_eq!(psnr(&grey, &grey), f64::INFINITY);
    }

    #[test]
    fn one_wrong_pixel_of_a_hundred_weighs_a_hundredth() {
        let (expected, mut got) = ([0_u8; 100], [0_u8; 100]);
        got[37] = 255;
        assert!((psnr(&expected, &got) - 20.0).abs() < 1e-12);
    }
}
