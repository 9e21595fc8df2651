//! Logs for hosts that know nothing of `tracing`: the libraries for C, Python and Node hand on what the core's spans and events
//! tell. Records of an operation wait until it ends: no lock of ours is held then, so whoever is told may call again.

mod sink;

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::error::{Error, ErrorKind, Result};
use crate::process::Lock;

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident $text:literal $filter:ident,)*) => {
        /// How much is told; each level tells what those before it do.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub enum LogLevel {
            $($(#[$doc])* $name,)*
        }

        impl LogLevel {
            /// Every level.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name, such as `info`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            fn filter(self) -> LevelFilter {
                match self {
                    $(Self::$name => LevelFilter::$filter,)*
                }
            }
        }
    };
}

levels! {
    /// Nothing.
    Off "off" OFF,
    /// What went wrong and is not told otherwise.
    Error "error" ERROR,
    /// What should be looked at, such as an audit entry that could not be written.
    Warn "warn" WARN,
    /// What is rare and matters: a connection string was handed out, a key was changed, a vault exported.
    #[default]
    Info "info" INFO,
    /// Each operation and each request, with how long it took.
    Debug "debug" DEBUG,
    /// Each work of the store too.
    Trace "trace" TRACE,
}

impl LogLevel {
    /// The level of this name.
    ///
    /// # Errors
    /// `invalid_argument` where there is none.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().copied().find(|level| level.as_str() == name);
        found.ok_or_else(|| Error::argument("level", "level must be off, error, warn, info, debug or trace"))
    }

    fn of(level: Level) -> Self {
        let same = |known: &Self| known.filter() == LevelFilter::from_level(level);
        Self::ALL.iter().copied().find(same).unwrap_or_default()
    }
}

/// What a field of a record says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldValue {
    /// Yes or no.
    Bool(bool),
    /// A count or a number.
    Number(i64),
    /// A text: an id, a kind, a name.
    Text(String),
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// Something that happened. Never with a credential, a user's id, a URL, or what an app or a server said.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogRecord {
    /// How much it matters.
    pub level: LogLevel,
    /// The part of the library, such as `keylatch::http`.
    pub target: &'static str,
    /// The call during which it happened, as `docs/calls.md` names it; none for what no call asked for.
    pub operation: Option<&'static str>,
    /// What happened; `finished` at the end of an operation.
    pub message: String,
    /// Names, OpenTelemetry's where it has one, and values.
    pub fields: Vec<(&'static str, FieldValue)>,
}

/// Whom to tell.
#[derive(Clone)]
pub struct OnLog(Arc<dyn Fn(&LogRecord) + Send + Sync>);

impl OnLog {
    /// Called with the records of an operation when that ends, by the thread that does its work, in their order. No lock is held;
    /// it may make calls of its own, of which nothing is told. What it panics with is dropped.
    #[must_use]
    pub fn new(tell: impl Fn(&LogRecord) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for OnLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnLog(…)")
    }
}

static LEVEL: AtomicU8 = AtomicU8::new(LogLevel::Off as u8);
static HOST: Lock<Option<OnLog>> = Lock::new(None);

thread_local! {
    /// Whether nothing is told now: the host is being told already.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Tells the host from now on, in the place of whom it told before, of what this level and those before it tell; nobody with
/// `None`. For the whole process. The first call makes this the process's `tracing` subscriber: a Rust program sets one of its
/// own instead, and gets spans as well.
///
/// ```
/// use keylatch::{Client, LogLevel, OnLog, Options, set_log};
///
/// # fn main() -> keylatch::Result<()> {
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let path = folder.path().join("vault.db");
/// let (send, told) = std::sync::mpsc::channel();
/// set_log(Some(OnLog::new(move |record| drop(send.send(record.clone())))), LogLevel::Debug)?;
/// let client = Client::open(Options { path: Some(path), ..Options::default() })?;
/// set_log(None, LogLevel::Off)?;
/// let record = told.iter().last().expect("it was told");
/// assert_eq!((record.operation, record.message.as_str()), (Some("open"), "finished"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `invalid_argument` where the process has another subscriber.
pub fn set_log(to: Option<OnLog>, level: LogLevel) -> Result<()> {
    let level = if to.is_some() { level } else { LogLevel::Off };
    if level != LogLevel::Off {
        become_subscriber()?;
    }
    let before = std::mem::replace(&mut *HOST.lock(), to);
    LEVEL.store(level as u8, Ordering::SeqCst);
    tracing::callsite::rebuild_interest_cache();
    drop(before); // which is the host's code, perhaps
    Ok(())
}

fn become_subscriber() -> Result<()> {
    static OURS: Lock<bool> = Lock::new(false);
    let mut ours = OURS.lock();
    if !*ours {
        let message = "this process has a tracing subscriber already, which is told of everything";
        let taken = |_| Error::new(ErrorKind::InvalidArgument, message);
        tracing::subscriber::set_global_default(sink::Sink::new()).map_err(taken)?;
        *ours = true;
    }
    Ok(())
}

fn level() -> LogLevel {
    LogLevel::ALL.get(usize::from(LEVEL.load(Ordering::Relaxed))).copied().unwrap_or_default()
}

fn tell(records: &[LogRecord]) {
    let host = HOST.lock().clone();
    let Some(host) = host.filter(|_| !records.is_empty()) else { return };
    if TELLING.get() {
        return; // of a call that the host made while it was told: it would never end
    }
    unlogged(|| {
        for record in records {
            // A panic is the host's, and this is a call that has been made: its answer counts.
            let _ = catch_unwind(AssertUnwindSafe(|| host.0(record)));
        }
    });
}

/// Does `work`, of which this thread tells nobody: for what a host does while it is told.
pub fn unlogged<T>(work: impl FnOnce() -> T) -> T {
    struct Until(bool);
    impl Drop for Until {
        fn drop(&mut self) {
            TELLING.set(self.0);
        }
    }
    let _until = Until(TELLING.replace(true));
    work()
}
