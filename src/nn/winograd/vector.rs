//! The vectors of float32 numbers that the passes compute with: as long as the processor has them.
//!
//! Every operation rounds once, number by number, so that the results of all lengths are the same
//! bits.

/// Numbers that are computed with together, of as many channels of one position.
pub(super) trait Vector: Copy {
    const LEN: usize;

    fn zero() -> Self;

    /// The first numbers of a slice.
    fn load(from: &[f32]) -> Self;

    /// Into the first numbers of a slice.
    fn store(self, to: &mut [f32]);

    /// self + b.
    fn add(self, b: Self) -> Self;

    /// self - b.
    fn sub(self, b: Self) -> Self;

    /// factor self.
    fn scale(self, factor: f32) -> Self;

    /// self + factor b, rounded once.
    fn add_scaled(self, factor: f32, b: Self) -> Self;

    /// Zero in place of negative numbers. NaN stays NaN, which `f32::max` would make zero: a broken
    /// parameter has to show in the losses.
    fn relu(self) -> Self;
}

/// For processors whose base instruction set has vectors and a fused multiply-add.
#[cfg(not(target_arch = "x86_64"))]
impl Vector for [f32; 8] {
    const LEN: usize = 8;

    #[inline(always)]
    fn zero() -> Self {
        [0.0; 8]
    }

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        *from.first_chunk().expect("a vector lies within the slice")
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        *to.first_chunk_mut().expect("a vector lies within the slice") = self;
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        std::array::from_fn(|i| self[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        std::array::from_fn(|i| self[i] - b[i])
    }

    #[inline(always)]
    fn scale(self, factor: f32) -> Self {
        self.map(|value| factor * value)
    }

    #[inline(always)]
    fn add_scaled(self, factor: f32, b: Self) -> Self {
        std::array::from_fn(|i| factor.mul_add(b[i], self[i]))
    }

    #[inline(always)]
    fn relu(self) -> Self {
        self.map(|value| if value < 0.0 { 0.0 } else { value })
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    /// The vectors of one instruction set. Only functions that are compiled for it use them, so that
    /// whoever calls these has found it in the processor.
    macro_rules! vector {
        ($vector:ty, $len:literal, $zero:ident, $load:ident, $store:ident, $splat:ident, $add:ident,
         $sub:ident, $mul:ident, $fma:ident, $max:ident) => {
            impl Vector for $vector {
                const LEN: usize = $len;

                #[inline(always)]
                fn zero() -> Self {
                    // SAFETY: as said above, here and below.
                    unsafe { $zero() }
                }

                #[inline(always)]
                fn load(from: &[f32]) -> Self {
                    let from = &from[..$len];
                    // SAFETY: the slice holds a vector.
                    unsafe { $load(from.as_ptr()) }
                }

                #[inline(always)]
                fn store(self, to: &mut [f32]) {
                    let to = &mut to[..$len];
                    // SAFETY: the slice holds a vector.
                    unsafe { $store(to.as_mut_ptr(), self) }
                }

                #[inline(always)]
                fn add(self, b: Self) -> Self {
                    unsafe { $add(self, b) }
                }

                #[inline(always)]
                fn sub(self, b: Self) -> Self {
                    unsafe { $sub(self, b) }
                }

                #[inline(always)]
                fn scale(self, factor: f32) -> Self {
                    unsafe { $mul($splat(factor), self) }
                }

                #[inline(always)]
                fn add_scaled(self, factor: f32, b: Self) -> Self {
                    unsafe { $fma($splat(factor), b, self) }
                }

                #[inline(always)]
                fn relu(self) -> Self {
                    // Of a number and NaN these instructions take the second operand.
                    unsafe { $max($zero(), self) }
                }
            }
        };
    }

    vector!(
        __m256,
        8,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        _mm256_fmadd_ps,
        _mm256_max_ps
    );
    vector!(
        __m512,
        16,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_fmadd_ps,
        _mm512_max_ps
    );
}
