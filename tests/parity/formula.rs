//! The numbers of a case: a stream of 64-bit words for every name (FNV-1a seeds splitmix64).

use tch::Tensor;

pub struct Words(u64);

impl Words {
    pub fn new(name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash)
    }
}

impl Iterator for Words {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(z ^ (z >> 31))
    }
}

/// Floats in [-1, 1).
pub fn units(name: &str, len: usize) -> Vec<f32> {
    let unit = |word: u64| (word >> 40) as f32 / 8_388_608.0 - 1.0;
    Words::new(name).take(len).map(unit).collect()
}

/// Bytes.
pub fn bytes(name: &str, len: usize) -> Vec<u8> {
    Words::new(name).take(len).map(|word| (word >> 56) as u8).collect()
}

/// Floats in [-1, 1) as a tensor.
pub fn unit_tensor(name: &str, shape: &[i64]) -> Tensor {
    let len = shape.iter().product::<i64>() as usize;
    Tensor::from_slice(&units(name, len)).view(shape)
}

/// Images (B, C, H, W) of a case, as the agent takes them: (B, H, W, C).
pub fn images(name: &str, [batch, channels, size]: [i64; 3]) -> Tensor {
    let shape = [batch, channels, size, size];
    let len = shape.iter().product::<i64>() as usize;
    Tensor::from_slice(&bytes(name, len)).view(shape).permute([0, 2, 3, 1]).contiguous()
}

/// The initial value of a parameter, named as in the authors' code.
pub fn parameter(name: &str, shape: &[i64]) -> Tensor {
    let unit = unit_tensor(name, shape);
    if name == "curl.W" {
        unit
    } else if name.ends_with("ln.weight") {
        unit * f64::from(0.1f32) + 1.0
    } else if shape.len() >= 2 {
        let fan_in = shape[1..].iter().product::<i64>() as f64;
        let factor = (3.0 / fan_in).sqrt() as f32;
        unit * f64::from(factor)
    } else {
        unit * f64::from(0.1f32)
    }
}
