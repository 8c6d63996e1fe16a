//! Rows of 32 bfloat16, each a vector register: what is done with them between the products.

use std::arch::x86_64::*;
use std::ops::Range;

use super::FILTERS;
use super::tiles::{BLOCK, Sums};

/// The channels of a position, or a row of a matrix. It takes one line of the caches.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Row(pub [u16; FILTERS]);

impl Row {
    pub const ZERO: Self = Self([0; FILTERS]);
}

/// Whether the processor has the instructions that these functions are compiled for.
pub(super) fn are_available() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512bf16")
}

/// Numbers as rows, which they must be aligned to.
pub(super) fn as_rows(numbers: &[u16]) -> &[Row] {
    // SAFETY: a row is an array of numbers, and any bits are numbers.
    let (before, rows, _) = unsafe { numbers.align_to() };
    assert!(before.is_empty(), "the numbers are aligned as rows");
    rows
}

/// Numbers as rows, to write.
pub(super) fn as_rows_mut(numbers: &mut [u16]) -> &mut [Row] {
    // SAFETY: as above.
    let (before, rows, _) = unsafe { numbers.align_to_mut() };
    assert!(before.is_empty(), "the numbers are aligned as rows");
    rows
}

/// Rounds to the nearest bfloat16, ties to even.
pub(super) fn bfloat16(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(row: &[u16; FILTERS]) -> __m512i {
    // SAFETY: a row is 64 bytes.
    unsafe { _mm512_loadu_si512(row.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store(value: __m512i, row: &mut Row) {
    // SAFETY: a row is 64 bytes, aligned to as many.
    unsafe { _mm512_store_si512(row.0.as_mut_ptr().cast(), value) }
}

/// The two halves of a row of sums.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_sums(sums: &[f32; FILTERS]) -> [__m512; 2] {
    // SAFETY: a row of sums is 128 bytes.
    unsafe { [_mm512_loadu_ps(sums.as_ptr()), _mm512_loadu_ps(sums.as_ptr().add(16))] }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn round([low, high]: [__m512; 2]) -> __m512i {
    // SAFETY: both are 64 bytes without a meaning beyond their bits.
    unsafe { std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low)) }
}

/// ReLU of a block of sums, rounded. NaN stays NaN: a broken parameter has to show in the losses.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn relu(sums: &Sums, rows: &mut [Row]) {
    let zero = _mm512_setzero_ps();
    for (sums, row) in sums.0.iter().zip(rows) {
        // The maximum is its second operand where one is not a number.
        store(round(load_sums(sums).map(|half| _mm512_max_ps(zero, half))), row);
    }
}

/// Sums of rows of gradients, number by number: those at even places, then those at odd ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct BiasSums([f32; FILTERS]);

impl BiasSums {
    pub const ZERO: Self = Self([0.0; FILTERS]);

    pub fn add(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(other.0) {
            *sum += value;
        }
    }

    /// In the order of the channels.
    pub fn in_order(&self) -> Vec<f32> {
        (0..FILTERS).map(|channel| self.0[channel % 2 * 16 + channel / 2]).collect()
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(&mut self, [even, odd]: [__m512; 2]) {
        // SAFETY: the sums are 128 bytes.
        unsafe {
            _mm512_storeu_ps(self.0.as_mut_ptr(), even);
            _mm512_storeu_ps(self.0.as_mut_ptr().add(16), odd);
        }
    }
}

/// The gradient before a ReLU, given that after it and the ReLU's output. It is also added up for
/// the bias.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn through_relu(gradient: __m512i, output: &Row, sums: &mut [__m512; 2]) -> __m512i {
    // As integers, bfloat16 compare with zero as they do as numbers.
    let active = _mm512_cmpgt_epi16_mask(load(&output.0), _mm512_setzero_si512());
    let gradient = _mm512_maskz_mov_epi16(active, gradient);
    let even = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(gradient));
    let high_halves = _mm512_set1_epi32(0xffff_0000_u32 as i32);
    let odd = _mm512_castsi512_ps(_mm512_and_si512(gradient, high_halves));
    *sums = [_mm512_add_ps(sums[0], even), _mm512_add_ps(sums[1], odd)];
    gradient
}

