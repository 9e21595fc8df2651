//! Slots for secrets, on pages of our own: locked, left out of core dumps, blank when handed out, wiped when given back and
//! when the process ends. Without a lock, so that no thread can be in the middle of something when another one forks.

use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use super::pages::{self, Pages, Use};

/// How long a secret is there.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Span {
    /// Until its owner lets go of it; also in a child of `fork`.
    Held,
    /// For a call; blank in a child of `fork`.
    Passing,
}

/// Slots come in powers of two, from this on.
const SMALLEST: usize = 64;
/// One for each power of two that there is.
const CLASSES: usize = usize::BITS as usize;
/// So much is asked of the system at once, or for 64 slots where these need less.
const CHUNK: usize = 16 << 10;

/// Pages cut into slots of one size. They stay for the life of the process and are used again.
struct Chunk {
    pages: Pages,
    slot: usize,
    /// A bit for each slot that somebody has, and for each that there is not.
    taken: AtomicU64,
    next: AtomicPtr<Chunk>,
}

/// The chunks with slots of one size.
struct Class {
    first: AtomicPtr<Chunk>,
    /// One that had a free slot lately.
    hint: AtomicPtr<Chunk>,
}

type Arena = [Class; CLASSES];

static HELD: Arena = [const { Class { first: AtomicPtr::new(null_mut()), hint: AtomicPtr::new(null_mut()) } }; CLASSES];
static PASSING: Arena =
    [const { Class { first: AtomicPtr::new(null_mut()), hint: AtomicPtr::new(null_mut()) } }; CLASSES];
static HOOKED: AtomicBool = AtomicBool::new(false);
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether the process ends, and all secrets are gone or going: what is made of one now is worthless, and must be neither
/// stored nor sent.
pub(crate) fn ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}

/// Whether the system let us lock all secrets into memory.
pub(crate) fn locked() -> bool {
    pages::locked()
}

/// Memory for one secret, and nobody else's.
pub(super) struct Slot {
    start: NonNull<u8>,
    chunk: &'static Chunk,
}

// SAFETY: a slot is its owner's alone, as a Box's memory is.
unsafe impl Send for Slot {}
// SAFETY: a shared reference only reads.
unsafe impl Sync for Slot {}

impl Slot {
    /// Blank, with room for so many bytes at least.
    pub(super) fn new(size: usize, span: Span) -> Self {
        let (arena, purpose) = match span {
            Span::Held => (&HELD, Use::Held),
            Span::Passing => (&PASSING, Use::Passing),
        };
        #[cfg(test)]
        ALIVE.set(alive() + 1);
        let slot = size.max(SMALLEST).next_power_of_two();
        let class = &arena[slot.trailing_zeros() as usize];
        class.find().unwrap_or_else(|| class.grow(slot, purpose))
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub(super) fn size(&self) -> usize {
        self.chunk.slot
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.chunk.release(self.start);
        #[cfg(test)]
        ALIVE.set(alive() - 1);
    }
}

#[cfg(test)]
thread_local! {
    static ALIVE: std::cell::Cell<isize> = const { std::cell::Cell::new(0) };
}

/// How many secrets this thread has begun and not wiped yet.
#[cfg(test)]
pub(crate) fn alive() -> isize {
    ALIVE.get()
}

impl Class {
    /// A slot of a chunk that is there.
    fn find(&'static self) -> Option<Slot> {
        let hint = chunk(&self.hint).and_then(Chunk::claim);
        hint.or_else(|| {
            let found = self.chunks().find_map(Chunk::claim)?;
            self.hint.store(std::ptr::from_ref(found.chunk).cast_mut(), Ordering::Release);
            Some(found)
        })
    }

    /// A slot of a new chunk.
    fn grow(&self, slot: usize, purpose: Use) -> Slot {
        if !HOOKED.swap(true, Ordering::SeqCst) {
            pages::hook_child(in_child);
            pages::hook_exit(at_exit);
        }
        let slots = (CHUNK / slot).clamp(1, 64);
        let none = if slots == 64 { 0 } else { u64::MAX << slots };
        let chunk: &'static mut Chunk = Box::leak(Box::new(Chunk {
            pages: Pages::map(slot * slots, purpose),
            slot,
            taken: AtomicU64::new(none | 1),
            next: AtomicPtr::default(),
        }));
        let at: *mut Chunk = chunk;
        // SAFETY: leaked above, so it is there for ever; nobody writes to it but through atomics.
        let chunk: &'static Chunk = unsafe { &*at };
        let mut first = self.first.load(Ordering::Acquire);
        loop {
            chunk.next.store(first, Ordering::Relaxed);
            match self.first.compare_exchange_weak(first, at, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(other) => first = other,
            }
        }
        self.hint.store(at, Ordering::Release);
        Slot { start: chunk.pages.start(), chunk }
    }

    fn chunks(&self) -> impl Iterator<Item = &'static Chunk> {
        std::iter::successors(chunk(&self.first), |before| chunk(&before.next))
    }
}

fn chunk(at: &AtomicPtr<Chunk>) -> Option<&'static Chunk> {
    // SAFETY: null or a chunk, which is never freed.
    unsafe { at.load(Ordering::Acquire).as_ref() }
}

impl Chunk {
    fn claim(&'static self) -> Option<Slot> {
        let mut taken = self.taken.load(Ordering::Relaxed);
        while taken != u64::MAX {
            let free = taken.trailing_ones() as usize;
            match self.taken.compare_exchange_weak(taken, taken | 1 << free, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    if self.is_large() {
                        self.pages.lock();
                    }
                    // SAFETY: the bit says that there is such a slot in the pages.
                    let start = unsafe { self.pages.start().add(free * self.slot) };
                    return Some(Slot { start, chunk: self });
                }
                Err(other) => taken = other,
            }
        }
        None
    }

    fn release(&self, start: NonNull<u8>) {
        // SAFETY: the slot is still its owner's, who is about to forget it. The pages outlive this, so the compiler
        // must not leave the zeros out.
        unsafe { start.as_ptr().write_bytes(0, self.slot) };
        if self.is_large() {
            self.pages.clear();
        }
        let at = (start.as_ptr() as usize - self.pages.start().as_ptr() as usize) / self.slot;
        self.taken.fetch_and(!(1 << at), Ordering::Release);
    }

    /// Whether it is one slot, whose memory is given back while nobody has it.
    fn is_large(&self) -> bool {
        self.slot > CHUNK
    }
}

fn all() -> impl Iterator<Item = &'static Chunk> {
    HELD.iter().chain(&PASSING).flat_map(Class::chunks)
}

/// Locks are not inherited.
unsafe extern "C" fn in_child() {
    all().for_each(|chunk| chunk.pages.lock());
}

pub(super) extern "C" fn at_exit() {
    ENDING.store(true, Ordering::SeqCst);
    for chunk in all() {
        // SAFETY: pages of ours. Threads that still run may read zeros, or write what the kernel drops in a moment; what
        // they make of it they keep to themselves, since they ask `ending`.
        unsafe { chunk.pages.start().as_ptr().write_bytes(0, chunk.pages.size()) };
    }
}
