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
            #[cfg(target_os = "linux")]
            reserve_huge_pages();
        }
    }
}

/// Grows the heap by almost the bytes that it keeps, without touching them, and asks Linux for huge pages
/// there: an update goes through hundreds of megabytes, and looking up their pages takes its share of
/// the time, most of all on a virtual machine.
#[cfg(all(target_env = "gnu", target_os = "linux"))]
fn reserve_huge_pages() {
    const HUGE_PAGE: usize = 1 << 21;
    let reserved = KEPT_BYTES as usize - (KEPT_BYTES as usize >> 3);
    // SAFETY: the range lies within the block, whose contents nobody has, and advice changes none. Where
    // there is no memory or no huge page, all stays as it was.
    unsafe {
        let block = libc::malloc(reserved);
        if !block.is_null() {
            let start = block.align_offset(HUGE_PAGE);
            libc::madvise(block.byte_add(start), reserved - start, libc::MADV_HUGEPAGE);
            libc::free(block);
        }
    }
}
