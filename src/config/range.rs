//! Numbers that are within their range by construction.

use serde::{Deserialize, Serialize};

/// Defines a number type whose values satisfy a condition, checked when it is made or deserialised.
macro_rules! ranged {
    ($name:ident($inner:ty as $text:literal), $expected:literal, |$value:ident| $within:expr) => {
        #[doc = concat!("Holds ", $expected, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = $text)]
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
    };
}

ranged!(Count(u64 as "u64"), "a whole number of at least 1", |value| value >= 1);
ranged!(Positive(f64 as "f64"), "a finite number above 0", |value| value > 0.0 && value.is_finite());
ranged!(Fraction(f64 as "f64"), "a number in (0, 1]", |value| value > 0.0 && value <= 1.0);
ranged!(Ratio(f64 as "f64"), "a number in [0, 1)", |value| (0.0..1.0).contains(&value));

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
