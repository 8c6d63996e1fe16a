//! Tensors in main memory as slices, for passes that one loop does better than several operations.

use tch::{Device, Kind, Tensor};

/// The elements of a contiguous float32 tensor in main memory.
pub(crate) fn floats(tensor: &Tensor) -> &[f32] {
    check(tensor, Kind::Float);
    // SAFETY: the tensor is contiguous, of this type and in main memory, so that many elements lie
    // there; it is borrowed for as long as the slice.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The elements of a contiguous float32 tensor in main memory, to write.
pub(crate) fn floats_mut(tensor: &mut Tensor) -> &mut [f32] {
    check(tensor, Kind::Float);
    // SAFETY: as above. Another handle to the same storage may exist, but no operation runs on it
    // while the slice is in use, since every pass here is synchronous.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The bits of the elements of a contiguous bfloat16 tensor in main memory.
pub(crate) fn bfloats(tensor: &Tensor) -> &[u16] {
    check(tensor, Kind::BFloat16);
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The bits of the elements of a contiguous bfloat16 tensor in main memory, to write.
pub(crate) fn bfloats_mut(tensor: &mut Tensor) -> &mut [u16] {
    check(tensor, Kind::BFloat16);
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The bytes of a contiguous u8 tensor in main memory.
pub(crate) fn bytes(tensor: &Tensor) -> &[u8] {
    check(tensor, Kind::Uint8);
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The bytes of a contiguous u8 tensor in main memory, to write.
pub(crate) fn bytes_mut(tensor: &mut Tensor) -> &mut [u8] {
    check(tensor, Kind::Uint8);
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

fn check(tensor: &Tensor, kind: Kind) {
    assert_eq!(tensor.kind(), kind, "the slice has the tensor's type");
    assert_eq!(tensor.device(), Device::Cpu, "only main memory can be a slice");
    assert!(tensor.is_contiguous(), "only a contiguous tensor is a slice");
}
