//! Soft indicator functions that the suite's rewards are made of.
//!
//! A [`Tolerance`] is 1 within its bounds and falls to 0 outside them: at once, or over a margin in
//! the shape of a [`Sigmoid`]. Source: Tunyasuvunakool et al. 2020, "dm_control: Software and tasks
//! for continuous control", section "Rewards" of the Control Suite.

use std::f64::consts::PI;

/// How a tolerance falls with the distance from its bounds, measured in margins.
///
/// Each is 1 at distance 0 and `value_at_margin` at distance 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sigmoid {
    /// exp(-(s d)^2 / 2)
    Gaussian,
    /// 1 / cosh(s d)
    Hyperbolic,
    /// 1 / (1 + (s d)^2)
    LongTail,
    /// 1 / (1 + s |d|)
    Reciprocal,
    /// (1 + cos(pi s d)) / 2 where |s d| < 1, else 0
    Cosine,
    /// 1 - s d where |s d| < 1, else 0
    Linear,
    /// 1 - (s d)^2 where |s d| < 1, else 0
    Quadratic,
    /// 1 - tanh(s d)^2
    TanhSquared,
}

impl Sigmoid {
    /// Whether the function can reach 0, so that 0 may be asked for at the margin.
    const fn reaches_zero(self) -> bool {
        matches!(self, Self::Cosine | Self::Linear | Self::Quadratic)
    }

    /// The value at a distance `d` in margins.
    fn at(self, d: f64, value_at_margin: f64) -> f64 {
        let within = |scaled: f64, value: f64| if scaled.abs() < 1.0 { value } else { 0.0 };
        match self {
            Self::Gaussian => {
                let scale = (-2.0 * value_at_margin.ln()).sqrt();
                (-0.5 * (d * scale).powi(2)).exp()
            }
            Self::Hyperbolic => {
                let scale = (1.0 / value_at_margin).acosh();
                1.0 / (d * scale).cosh()
            }
            Self::LongTail => {
                let scale = (1.0 / value_at_margin - 1.0).sqrt();
                1.0 / ((d * scale).powi(2) + 1.0)
            }
            Self::Reciprocal => {
                let scale = 1.0 / value_at_margin - 1.0;
                1.0 / (d.abs() * scale + 1.0)
            }
            Self::Cosine => {
                let scaled = d * (2.0 * value_at_margin - 1.0).acos() / PI;
                within(scaled, (1.0 + (PI * scaled).cos()) / 2.0)
            }
            Self::Linear => {
                let scaled = d * (1.0 - value_at_margin);
                within(scaled, 1.0 - scaled)
            }
            Self::Quadratic => {
                let scaled = d * (1.0 - value_at_margin).sqrt();
                within(scaled, 1.0 - scaled.powi(2))
            }
            Self::TanhSquared => {
                let scale = (1.0 - value_at_margin).sqrt().atanh();
                1.0 - (d * scale).tanh().powi(2)
            }
        }
    }
}

/// A soft indicator of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    lower: f64,
    upper: f64,
    margin: f64,
    sigmoid: Sigmoid,
    value_at_margin: f64,
}

impl Tolerance {
    /// 1 where `lower <= x <= upper`, else 0. Either bound may be infinite.
    ///
    /// # Panics
    /// If `lower > upper`.
    pub const fn within(lower: f64, upper: f64) -> Self {
        assert!(lower <= upper);
        Self { lower, upper, margin: 0.0, sigmoid: Sigmoid::Gaussian, value_at_margin: 0.1 }
    }

    /// 1 where `x` is at least `lower`.
    pub const fn at_least(lower: f64) -> Self {
        Self::within(lower, f64::INFINITY)
    }

    /// 1 at one value only; of use with a margin.
    pub const fn exactly(value: f64) -> Self {
        Self::within(value, value)
    }

    /// Falls to 0.1 over `margin` as a Gaussian, unless [`Self::falling`] says otherwise.
    ///
    /// # Panics
    /// If `margin` is not positive.
    pub const fn with_margin(self, margin: f64) -> Self {
        assert!(margin > 0.0);
        Self { margin, ..self }
    }

    /// Falls in this shape, to `value_at_margin` at the margin.
    ///
    /// # Panics
    /// If `value_at_margin` is outside (0, 1), or [0, 1) for shapes that reach 0.
    pub const fn falling(self, sigmoid: Sigmoid, value_at_margin: f64) -> Self {
        assert!(value_at_margin < 1.0);
        assert!(value_at_margin > 0.0 || (value_at_margin == 0.0 && sigmoid.reaches_zero()));
        Self { sigmoid, value_at_margin, ..self }
    }

