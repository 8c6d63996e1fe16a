//! Settings of the C library's allocator, which serves libtorch and us.

/// Bytes that glibc keeps at the top of its heap, and above which a block is no part of the heap.
#[cfg(target_env = "gnu")]
const KEPT_BYTES: libc::c_int = 1 << 30;

/// Makes glibc keep freed blocks. By default it gives each large block back to the kernel, which
/// then clears its pages and faults them in again at the next update; an update's activations are
/// hundreds of megabytes, so that this would take longer than the arithmetic on a fast processor.
/// The process keeps its peak memory as a consequence. Elsewhere this does nothing.
pub fn keep_freed_blocks() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes any numbers; those that it refuses leave the setting as it was.
    unsafe {
        // A constant, so that the threshold does not adapt. A glibc that refuses one so large (before 2.35)
        // would not adapt it any more, though: then nothing else is set.
        if libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES) == 1 {
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
            libc::mallopt(libc::M_TOP_PAD, 1 << 26);
        }
    }
}
