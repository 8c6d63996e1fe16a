//! System calls that fail on demand, for the thread that asks for it.
//!
//! The test program defines the C library's calls that change files, so that the standard library's
//! code ends up here and, unless a fault is due, is passed on to the kernel.

use std::cell::Cell;

use libc::{c_char, c_int, c_long, c_void, mode_t, off64_t, size_t, ssize_t};

/// What happens at the call that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This one call fails.
    Once,
    /// Nothing is done any more, as if the process had ended. If the call is a write, half of it is
    /// still done.
    Death,
}

#[derive(Clone, Copy)]
struct Plan {
    fault: Fault,
    at: u64,
    calls: u64,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
}

/// Runs something whose call of this number, from 0, fails. Tells the calls that were made.
pub fn with_fault<T>(fault: Fault, at: u64, run: impl FnOnce() -> T) -> (T, u64) {
    PLAN.set(Some(Plan { fault, at, calls: 0 }));
    let result = run();
    let plan = PLAN.take().expect("nobody else takes it");
    (result, plan.calls)
}

#[derive(PartialEq, Eq)]
enum Fate {
    Done,
    Half,
    Refused,
}

fn next() -> Fate {
    let Ok(Some(mut plan)) = PLAN.try_with(Cell::get) else { return Fate::Done };
    let call = plan.calls;
    plan.calls += 1;
    PLAN.set(Some(plan));
    match plan.fault {
        Fault::Once if call == plan.at => Fate::Refused,
        Fault::Death if call == plan.at => Fate::Half,
        Fault::Death if call > plan.at => Fate::Refused,
        Fault::Once | Fault::Death => Fate::Done,
    }
}

/// Makes a call, or refuses it as a broken disk does.
fn call(make: impl FnOnce() -> c_long) -> c_long {
    if next() == Fate::Done {
        return make();
    }
    // SAFETY: the place of the thread's own error number is always valid.
    unsafe { *libc::__errno_location() = libc::EIO };
    -1
}

// SAFETY of the definitions below: they have the signatures that the C library gives them, and pass
// the caller's arguments on as they are.

#[unsafe(no_mangle)]
extern "C" fn write(file: c_int, bytes: *const c_void, len: size_t) -> ssize_t {
    let really = |len: size_t| unsafe { libc::syscall(libc::SYS_write, file, bytes, len) };
    if PLAN.try_with(|plan| plan.get().is_some_and(|p| p.fault == Fault::Death && p.calls == p.at))
        == Ok(true)
    {
        really(len / 2);
    }
    call(|| really(len)) as ssize_t
}

#[unsafe(no_mangle)]
extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let really = || unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags, mode) };
    let changes = flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    (if changes { call(really) } else { really() }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn fsync(file: c_int) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_fsync, file) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(file: c_int) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_fdatasync, file) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate64(file: c_int, len: off64_t) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_ftruncate, file, len) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_rename, from, to) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn symlink(target: *const c_char, link: *const c_char) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_symlink, target, link) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_mkdir, path, mode) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn unlink(path: *const c_char) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_unlink, path) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    call(|| unsafe { libc::syscall(libc::SYS_unlinkat, folder, path, flags) }) as c_int
}
