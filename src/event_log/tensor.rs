//! Scalars written as tensors, as TensorFlow 2's summaries are (`tensor.proto`).

use half::{bf16, f16};
use prost::Message;

/// A tensor as it lies in an event: its numbers are either in the list of their kind, or all
/// together in `content`, little-endian.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Tensor {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
    #[prost(bytes = "vec", tag = "4")]
    content: Vec<u8>,
    #[prost(float, repeated, tag = "5")]
    floats: Vec<f32>,
    #[prost(double, repeated, tag = "6")]
    doubles: Vec<f64>,
    #[prost(int32, repeated, tag = "7")]
    ints: Vec<i32>,
    #[prost(int64, repeated, tag = "10")]
    longs: Vec<i64>,
    #[prost(bool, repeated, tag = "11")]
    bools: Vec<bool>,
    #[prost(int32, repeated, tag = "13")]
    halves: Vec<i32>,
    #[prost(uint32, repeated, tag = "16")]
    unsigned_ints: Vec<u32>,
    #[prost(uint64, repeated, tag = "17")]
    unsigned_longs: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "2")]
    dims: Vec<Dim>,
    #[prost(bool, tag = "3")]
    unknown_rank: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Dim {
    #[prost(int64, tag = "1")]
    size: i64,
}

impl Tensor {
    /// Its number, if it holds exactly one.
    pub(super) fn scalar(&self) -> Option<f64> {
        let one = self
            .shape
            .as_ref()
            .is_none_or(|shape| !shape.unknown_rank && shape.dims.iter().all(|dim| dim.size == 1));
        if !one {
            return None;
        }
        if self.content.is_empty() { self.listed() } else { self.packed() }
    }

    /// The number in the list of its kind. TensorFlow leaves out a zero when it compresses.
    fn listed(&self) -> Option<f64> {
        let half = |from_bits: fn(u16) -> f64| match self.halves.as_slice() {
            [] => Some(0.0),
            [bits] => u16::try_from(*bits).ok().map(from_bits),
            _ => None,
        };
        match self.kind {
            kind::FLOAT => single(&self.floats, f64::from),
            kind::DOUBLE => single(&self.doubles, |value| value),
            kind::INT64 => single(&self.longs, |value| value as f64),
            kind::BOOL => single(&self.bools, |value| f64::from(u8::from(value))),
            kind::UINT32 => single(&self.unsigned_ints, f64::from),
            kind::UINT64 => single(&self.unsigned_longs, |value| value as f64),
            kind::HALF => half(|bits| f16::from_bits(bits).to_f64()),
            kind::BFLOAT16 => half(|bits| bf16::from_bits(bits).to_f64()),
            kind::INT32 | kind::INT16 | kind::INT8 | kind::UINT16 | kind::UINT8 => {
                single(&self.ints, f64::from)
            }
            _ => None,
        }
    }

    /// The number in `content`.
    fn packed(&self) -> Option<f64> {
        let bytes = self.content.as_slice();
        Some(match self.kind {
            kind::FLOAT => f64::from(f32::from_le_bytes(bytes.try_into().ok()?)),
            kind::DOUBLE => f64::from_le_bytes(bytes.try_into().ok()?),
            kind::HALF => f16::from_le_bytes(bytes.try_into().ok()?).to_f64(),
            kind::BFLOAT16 => bf16::from_le_bytes(bytes.try_into().ok()?).to_f64(),
            kind::INT64 => i64::from_le_bytes(bytes.try_into().ok()?) as f64,
            kind::INT32 => f64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
            kind::INT16 => f64::from(i16::from_le_bytes(bytes.try_into().ok()?)),
            kind::INT8 => f64::from(i8::from_le_bytes(bytes.try_into().ok()?)),
            kind::UINT64 => u64::from_le_bytes(bytes.try_into().ok()?) as f64,
            kind::UINT32 => f64::from(u32::from_le_bytes(bytes.try_into().ok()?)),
            kind::UINT16 => f64::from(u16::from_le_bytes(bytes.try_into().ok()?)),
            kind::UINT8 | kind::BOOL => f64::from(u8::from_le_bytes(bytes.try_into().ok()?)),
            _ => return None,
        })
    }
}

fn single<T: Copy>(values: &[T], to_f64: impl Fn(T) -> f64) -> Option<f64> {
    match values {
        [] => Some(0.0),
        [value] => Some(to_f64(*value)),
        _ => None,
    }
}

