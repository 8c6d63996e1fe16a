//! The matrix units: how they are asked for, and the one product that all passes are made of.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use super::FILTERS;
use super::rows::Row;

/// Positions that are computed together: the rows of two tiles.
pub(super) const BLOCK: usize = 32;

/// A block of sums.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Sums(pub [[f32; FILTERS]; BLOCK]);

impl Sums {
    pub const ZERO: Self = Self([[0.0; FILTERS]; BLOCK]);
}

/// Whether the processor has the units and the system saves their state for us, which Linux does for
/// processes that ask (arch_prctl(2), `ARCH_REQ_XCOMP_PERM`).
pub(super) fn are_available() -> bool {
    const REQUEST_PERMISSION: libc::c_long = 0x1023;
    const TILE_DATA: libc::c_long = 18;
    const OS_SAVES_EXTENDED_STATE: u32 = 1 << 27;
    /// AMX-BF16 and AMX-TILE.
    const UNITS: u32 = 1 << 22 | 1 << 24;
    let (basic, extended) = (__cpuid_count(1, 0), __cpuid_count(7, 0));
    basic.ecx & OS_SAVES_EXTENDED_STATE != 0
        && extended.edx & UNITS == UNITS
        // SAFETY: the call takes numbers and grants or refuses.
        && unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) } == 0
}

/// Where the left matrices of a sum of products begin among rows.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    /// In bytes, since the kernel adds them to an address.
    places: Vec<usize>,
    last: usize,
}

impl Steps {
    /// At these rows.
    pub fn new(rows: impl IntoIterator<Item = usize>) -> Self {
        let rows: Vec<usize> = rows.into_iter().collect();
        let last = *rows.iter().max().expect("a sum has at least one step");
        Self { places: rows.into_iter().map(|row| row * size_of::<Row>()).collect(), last }
    }

    /// The last row that a matrix begins at.
    pub fn last(&self) -> usize {
        self.last
    }
}

/// Where a sum starts.
#[derive(Debug)]
pub(super) enum Start<'a> {
    /// All rows at the same numbers.
    Row(&'a [f32; FILTERS]),
    /// At what is there.
    Sums,
}

#[repr(C, align(64))]
struct Configuration([u8; 64]);

/// Eight tiles of 16 rows of 64 bytes, in palette 1.
const CONFIGURATION: Configuration = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        bytes[16 + 2 * tile] = 64;
        bytes[48 + tile] = 16;
        tile += 1;
    }
    Configuration(bytes)
};

/// This thread's tile registers, which are configured as long as this lives.
#[derive(Debug)]
pub(super) struct Tiles(
    /// Not to be sent to another thread.
    std::marker::PhantomData<*const ()>,
);

impl Tiles {
    /// Where [`are_available`].
    pub fn configure() -> Self {
        // SAFETY: the processor has the instruction, and the configuration is valid.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &CONFIGURATION, options(nostack)) };
        Self(std::marker::PhantomData)
    }

    /// sums (32, 32) = start + sum over steps of a (32, 32) b (32, 32). The left matrices are 32
    /// rows from the step's place in `a` on; the right ones follow one another in `b`, their rows in
    /// pairs (see [`super::rows::pair`]).
    ///
    /// Rows are aligned to cache lines: loading a tile whose rows are not takes six times as long.
    #[inline]
    pub fn multiply(&self, a: &[Row], steps: &Steps, b: &[Row], start: Start<'_>, sums: &mut Sums) {
        assert!(steps.last + BLOCK <= a.len(), "a has the rows of all steps");
        assert!(steps.places.len() * BLOCK <= b.len(), "b has a matrix for each step");
        let (start, start_row) = match start {
            Start::Row(row) => (row.as_ptr(), 0),
            Start::Sums => (sums.0.as_ptr().cast(), size_of::<[f32; FILTERS]>()),
        };
        let places = steps.places.as_ptr_range();
        // SAFETY: `self` says that the tiles are configured; the memory that is read and written
        // lies within the slices, as was just checked.
        unsafe {
            asm!(
                "lea {high}, [{start} + {start_row}*8]",
                "lea {high}, [{high} + {start_row}*8]",
                "tileloadd tmm0, [{start} + {start_row}*1]",
                "tileloadd tmm1, [{start} + {start_row}*1 + 64]",
                "tileloadd tmm2, [{high} + {start_row}*1]",
                "tileloadd tmm3, [{high} + {start_row}*1 + 64]",
                "2:",
                "mov {start}, [{place}]",
                "add {start}, {a}",
                "tileloadd tmm4, [{start} + {row}*1]",
                "tileloadd tmm6, [{b} + {row}*2]",
                "tileloadd tmm7, [{b} + {row}*2 + 64]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{start} + {row}*1 + 1024]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {b}, 2048",
                "add {place}, 8",
                "cmp {place}, {end}",
                "jb 2b",
                "tilestored [{sums} + {row}*2], tmm0",
                "tilestored [{sums} + {row}*2 + 64], tmm1",
                "tilestored [{sums} + {row}*2 + 2048], tmm2",
                "tilestored [{sums} + {row}*2 + 2112], tmm3",
                high = out(reg) _,
                start = inout(reg) start => _,
                start_row = in(reg) start_row,
                place = inout(reg) places.start => _,
                end = in(reg) places.end,
                a = in(reg) a.as_ptr(),
                row = in(reg) size_of::<Row>(),
                b = inout(reg) b.as_ptr() => _,
                sums = in(reg) sums.0.as_mut_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the processor has the instruction.
        unsafe { asm!("tilerelease", options(nomem, nostack)) };
    }
}