/// Rounds a block of sums, the gradients after a ReLU, and turns them into those before it.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn gradient_through_relu(
    sums: &Sums,
    outputs: &[Row],
    gradients: &mut [Row],
    bias: &mut BiasSums,
) {
    let mut bias_sums = load_sums(&bias.0);
    for ((sums, output), gradient) in sums.0.iter().zip(outputs).zip(gradients) {
        store(through_relu(round(load_sums(sums)), output, &mut bias_sums), gradient);
    }
    bias.store(bias_sums);
}

/// The mask of so many numbers of a row.
fn first(count: usize) -> __mmask32 {
    u32::MAX >> (BLOCK - count)
}

/// Puts the rows at `places` of a map into 32 columns, one after the other: the features of an image
/// from its last map.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn gather(map: &[Row], places: &[usize], columns: &mut [u16]) {
    for (block, block_places) in places.chunks(BLOCK).enumerate() {
        let row = |index: usize| match block_places.get(index) {
            Some(place) => load(&map[*place].0),
            None => _mm512_setzero_si512(),
        };
        for half in Half::BOTH {
            for (channel, column) in half.places().zip(half.transpose(row)) {
                let to = channel * places.len() + block * BLOCK;
                let to = &mut columns[to..][..block_places.len()];
                let numbers = first(to.len());
                // SAFETY: the mask is that of the slice's numbers.
                unsafe { _mm512_mask_storeu_epi16(to.as_mut_ptr().cast(), numbers, column) };
            }
        }
    }
}

/// The other way around, through the ReLU that made the map `outputs`: the gradients at `places` of
/// the last map from those at the features.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn scatter(
    columns: &[u16],
    places: &[usize],
    outputs: &[Row],
    gradients: &mut [Row],
    bias: &mut BiasSums,
) {
    let mut bias_sums = load_sums(&bias.0);
    for (block, block_places) in places.chunks(BLOCK).enumerate() {
        let column = |channel: usize| {
            let from = &columns[channel * places.len() + block * BLOCK..][..block_places.len()];
            // SAFETY: the mask is that of the slice's numbers.
            unsafe { _mm512_maskz_loadu_epi16(first(from.len()), from.as_ptr().cast()) }
        };
        for half in Half::BOTH {
            let of_half = block_places.iter().skip(half.places().start);
            for (row, place) in half.transpose(column).into_iter().zip(of_half) {
                let gradient = through_relu(row, &outputs[*place], &mut bias_sums);
                store(gradient, &mut gradients[*place]);
            }
        }
    }
    bias.store(bias_sums);
}

/// Transposes each block of 32 rows.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn transpose_blocks(rows: &[Row], columns: &mut [Row]) {
    for (rows, columns) in rows.chunks_exact(BLOCK).zip(columns.chunks_exact_mut(BLOCK)) {
        for half in Half::BOTH {
            let transposed = half.transpose(|index| load(&rows[index].0));
            for (column, to) in transposed.into_iter().zip(&mut columns[half.places()]) {
                store(column, to);
            }
        }
    }
}