/// `DataType` of TensorFlow's `types.proto`.
mod kind {
    pub(super) const FLOAT: i32 = 1;
    pub(super) const DOUBLE: i32 = 2;
    pub(super) const INT32: i32 = 3;
    pub(super) const UINT8: i32 = 4;
    pub(super) const INT16: i32 = 5;
    pub(super) const INT8: i32 = 6;
    pub(super) const INT64: i32 = 9;
    pub(super) const BOOL: i32 = 10;
    pub(super) const BFLOAT16: i32 = 14;
    pub(super) const UINT16: i32 = 17;
    pub(super) const HALF: i32 = 19;
    pub(super) const UINT32: i32 = 22;
    pub(super) const UINT64: i32 = 23;
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Tensor {
        pub(in crate::event_log) fn of_float(value: f32) -> Self {
            Self { kind: kind::FLOAT, floats: vec![value], ..Self::default() }
        }
    }

    fn packed(kind: i32, bytes: &[u8]) -> Option<f64> {
        Tensor { kind, content: bytes.to_vec(), ..Tensor::default() }.scalar()
    }

    #[test]
    fn every_numeric_kind_is_read_from_its_bytes() {
        assert_eq!(packed(kind::FLOAT, &1.5_f32.to_le_bytes()), Some(1.5));
        assert_eq!(packed(kind::DOUBLE, &0.1_f64.to_le_bytes()), Some(0.1));
        assert_eq!(packed(kind::HALF, &[0x00, 0x3e]), Some(1.5));
        assert_eq!(packed(kind::BFLOAT16, &[0xc0, 0x3f]), Some(1.5));
        assert_eq!(packed(kind::INT64, &(-7_i64).to_le_bytes()), Some(-7.0));
        assert_eq!(packed(kind::INT32, &(-7_i32).to_le_bytes()), Some(-7.0));
        assert_eq!(packed(kind::INT16, &(-7_i16).to_le_bytes()), Some(-7.0));
        assert_eq!(packed(kind::INT8, &[0xf9]), Some(-7.0));
        assert_eq!(packed(kind::UINT64, &7_u64.to_le_bytes()), Some(7.0));
        assert_eq!(packed(kind::UINT32, &7_u32.to_le_bytes()), Some(7.0));
        assert_eq!(packed(kind::UINT16, &[0xff, 0xff]), Some(65535.0));
        assert_eq!(packed(kind::UINT8, &[0xff]), Some(255.0));
        assert_eq!(packed(kind::BOOL, &[1]), Some(1.0));
    }

    #[test]
    fn every_list_is_read() {
        let of = |kind| Tensor { kind, ..Tensor::default() };
        assert_eq!(Tensor::of_float(0.5).scalar(), Some(0.5));
        assert_eq!(Tensor { doubles: vec![0.1], ..of(kind::DOUBLE) }.scalar(), Some(0.1));
        assert_eq!(Tensor { halves: vec![0x3e00], ..of(kind::HALF) }.scalar(), Some(1.5));
        assert_eq!(Tensor { halves: vec![0x3fc0], ..of(kind::BFLOAT16) }.scalar(), Some(1.5));
        assert_eq!(Tensor { ints: vec![-3], ..of(kind::INT8) }.scalar(), Some(-3.0));
        assert_eq!(Tensor { longs: vec![-3], ..of(kind::INT64) }.scalar(), Some(-3.0));
        assert_eq!(Tensor { bools: vec![true], ..of(kind::BOOL) }.scalar(), Some(1.0));
        assert_eq!(Tensor { unsigned_ints: vec![3], ..of(kind::UINT32) }.scalar(), Some(3.0));
        assert_eq!(Tensor { unsigned_longs: vec![3], ..of(kind::UINT64) }.scalar(), Some(3.0));
        assert_eq!(of(kind::FLOAT).scalar(), Some(0.0));
    }

    #[test]
    fn what_is_not_one_number_is_no_scalar() {
        let shape = |sizes: &[i64]| {
            let dims = sizes.iter().map(|size| Dim { size: *size }).collect();
            Some(Shape { dims, unknown_rank: false })
        };
        assert_eq!(Tensor { shape: shape(&[1, 1]), ..Tensor::of_float(2.0) }.scalar(), Some(2.0));
        assert_eq!(Tensor { shape: shape(&[2]), ..Tensor::of_float(2.0) }.scalar(), None);
        assert_eq!(Tensor { shape: shape(&[0]), ..Tensor::of_float(2.0) }.scalar(), None);
        assert_eq!(Tensor { floats: vec![1.0, 2.0], ..Tensor::of_float(2.0) }.scalar(), None);
        assert_eq!(Tensor { kind: 7, ..Tensor::of_float(2.0) }.scalar(), None);
        assert_eq!(packed(kind::FLOAT, &[0; 8]), None);
        assert_eq!(packed(8, &[0; 8]), None);
        assert_eq!(
            Tensor { halves: vec![-1], kind: kind::HALF, ..Tensor::default() }.scalar(),
            None
        );
    }
}
