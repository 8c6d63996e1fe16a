//! Numbers that are within their range by construction.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// The largest whole number that TOML holds; beyond it a configuration could not be written down.
const MAX_WHOLE: u64 = i64::MAX as u64;

/// Defines a number type whose values satisfy a condition, checked when it is made or deserialised.
///
/// Deserialising says "expected ..." in the same words whether the type or the value is wrong, so
/// that a reader learns the range either way.
macro_rules! ranged {
    ($name:ident($inner:ty), $expected:literal, |$value:ident| $within:expr) => {
        #[doc = concat!("Holds ", $expected, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
        pub struct $name($inner);

        impl $name {
            pub fn get(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<$inner> for $name {
            type Error = String;

            fn try_from($value: $inner) -> Result<Self, String> {
                if $within {
                    Ok(Self($value))
                } else {
                    Err(format!(concat!("{} is not ", $expected), $value))
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let expected = || D::Error::custom(concat!("expected ", $expected));
                let number = <$inner>::deserialize(deserializer).map_err(|_| expected())?;
                Self::try_from(number).map_err(|_| expected())
            }
        }
    };
}

ranged!(Count(u64), "a whole number of at least 1", |value| (1..=MAX_WHOLE).contains(&value));
ranged!(Positive(f64), "a finite number above 0", |value| value > 0.0 && value.is_finite());
ranged!(Fraction(f64), "a number in (0, 1]", |value| value > 0.0 && value <= 1.0);
ranged!(Ratio(f64), "a number in [0, 1)", |value| (0.0..1.0).contains(&value));

#[expect(clippy::len_without_is_empty, reason = "a count is at least 1")]
impl Count {
    /// The count as a length, which it is on every 64-bit machine.
    pub fn len(self) -> usize {
        self.0 as usize
    }

    /// The count as a tensor dimension.
    pub fn dim(self) -> i64 {
        self.0 as i64
    }
}

/// Deserialises a number that is neither NaN nor infinite.
pub(super) fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    f64::deserialize(deserializer)
        .ok()
        .filter(|number| number.is_finite())
        .ok_or_else(|| D::Error::custom("expected a finite number"))
}

/// Deserialises a whole number, 0 included.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::deserialize(deserializer)
        .ok()
        .filter(|&number| number <= MAX_WHOLE)
        .ok_or_else(|| D::Error::custom("expected a whole number from 0 to 2^63 - 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_open_or_closed_as_they_say() {
        assert!(Count::try_from(0).is_err() && Count::try_from(1).is_ok());
        assert!(Count::try_from(MAX_WHOLE).is_ok() && Count::try_from(MAX_WHOLE + 1).is_err());
        assert!(Positive::try_from(0.0).is_err() && Positive::try_from(f64::MIN_POSITIVE).is_ok());
        assert!(Fraction::try_from(0.0).is_err() && Fraction::try_from(1.0).is_ok());
        assert!(Ratio::try_from(0.0).is_ok() && Ratio::try_from(1.0).is_err());
    }

    #[test]
    fn nan_and_infinities_are_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Positive::try_from(value).is_err());
            assert!(Fraction::try_from(value).is_err());
            assert!(Ratio::try_from(value).is_err());
        }
    }

    #[test]
    fn a_number_outside_says_what_was_expected() {
        assert_eq!(Fraction::try_from(99.0).unwrap_err(), "99 is not a number in (0, 1]");
        let error = toml::Value::Float(99.0).try_into::<Fraction>().unwrap_err();
        assert_eq!(error.message(), "expected a number in (0, 1]");
        let error = toml::Value::Boolean(true).try_into::<Fraction>().unwrap_err();
        assert_eq!(error.message(), "expected a number in (0, 1]");
    }

    #[test]
    fn a_whole_number_serves_where_a_fraction_is_wanted() {
        assert_eq!(toml::Value::Integer(1).try_into::<Fraction>().unwrap().get(), 1.0);
    }
}
