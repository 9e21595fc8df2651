//! What a fork does to what we keep. The child gets a copy of the memory and one thread, the one that forked: a lock that
//! another thread held stays held for ever, a thread that answered requests is gone, and SQLite still believes in file
//! locks that only the parent has. So nothing is kept without one of these three:
//!
//! - [`at_rest`]: a fork waits until this work is done, so that the child finds no lock held and nothing half done;
//! - [`Reopened`]: what is closed before each fork, for both sides to open anew;
//! - [`PerProcess`] and [`Own`]: what each process makes for itself; what it inherits it leaves alone.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use once_cell::race::OnceBox;

/// Read by all that a fork has to wait for, written by the fork.
static FORKS: RwLock<()> = RwLock::new(());

thread_local! {
    /// How many guards this thread has.
    static GUARDS: Cell<usize> = const { Cell::new(0) };
}

/// No process forks while this is there. Never for long, and never while waiting for the host: the thread that forks may
/// hold what the host waits for.
pub(crate) fn at_rest() -> AtRest {
    // A second read on one thread could wait for a fork that waits for the first.
    let first = GUARDS.replace(GUARDS.get() + 1) == 0;
    AtRest(first.then(|| FORKS.read().unwrap_or_else(PoisonError::into_inner)))
}

/// See [`at_rest`].
pub(crate) struct AtRest(#[expect(dead_code, reason = "held")] Option<RwLockReadGuard<'static, ()>>);

impl Drop for AtRest {
    fn drop(&mut self) {
        GUARDS.set(GUARDS.get() - 1);
    }
}

/// A mutex that nobody holds at the moment of a fork. For small work: as [`at_rest`].
#[derive(Debug, Default)]
pub(crate) struct Lock<T>(Mutex<T>);

/// The locked value of a [`Lock`].
pub(crate) struct Locked<'l, T> {
    value: MutexGuard<'l, T>,
    /// Dropped last.
    _fork: AtRest,
}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Locked<'_, T> {
        let fork = at_rest();
        Locked { value: self.0.lock().unwrap_or_else(PoisonError::into_inner), _fork: fork }
    }
}

impl<T> Deref for Locked<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> std::ops::DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// What [`Reopened`] closes.
pub(crate) trait Close: Send + Sync + 'static {
    /// Closes what a fork must not copy; nobody is at work on it meanwhile. The next use opens it again.
    fn close_before_fork(&self);
}

/// What is to be closed before each fork. All use of it is [`at_rest`].
static OPEN: Mutex<Vec<Arc<dyn Close>>> = Mutex::new(Vec::new());

/// A value that is closed before each fork, and when it is dropped.
pub(crate) struct Reopened<T: Close>(Arc<T>);

impl<T: Close> Reopened<T> {
    pub(crate) fn new(value: T) -> Self {
        let value = Arc::new(value);
        let _fork = at_rest();
        let mut open = lock(&OPEN);
        hooks::install();
        open.push(value.clone());
        Self(value)
    }
}

impl<T: Close> Deref for Reopened<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Close> Drop for Reopened<T> {
    fn drop(&mut self) {
        let _fork = at_rest();
        let this = Arc::as_ptr(&self.0).cast::<()>();
        lock(&OPEN).retain(|each| Arc::as_ptr(each).cast::<()>() != this);
        self.0.close_before_fork();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The machine's name as it is now; empty where it has none.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the system has no safe way to ask for it")]
pub(crate) fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the system writes at most so many bytes into the buffer, which is ours.
    let done = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) } == 0;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    if done { String::from_utf8_lossy(&name[..end]).into_owned() } else { String::new() }
}

/// As above.
#[cfg(not(unix))]
pub(crate) fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// The handlers that the system calls around each fork.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the system has no safe way to ask for these calls")]
mod hooks {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{PoisonError, RwLockWriteGuard};

    use super::{FORKS, OPEN, lock};

    static INSTALLED: AtomicBool = AtomicBool::new(false);

    thread_local! {
        /// Held by the thread that forks, on both sides until the fork is over.
        static FORKING: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
    }

    /// To be called under the lock of [`OPEN`].
    pub(super) fn install() {
        if !INSTALLED.swap(true, Ordering::SeqCst) {
            // SAFETY: the three functions have the types that are asked for and do not unwind. The system forgets them
            // when the library is unloaded. Without memory for them, forks are as unsafe as they were.
            unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) };
        }
    }

    pub(super) extern "C" fn before() {
        let guard = FORKS.write().unwrap_or_else(PoisonError::into_inner);
        for each in lock(&OPEN).iter() {
            each.close_before_fork();
        }
        // A thread that is about to end has no such place any more: then the fork is not waited for, just prepared.
        let _ = FORKING.try_with(|forking| *forking.borrow_mut() = Some(guard));
    }

    pub(super) extern "C" fn after() {
        let _ = FORKING.try_with(|forking| forking.borrow_mut().take());
    }
}

#[cfg(not(unix))]
mod hooks {
    /// There are no forks here.
    pub(super) fn install() {}
}

/// A value that each process makes for itself when it first asks. What the parent made stays as it was, unused and never
/// dropped: dropping may wait for threads that a child does not have. No lock guards it, since one could be held at the
/// moment of a fork.
pub(crate) struct PerProcess<T>(OnceBox<Made<T>>);

/// A value of the process that made it. A child of `fork` leaves what it inherits as it was, and never drops it.
pub(crate) struct Own<T> {
    pid: u32,
    /// There until dropped.
    value: Option<T>,
}

impl<T> Own<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { pid: std::process::id(), value: Some(value) }
    }

    /// `None` in another process.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.pid == std::process::id())
    }

    /// As `get`, to change it.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut().filter(|_| self.pid == std::process::id())
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

struct Made<T> {
    own: Own<T>,
    /// Of the next process down the line of forks.
    next: PerProcess<T>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceBox::new())
    }
}

impl<T: Default> PerProcess<T> {
    pub(crate) fn get(&self) -> &T {
        self.get_or(T::default)
    }
}

impl<T> PerProcess<T> {
    pub(crate) fn get_or(&self, make: impl Fn() -> T) -> &T {
        let mut place = self;
        loop {
            let new = || Box::new(Made { own: Own::new(make()), next: PerProcess::default() });
            let made = place.0.get_or_init(new);
            match made.own.get() {
                Some(value) => return value,
                None => place = &made.next,
            }
        }
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Close for Counting {
        fn close_before_fork(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The handlers as the system calls them; tests/fork has real forks.
    #[test]
    fn a_fork_waits_for_work_closes_what_is_open_and_lets_nobody_begin() {
        let open = Reopened::new(Counting::default());
        let closed = || open.0.0.load(Ordering::SeqCst);
        let work = at_rest();
        drop(at_rest()); // a second one does not end the first
        thread::scope(|scope| {
            let fork = scope.spawn(|| {
                hooks::before();
                let during = (closed(), FORKS.try_read().is_ok());
                hooks::after();
                during
            });
            assert_eq!(closed(), 0);
            drop(work);
            assert_eq!(fork.join().unwrap(), (1, false));
        });
        let watched = open.0.clone();
        drop(open);
        assert_eq!(watched.0.load(Ordering::SeqCst), 2);
        assert_eq!(Arc::strong_count(&watched), 1);
    }

    #[test]
    fn each_process_has_one_value() {
        let values = PerProcess::<AtomicUsize>::default();
        thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(|| values.get().fetch_add(1, Ordering::SeqCst)))));
        assert_eq!(values.get().load(Ordering::SeqCst), 8);
    }
}
