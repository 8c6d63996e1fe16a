//! Colours as hue, saturation and value, and back.
//!
//! Written without branches, so that the compiler takes several pixels at once.

/// Hue and saturation in 0..1, hue in full turns, and the value on the scale of the colours.
pub(super) fn hsv_of_rgb([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let value = larger(red, larger(green, blue));
    let chroma = value - smaller(red, smaller(green, blue));
    let difference = if value == red {
        green - blue
    } else if value == green {
        blue - red
    } else {
        red - green
    };
    let sector = if value == red {
        0.0
    } else if value == green {
        2.0
    } else {
        4.0
    };
    let hue = (sector + difference / if chroma == 0.0 { 1.0 } else { chroma }) / 6.0;
    let saturation = chroma / if value == 0.0 { 1.0 } else { value };
    [if hue < 0.0 { hue + 1.0 } else { hue }, saturation, value]
}

/// The inverse: V - V S max(0, min(k, 4 - k, 1)) with k = (n + 6 H) mod 6, where n is 5 for red, 3 for green
/// and 1 for blue.
pub(super) fn rgb_of_hsv([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    let chroma = value * saturation;
    [5.0, 3.0, 1.0].map(|offset| {
        let sum = offset + 6.0 * hue;
        let sector = if sum >= 6.0 { sum - 6.0 } else { sum };
        let fall = larger(smaller(smaller(sector, 4.0 - sector), 1.0), 0.0);
        value - chroma * fall
    })
}

/// Without the care for NaN that [`f32::min`] takes, which costs time.
pub(super) fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

pub(super) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(got: [f32; 3], expected: [f32; 3]) {
        let near = got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 2e-6);
        assert!(near, "{got:?}, expected {expected:?}");
    }

    #[test]
    fn hsv_is_python_s() {
        // import colorsys
        // for rgb in [(.2, .4, .6), (1, .5, 0), (.1, .9, .3), (.6, .1, .5), (.7, .7, .2), (.5, .5, .5),
        //             (0, 0, 0), (1, 0, 1)]:
        //     print([round(x, 6) for x in colorsys.rgb_to_hsv(*rgb)])
        for (rgb, hsv) in [
            ([0.2, 0.4, 0.6], [0.583333, 0.666667, 0.6]),
            ([1.0, 0.5, 0.0], [0.083333, 1.0, 1.0]),
            ([0.1, 0.9, 0.3], [0.375, 0.888889, 0.9]),
            ([0.6, 0.1, 0.5], [0.866667, 0.833333, 0.6]),
            ([0.7, 0.7, 0.2], [0.166667, 0.714286, 0.7]),
            ([0.5, 0.5, 0.5], [0.0, 0.0, 0.5]),
            ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
            ([1.0, 0.0, 1.0], [0.833333, 1.0, 1.0]),
        ] {
            assert_near(hsv_of_rgb(rgb), hsv);
        }
    }

    #[test]
    fn rgb_is_python_s() {
        // import colorsys
        // for hsv in [(.05, .5, .8), (.25, 1, .5), (.4, .3, .9), (.55, .8, .7), (.7, .25, 1), (.95, .6, .4)]:
        //     print([round(x, 6) for x in colorsys.hsv_to_rgb(*hsv)])
        for (hsv, rgb) in [
            ([0.05, 0.5, 0.8], [0.8, 0.52, 0.4]),
            ([0.25, 1.0, 0.5], [0.25, 0.5, 0.0]),
            ([0.4, 0.3, 0.9], [0.63, 0.9, 0.738]),
            ([0.55, 0.8, 0.7], [0.14, 0.532, 0.7]),
            ([0.7, 0.25, 1.0], [0.8, 0.75, 1.0]),
            ([0.95, 0.6, 0.4], [0.4, 0.16, 0.232]),
        ] {
            assert_near(rgb_of_hsv(hsv), rgb);
        }
    }
}