    /// The indicator at `x`, in [0, 1].
    pub fn of(&self, x: f64) -> f64 {
        if self.lower <= x && x <= self.upper {
            return 1.0;
        }
        if self.margin == 0.0 {
            return 0.0;
        }
        let outside = if x < self.lower { self.lower - x } else { x - self.upper };
        self.sigmoid.at(outside / self.margin, self.value_at_margin)
    }
}

/// For the cosine of a body's angle from upright: 1 within some degrees, 0 upside down.
pub(super) fn upright_within(degrees: f64) -> Tolerance {
    let cosine = degrees.to_radians().cos();
    Tolerance::at_least(cosine).with_margin(1.0 + cosine).falling(Sigmoid::Linear, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Sigmoid; 8] = [
        Sigmoid::Gaussian,
        Sigmoid::Hyperbolic,
        Sigmoid::LongTail,
        Sigmoid::Reciprocal,
        Sigmoid::Cosine,
        Sigmoid::Linear,
        Sigmoid::Quadratic,
        Sigmoid::TanhSquared,
    ];

    #[test]
    fn every_sigmoid_is_one_at_the_bound_and_the_given_value_at_the_margin() {
        for sigmoid in ALL {
            for value in [0.1, 0.5, 0.9] {
                let tolerance =
                    Tolerance::within(-1.0, 2.0).with_margin(4.0).falling(sigmoid, value);
                for (x, expected) in
                    [(2.0, 1.0), (-1.0, 1.0), (0.3, 1.0), (6.0, value), (-5.0, value)]
                {
                    let got = tolerance.of(x);
                    assert!(
                        (got - expected).abs() < 1e-12,
                        "{sigmoid:?} at {x}: {got}, not {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_sigmoid_falls_monotonically_and_stays_in_the_unit_interval() {
        for sigmoid in ALL {
            let tolerance = Tolerance::exactly(0.0).with_margin(1.0).falling(sigmoid, 0.2);
            let values: Vec<f64> = (0..100).map(|i| tolerance.of(f64::from(i) * 0.05)).collect();
            assert!(values.windows(2).all(|pair| pair[1] <= pair[0]), "{sigmoid:?}: {values:?}");
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)), "{sigmoid:?}");
        }
    }

    // Values of dm_control 1.0.50's own function at half a margin and at one and a half.
    #[test]
    fn sigmoids_agree_with_dm_control() {
        let table = [
            (Sigmoid::Gaussian, [0.7400828044922853, 0.06660745240430568]),
            (Sigmoid::Hyperbolic, [0.6793662204867574, 0.1198881565564866]),
            (Sigmoid::LongTail, [0.631578947368421, 0.15999999999999995]),
            (Sigmoid::Reciprocal, [0.46153846153846145, 0.2222222222222222]),
            (Sigmoid::Cosine, [0.7738612787525831, 0.007049698245350511]),
            (Sigmoid::Linear, [0.65, 0.0]),
            (Sigmoid::Quadratic, [0.825, 0.0]),
            (Sigmoid::TanhSquared, [0.707778735729046, 0.10067452331833548]),
        ];
        for (sigmoid, expected) in table {
            let tolerance = Tolerance::within(-1.0, 2.0).with_margin(4.0).falling(sigmoid, 0.3);
            for (x, expected) in [4.0, -7.0].into_iter().zip(expected) {
                let got = tolerance.of(x);
                assert!(
                    (got - expected).abs() < 1e-14,
                    "{sigmoid:?} at {x}: {got}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn shapes_that_reach_zero_may_be_zero_at_the_margin() {
        for sigmoid in ALL.into_iter().filter(|sigmoid| sigmoid.reaches_zero()) {
            let tolerance = Tolerance::exactly(0.0).with_margin(2.0).falling(sigmoid, 0.0);
            assert!(tolerance.of(2.0).abs() < 1e-12);
            assert_eq!(tolerance.of(7.0), 0.0);
        }
    }

    #[test]
    fn without_a_margin_a_tolerance_is_a_hard_indicator() {
        let tolerance = Tolerance::at_least(1.5);
        assert_eq!([1.4999, 1.5, 1e9].map(|x| tolerance.of(x)), [0.0, 1.0, 1.0]);
        assert_eq!(tolerance.of(f64::NAN), 0.0);
    }
}
