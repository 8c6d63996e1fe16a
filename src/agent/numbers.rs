//! Number formats of an agent.

use std::fmt;

use tch::{Device, Kind};

use crate::config::Precision;

/// The formats that a precision stands for on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Of parameters, moments, heads and losses.
    pub parameters: Kind,
    /// Of the encoder's passes: its convolutions and its linear layer.
    pub encoder: Kind,
}

impl Numbers {
    /// `auto` is bfloat16 where the processor has units for it, else float32.
    pub fn new(precision: Precision, device: Device) -> Self {
        let (parameters, encoder) = match precision {
            Precision::Auto if device == Device::Cpu && has_bfloat16_units() => {
                (Kind::Float, Kind::BFloat16)
            }
            Precision::Auto | Precision::Float32 => (Kind::Float, Kind::Float),
            Precision::Bfloat16 => (Kind::Float, Kind::BFloat16),
            Precision::Float64 => (Kind::Double, Kind::Double),
        };
        Self { parameters, encoder }
    }

    /// The formats for states, whose encoder has no convolutions and nothing to gain from a narrow one.
    #[must_use]
    pub fn for_states(self) -> Self {
        Self { encoder: self.parameters, ..self }
    }
}

/// Why `auto` chooses as it does on a device.
pub fn reason(device: Device) -> &'static str {
    match device {
        Device::Cpu if has_bfloat16_units() => "this processor has units for it",
        Device::Cpu => "this processor has no units for bfloat16",
        _ => "the networks are on a GPU",
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.encoder {
            Kind::BFloat16 => "bfloat16",
            Kind::Double => "float64",
            _ => "float32",
        };
        out.write_str(name)
    }
}

/// AVX512-BF16 or AMX. Every processor with AMX has the former, too.
fn has_bfloat16_units() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}
