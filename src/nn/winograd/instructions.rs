//! The vector instructions of the processor, and the passes compiled for each.

use super::FILTERS;
use super::filters::Weights;
use super::geometry::Geometry;
use super::image::{self, Gradients, Source};
use super::layers::Scratch;

/// A set of instructions that the passes are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What every processor of its kind has.
    #[cfg(not(target_arch = "x86_64"))]
    Base,
}

/// From here on they go by their lengths.
const _: () = assert!(FILTERS.is_multiple_of(2 * 16), "the longest vectors fill the channels");

impl Instructions {
    /// The longest vectors first.
    #[cfg(target_arch = "x86_64")]
    pub const ALL: &[Self] = &[Self::Avx512, Self::Avx2];
    #[cfg(not(target_arch = "x86_64"))]
    pub const ALL: &[Self] = &[Self::Base];

    /// The best that this processor has, if it has any.
    pub fn best() -> Option<Self> {
        Self::ALL.iter().copied().find(|instructions| instructions.are_available())
    }

    #[cfg(target_arch = "x86_64")]
    pub fn are_available(self) -> bool {
        match self {
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
        }
    }

    /// Without a fused multiply-add the passes would be slow.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn are_available(self) -> bool {
        cfg!(target_arch = "aarch64")
    }
}

/// One pass of an image, forward or back: what [`image::forward`] and [`image::backward`] take.
pub(super) struct Pass<'a> {
    pub geometry: &'a Geometry,
    pub weights: &'a Weights,
    pub image: Source<'a>,
    pub scratch: &'a mut Scratch,
}

impl Pass<'_> {
    /// See [`image::forward`].
    pub fn forward(self, instructions: Instructions, maps: &mut [f32], features: &mut [f32]) {
        assert!(instructions.are_available(), "the processor has {instructions:?}");
        match instructions {
            // SAFETY: the processor has the instructions, here and below.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { x86::forward_avx512(self, maps, features) },
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { x86::forward_avx2(self, maps, features) },
            #[cfg(not(target_arch = "x86_64"))]
            Instructions::Base => image::forward::<[f32; 8]>(self, maps, features),
        }
    }

    /// See [`image::backward`].
    pub fn backward(
        self,
        instructions: Instructions,
        maps: &[f32],
        losses: &mut [(&mut Gradients, &[f32])],
    ) {
        assert!(instructions.are_available(), "the processor has {instructions:?}");
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { x86::backward_avx512(self, maps, losses) },
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { x86::backward_avx2(self, maps, losses) },
            #[cfg(not(target_arch = "x86_64"))]
            Instructions::Base => image::backward::<[f32; 8]>(self, maps, losses),
        }
    }
}

/// What these functions call is inlined, and so compiled for their instructions.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m512};

    use super::{Gradients, Pass, image};

    #[target_feature(enable = "avx512f")]
    pub fn forward_avx512(pass: Pass<'_>, maps: &mut [f32], features: &mut [f32]) {
        image::forward::<__m512>(pass, maps, features);
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn forward_avx2(pass: Pass<'_>, maps: &mut [f32], features: &mut [f32]) {
        image::forward::<__m256>(pass, maps, features);
    }

    #[target_feature(enable = "avx512f")]
    pub fn backward_avx512(pass: Pass<'_>, maps: &[f32], losses: &mut [(&mut Gradients, &[f32])]) {
        image::backward::<__m512>(pass, maps, losses);
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn backward_avx2(pass: Pass<'_>, maps: &[f32], losses: &mut [(&mut Gradients, &[f32])]) {
        image::backward::<__m256>(pass, maps, losses);
    }
}