/// Two rows as two rows of a tile's right matrix: numbers at the same place beside one another, of
/// the first half of places and of the second.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn pair(rows: &[Row], pairs: &mut [Row]) {
    for (rows, pairs) in rows.as_chunks::<2>().0.iter().zip(pairs.as_chunks_mut::<2>().0) {
        let [low, high] = interleave(load(&rows[0].0), load(&rows[1].0));
        store(low, &mut pairs[0]);
        store(high, &mut pairs[1]);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn interleave(even: __m512i, odd: __m512i) -> [__m512i; 2] {
    Half::BOTH.map(|half| half.interleave(even, odd))
}

/// One half of the numbers of rows.
#[derive(Clone, Copy)]
enum Half {
    First,
    Second,
}

impl Half {
    const BOTH: [Self; 2] = [Self::First, Self::Second];

    fn places(self) -> Range<usize> {
        match self {
            Self::First => 0..16,
            Self::Second => 16..32,
        }
    }

    /// The numbers of this half of two rows, those at the same place beside one another.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn interleave(self, even: __m512i, odd: __m512i) -> __m512i {
        const PLACES: [[u16; FILTERS]; 2] = {
            let mut places = [[0; FILTERS]; 2];
            let mut place = 0;
            while place < FILTERS {
                places[place / 16][place % 16 * 2] = place as u16;
                places[place / 16][place % 16 * 2 + 1] = (FILTERS + place) as u16;
                place += 1;
            }
            places
        };
        _mm512_permutex2var_epi16(even, load(&PLACES[self as usize]), odd)
    }

    /// These columns of 32 rows: so many as the registers hold.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn transpose(self, row: impl Fn(usize) -> __m512i) -> [__m512i; 16] {
        let mut pairs = [_mm512_setzero_si512(); 16];
        for (index, pair) in pairs.iter_mut().enumerate() {
            *pair = self.interleave(row(2 * index), row(2 * index + 1));
        }
        transpose_pairs(pairs)
    }
}

/// 16 x 16 pairs: within the four lanes of the registers by pairs and fours of rows, then lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn transpose_pairs(rows: [__m512i; 16]) -> [__m512i; 16] {
    let mut twos = rows;
    for i in 0..8 {
        twos[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        twos[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    let mut fours = rows;
    for i in (0..16).step_by(4) {
        fours[i] = _mm512_unpacklo_epi64(twos[i], twos[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(twos[i], twos[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(twos[i + 1], twos[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(twos[i + 1], twos[i + 3]);
    }
    let mut columns = rows;
    for i in 0..4 {
        let [a, b, c, d] = [fours[i], fours[i + 4], fours[i + 8], fours[i + 12]];
        let even = [_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0x88>(c, d)];
        let odd = [_mm512_shuffle_i32x4::<0xdd>(a, b), _mm512_shuffle_i32x4::<0xdd>(c, d)];
        columns[i] = _mm512_shuffle_i32x4::<0x88>(even[0], even[1]);
        columns[i + 4] = _mm512_shuffle_i32x4::<0x88>(odd[0], odd[1]);
        columns[i + 8] = _mm512_shuffle_i32x4::<0xdd>(even[0], even[1]);
        columns[i + 12] = _mm512_shuffle_i32x4::<0xdd>(odd[0], odd[1]);
    }
    columns
}

/// Asks for rows that will be read soon: what the processor does not foresee by itself.
#[inline]
pub(super) fn prefetch(rows: &[Row]) {
    for row in rows {
        // SAFETY: the address is that of a row, and nothing is read from it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(row.0.as_ptr().cast()) };
    }
}

/// Rows of 32 numbers that begin `stride` numbers after one another.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn cut(from: &[u16], stride: usize, rows: &mut [Row]) {
    for (index, row) in rows.iter_mut().enumerate() {
        store(load(from[index * stride..].first_chunk().expect("a whole row")), row);
    }
}

/// Bytes as bfloat16, which they are without rounding.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn bytes_to_bfloat16(bytes: &[u8], to: &mut [u16]) {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let (block_to, rest_to) = to.split_at_mut(16 * blocks.len());
    for (block, to) in blocks.iter().zip(block_to.as_chunks_mut::<16>().0) {
        // SAFETY: a block is 16 bytes, and what they become 32.
        unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().cast());
            let numbers = _mm512_cvtneps_pbh(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)));
            _mm256_storeu_si256(
                to.as_mut_ptr().cast(),
                std::mem::transmute::<__m256bh, __m256i>(numbers),
            );
        }
    }
    for (byte, to) in rest.iter().zip(rest_to) {
        *to = bfloat16(f32::from(*byte));
    }
}

/// Numbers of 0 to 1 on the scale of bytes, rounded.
pub(super) fn floats_to_bfloat16(floats: &[f32], to: &mut [u16]) {
    for (to, float) in to.iter_mut().zip(floats) {
        *to = bfloat16(float * 255.0);
    }
}
