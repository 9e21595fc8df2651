//! Whole pages straight from the system, which no allocator keeps or hands on.

use std::alloc::{Layout, handle_alloc_error};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};

/// What pages are for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Use {
    /// Secrets that live on in a child of `fork`.
    Held,
    /// Secrets of calls under way, which a child has no use for: there the pages are blank.
    Passing,
    /// The stack of a thread. Not locked, since most of it is never touched.
    Stack,
}

/// Blank pages, given back to the system on drop. Whoever lets go of them wipes them.
pub(super) struct Pages {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the pages are this value's alone, as a Box's memory is.
unsafe impl Send for Pages {}
// SAFETY: as above; a shared reference gives no access to them.
unsafe impl Sync for Pages {}

/// Whether every lock that was asked for was granted.
static LOCKED: AtomicBool = AtomicBool::new(true);

impl Pages {
    /// At least `size` bytes. Ends the process where there is no memory, as an allocation does.
    pub(super) fn map(size: usize, purpose: Use) -> Self {
        let size = size.max(1).next_multiple_of(page());
        let mut flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        if purpose == Use::Stack {
            flags |= libc::MAP_NORESERVE;
            #[cfg(target_os = "linux")]
            {
                flags |= libc::MAP_STACK;
            }
        }
        // SAFETY: a new mapping, at an address of the system's choice.
        let start = unsafe { libc::mmap(null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        let start = if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast::<u8>()) };
        let Some(start) = start else {
            handle_alloc_error(Layout::from_size_align(size, 1).unwrap_or(Layout::new::<u8>()))
        };
        #[cfg(target_os = "linux")]
        // SAFETY: pages of our own, which hold nothing yet. Where the kernel knows one of them not, it is as without.
        unsafe {
            libc::madvise(start.as_ptr().cast(), size, libc::MADV_DONTDUMP);
            if purpose == Use::Passing {
                libc::madvise(start.as_ptr().cast(), size, libc::MADV_WIPEONFORK);
            }
        }
        let pages = Self { start, size };
        if purpose != Use::Stack {
            pages.lock();
        }
        pages
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Keeps the pages out of swap. A lock is not inherited by `fork`.
    pub(super) fn lock(&self) {
        // SAFETY: pages of our own; it changes nothing in them.
        if unsafe { libc::mlock(self.start.as_ptr().cast(), self.size) } != 0 {
            LOCKED.store(false, Ordering::Relaxed);
        }
    }

    /// Makes the lowest page one that may not be touched.
    pub(super) fn guard(&self) {
        // SAFETY: a page of our own, which nothing points into yet.
        unsafe { libc::mprotect(self.start.as_ptr().cast(), page(), libc::PROT_NONE) };
    }

    /// Gives the memory back and keeps the addresses: what is read there next is zeros.
    pub(super) fn clear(&self) {
        // SAFETY: pages of our own that nobody reads or writes now. Locked ones cannot be given back.
        unsafe {
            libc::munlock(self.start.as_ptr().cast(), self.size);
            libc::madvise(self.start.as_ptr().cast(), self.size, libc::MADV_DONTNEED);
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping that `map` made; nothing borrows from it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.size) };
    }
}

/// The size of a page.
pub(super) fn page() -> usize {
    // SAFETY: only asks.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// Whether the system let us lock all that we wanted to.
pub(super) fn locked() -> bool {
    LOCKED.load(Ordering::Relaxed)
}

/// Calls this in every child of `fork`, for as long as the library is loaded.
pub(super) fn hook_child(hook: unsafe extern "C" fn()) {
    // SAFETY: unloading the library takes the function off the list.
    unsafe { libc::pthread_atfork(None, None, Some(hook)) };
}

/// Calls this before the process ends or the library is unloaded.
pub(super) fn hook_exit(hook: extern "C" fn()) {
    // SAFETY: as above.
    unsafe { libc::atexit(hook) };
}
