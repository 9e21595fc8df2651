//! Pages where the system's own calls for them are not used: ordinary memory, wiped by whoever lets go of it.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// What pages are for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Use {
    /// Secrets that are held.
    Held,
    /// Secrets of calls under way.
    Passing,
}

/// Blank pages, given back on drop. Whoever lets go of them wipes them.
pub(super) struct Pages {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the pages are this value's alone, as a Box's memory is.
unsafe impl Send for Pages {}
// SAFETY: as above; a shared reference gives no access to them.
unsafe impl Sync for Pages {}

impl Pages {
    pub(super) fn map(size: usize, _: Use) -> Self {
        let size = size.max(1).next_multiple_of(page());
        let layout = Layout::from_size_align(size, page()).unwrap_or(Layout::new::<u8>());
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) });
        Self { start: start.unwrap_or_else(|| handle_alloc_error(layout)), layout }
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) fn size(&self) -> usize {
        self.layout.size()
    }

    pub(super) fn lock(&self) {}

    pub(super) fn clear(&self) {}
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout; nothing borrows from it any more.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// The size of a page.
pub(super) fn page() -> usize {
    4096
}

/// Nothing is locked here.
pub(super) fn locked() -> bool {
    false
}

/// There is no `fork` here.
pub(super) fn hook_child(_: unsafe extern "C" fn()) {}

/// What is left at the end goes with the process.
pub(super) fn hook_exit(_: extern "C" fn()) {}
