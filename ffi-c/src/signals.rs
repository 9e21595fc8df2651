//! SIGPIPE stays out of C programs: a provider that hangs up must not end the process.
//!
//! Rust programs, Python and Node ignore that signal; a C program usually does not, and a library must not change what
//! the whole process does with it. The thread that makes a call blocks it for as long as the call takes, and the
//! threads that the call starts, which do the network's work, inherit that and keep it for good.

/// Blocks SIGPIPE on this thread until it is dropped.
#[cfg(unix)]
pub(crate) struct NoSigpipe {
    before: libc::sigset_t,
    was_pending: bool,
}

#[cfg(unix)]
impl NoSigpipe {
    pub(crate) fn new() -> Self {
        let was_pending = pending();
        let (set, mut before) = (sigpipe(), empty());
        // SAFETY: both sets are initialised and ours.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before) };
        Self { before, was_pending }
    }
}

#[cfg(unix)]
impl Drop for NoSigpipe {
    fn drop(&mut self) {
        if pending() && !self.was_pending {
            // One came of what we did: taken away, or it would strike as soon as it is unblocked.
            let (set, mut taken) = (sigpipe(), 0);
            // SAFETY: the set is initialised and the signal is pending, so this does not wait.
            unsafe { libc::sigwait(&raw const set, &raw mut taken) };
        }
        // SAFETY: the set is what this thread's mask was.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}

#[cfg(unix)]
fn empty() -> libc::sigset_t {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: the call initialises the set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

#[cfg(unix)]
fn sigpipe() -> libc::sigset_t {
    let mut set = empty();
    // SAFETY: the set is initialised and ours.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGPIPE) };
    set
}

#[cfg(unix)]
fn pending() -> bool {
    let mut set = empty();
    // SAFETY: the set is initialised and ours.
    unsafe { libc::sigpending(&raw mut set) == 0 && libc::sigismember(&raw const set, libc::SIGPIPE) == 1 }
}

/// Nothing to block where there is no such signal.
#[cfg(not(unix))]
pub(crate) struct NoSigpipe;

#[cfg(not(unix))]
impl NoSigpipe {
    pub(crate) fn new() -> Self {
        Self
    }
}

/// Keeps libdbus, which asks the keyring, from having the whole process ignore SIGPIPE. Its threads block it as ours do.
#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android"), feature = "keyring"))]
pub(crate) fn keep_sigpipe() {
    use libdbus_sys as _; // has the function, but does not declare it

    // SAFETY: libdbus declares it so; it sets a flag atomically, and may be called at any time.
    unsafe extern "C" {
        safe fn dbus_connection_set_change_sigpipe(will_modify_sigpipe: u32);
    }
    dbus_connection_set_change_sigpipe(0);
}

#[cfg(not(all(unix, not(target_vendor = "apple"), not(target_os = "android"), feature = "keyring")))]
pub(crate) fn keep_sigpipe() {}
