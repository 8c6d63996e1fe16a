//! Number formats of an agent.

use std::fmt;

use tch::{Device, Kind};

use crate::config::Precision;
use crate::nn;

/// The formats that a precision stands for on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Of parameters, moments, heads and losses.
    pub parameters: Kind,
    /// Of the encoder's passes: its convolutions and its linear layer.
    pub encoder: Kind,
}

impl Numbers {
    /// `auto` is bfloat16 where that is the faster, else float32.
    pub fn new(precision: Precision, device: Device) -> Self {
        let (parameters, encoder) = match precision {
            Precision::Auto if device == Device::Cpu && is_faster_in_bfloat16() => {
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
        Device::Cpu if is_faster_in_bfloat16() => {
            "the faster on this processor, by its units for it"
        }
        Device::Cpu => "the faster on this processor, without units that make up for bfloat16",
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

/// With matrix units; and with AVX512-BF16 on processors of AMD. Those of Intel have that, too, but
/// multiply no faster by it than in float32 (docs/benchmarks/speed.md).
fn is_faster_in_bfloat16() -> bool {
    nn::has_matrix_units() || has_fast_dot_products()
}

#[cfg(target_arch = "x86_64")]
fn has_fast_dot_products() -> bool {
    use std::arch::x86_64::__cpuid;
    let vendor = __cpuid(0);
    let of_amd =
        [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).concat() == b"AuthenticAMD";
    of_amd && std::arch::is_x86_feature_detected!("avx512bf16")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_fast_dot_products() -> bool {
    false
}
