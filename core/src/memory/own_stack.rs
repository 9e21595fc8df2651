//! Threads whose stack is ours: unmapped when they end. The C library keeps the stacks of ordinary threads for the next one,
//! with whatever was left on them.

use std::any::Any;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use super::pages::{self, Pages, Use};

const SIZE: usize = 2 << 20;

/// Why work on a stack of its own has no result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lost {
    /// The system gave no thread: nothing was done.
    NotStarted,
    Panicked,
}

/// Does `work` on a stack of its own, which is gone when this returns. Panics are caught.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Lost> {
    let mut outcome = None;
    let start = Start(Box::new(|| outcome = Some(work())));
    // SAFETY: joined before anything that the work borrows can go.
    let thread = unsafe { Thread::start(start) }?;
    thread.join();
    outcome.ok_or(Lost::Panicked)
}

/// A thread on a stack of its own. It is waited for when this is dropped.
pub(crate) struct Thread {
    id: libc::pthread_t,
    /// Given back after the thread has ended, never before.
    stack: Pages,
    live: &'static Live,
}

// SAFETY: a thread's id may be used from any thread; it is joined once, by whoever drops this.
unsafe impl Send for Thread {}
// SAFETY: a shared reference does nothing.
unsafe impl Sync for Thread {}

/// What a thread does, on its way to it.
struct Start<'w>(Box<dyn FnOnce() + Send + 'w>);

impl Thread {
    /// Begins `work`, whose panics end it quietly.
    pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<Self, Lost> {
        // SAFETY: the work borrows nothing.
        unsafe { Self::start(Start(Box::new(work))) }
    }

    /// Waits until the thread has ended.
    pub(crate) fn join(self) {}

    /// # Safety
    /// The thread is joined before what the work borrows is gone.
    unsafe fn start(start: Start<'_>) -> Result<Self, Lost> {
        let stack = Pages::map(SIZE, Use::Stack);
        stack.guard();
        let live = Live::register(&stack);
        let argument: *mut c_void = Box::into_raw(Box::new(start)).cast();
        // SAFETY: the stack is mapped and lives until the thread has ended; `enter` takes the argument over.
        let id = unsafe { create(&stack, argument) };
        match id {
            Some(id) => Ok(Self { id, stack, live }),
            None => {
                live.unregister();
                // SAFETY: no thread was started that would have taken it over.
                drop(unsafe { Box::from_raw(argument.cast::<Start<'_>>()) });
                Err(Lost::NotStarted)
            }
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: started once, and joined here only.
        unsafe { libc::pthread_join(self.id, null_mut()) };
        self.stack.clear(); // before a fork may stop caring for it,
        self.live.unregister(); // and that before somebody else may get these addresses
    }
}

/// # Safety
/// The stack outlives the thread; `argument` is a `Start` of Box's.
unsafe fn create(stack: &Pages, argument: *mut c_void) -> Option<libc::pthread_t> {
    let guard = pages::page();
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut all, mut before) = (MaybeUninit::<libc::sigset_t>::uninit(), MaybeUninit::<libc::sigset_t>::uninit());
    let mut id = MaybeUninit::<libc::pthread_t>::uninit();
    // SAFETY: each of them is set by the call that gets it first, and read only after that. The guard page is not
    // part of the stack that the thread is told of.
    unsafe {
        if libc::pthread_attr_init(attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let lowest = stack.start().as_ptr().add(guard).cast();
        let mut failed = libc::pthread_attr_setstack(attributes.as_mut_ptr(), lowest, stack.size() - guard);
        if failed == 0 {
            // Signals are for the host's threads, but for faults of the thread itself. What is blocked is inherited.
            libc::sigfillset(all.as_mut_ptr());
            for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGABRT] {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            failed = libc::pthread_create(id.as_mut_ptr(), attributes.as_ptr(), enter, argument);
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut());
        }
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        (failed == 0).then(|| id.assume_init())
    }
}

extern "C" fn enter(argument: *mut c_void) -> *mut c_void {
    // SAFETY: `Thread::start` made it for this thread alone.
    let Start(work) = *unsafe { Box::from_raw(argument.cast::<Start<'_>>()) };
    // What it leaves is for whoever waits; a panic shows in there being nothing.
    let caught: Result<(), Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(work));
    drop(caught);
    null_mut()
}

/// A place in the list of stacks that are in use, which a child of `fork` must not keep: their threads are not in it.
/// Places are used again and never freed.
struct Live {
    start: AtomicUsize,
    size: AtomicUsize,
    next: AtomicPtr<Live>,
}

static FIRST: AtomicPtr<Live> = AtomicPtr::new(null_mut());
static HOOKED: AtomicBool = AtomicBool::new(false);

impl Live {
    fn register(stack: &Pages) -> &'static Self {
        if !HOOKED.swap(true, Ordering::SeqCst) {
            pages::hook_child(unmap_in_child);
        }
        let (start, size) = (stack.start().as_ptr() as usize, stack.size());
        for place in places() {
            // The size is not known while the place changes hands; a child then leaves the stack, which is still blank.
            if place.start.compare_exchange(0, start, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                place.size.store(size, Ordering::SeqCst);
                return place;
            }
        }
        let at = Box::into_raw(Box::new(Self {
            start: AtomicUsize::new(start),
            size: AtomicUsize::new(size),
            next: AtomicPtr::default(),
        }));
        // SAFETY: never freed, and changed through atomics only.
        let place: &'static Self = unsafe { &*at };
        let mut first = FIRST.load(Ordering::Acquire);
        loop {
            place.next.store(first, Ordering::Relaxed);
            match FIRST.compare_exchange_weak(first, at, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return place,
                Err(other) => first = other,
            }
        }
    }

    fn unregister(&self) {
        self.size.store(0, Ordering::SeqCst);
        self.start.store(0, Ordering::SeqCst);
    }
}

fn places() -> impl Iterator<Item = &'static Live> {
    // SAFETY: null or a place, which is never freed.
    let place = |at: &AtomicPtr<Live>| unsafe { at.load(Ordering::Acquire).as_ref() };
    std::iter::successors(place(&FIRST), move |before| place(&before.next))
}

/// Takes the stacks of other threads away; not by marking them as not to be copied, since the C library walks its list of
/// threads in the child before this.
unsafe extern "C" fn unmap_in_child() {
    let local = 0_u8;
    let here = &raw const local as usize;
    for place in places() {
        let (start, size) = (place.start.load(Ordering::SeqCst), place.size.load(Ordering::SeqCst));
        if size > 0 && !(start..start + size).contains(&here) {
            // SAFETY: a mapping whose thread is not in this process, so that nothing uses it.
            unsafe { libc::munmap(start as *mut c_void, size) };
            place.unregister();
        }
    }
}
