//! What libtorch's threads do between two parallel regions.

/// A function that the loader calls before those of the libraries, with `argc`, `argv` and `envp`.
type Start = extern "C" fn(libc::c_int, *const *const libc::c_char, *const *const libc::c_char);

// GNU's OpenMP reads its environment while libtorch is loaded, long before `main`.
#[used]
#[unsafe(link_section = ".preinit_array")]
static START: Start = let_them_sleep;

/// Lets idle threads sleep, unless the user's `OMP_WAIT_POLICY` says otherwise. By default they spin,
/// which beside other work on the same cores takes time from the thread that they wait for. On
/// cores of their own, both are as fast.
extern "C" fn let_them_sleep(
    _: libc::c_int,
    _: *const *const libc::c_char,
    _: *const *const libc::c_char,
) {
    const KEEP_THE_USERS: libc::c_int = 0;
    // SAFETY: both strings end with a zero, and no other thread runs yet.
    unsafe { libc::setenv(c"OMP_WAIT_POLICY".as_ptr(), c"passive".as_ptr(), KEEP_THE_USERS) };
}
