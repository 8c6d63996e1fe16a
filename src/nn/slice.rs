//! Tensors in main memory as slices, for passes that one loop does better than several operations.

use tch::{Device, Kind, Tensor};

/// What a tensor in main memory holds.
pub(crate) trait Element: Copy + Send + Sync {
    const KIND: Kind;
}

impl Element for f32 {
    const KIND: Kind = Kind::Float;
}

impl Element for u8 {
    const KIND: Kind = Kind::Uint8;
}

/// The bits of a bfloat16.
impl Element for u16 {
    const KIND: Kind = Kind::BFloat16;
}

/// The elements of a contiguous tensor of their kind in main memory.
pub(crate) fn elements<T: Element>(tensor: &Tensor) -> &[T] {
    check(tensor, T::KIND);
    // SAFETY: the tensor is contiguous, of this type and in main memory, so that many elements lie
    // there; it is borrowed for as long as the slice.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The same, to write.
pub(crate) fn elements_mut<T: Element>(tensor: &mut Tensor) -> &mut [T] {
    check(tensor, T::KIND);
    // SAFETY: as above. Another handle to the same storage may exist, but no operation runs on it
    // while the slice is in use, since every pass here is synchronous.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The elements of a float32 tensor.
pub(crate) fn floats(tensor: &Tensor) -> &[f32] {
    elements(tensor)
}

/// The elements of a float32 tensor, to write.
pub(crate) fn floats_mut(tensor: &mut Tensor) -> &mut [f32] {
    elements_mut(tensor)
}

/// The bytes of a u8 tensor.
pub(crate) fn bytes(tensor: &Tensor) -> &[u8] {
    elements(tensor)
}

/// The bytes of a u8 tensor, to write.
pub(crate) fn bytes_mut(tensor: &mut Tensor) -> &mut [u8] {
    elements_mut(tensor)
}

fn check(tensor: &Tensor, kind: Kind) {
    assert_eq!(tensor.kind(), kind, "the slice has the tensor's type");
    assert_eq!(tensor.device(), Device::Cpu, "only main memory can be a slice");
    assert!(tensor.is_contiguous(), "only a contiguous tensor is a slice");
}
