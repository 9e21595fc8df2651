//! Logs for hosts that know nothing of `tracing`: the libraries for C, Python and Node hand on what the core's spans and events
//! tell. Records of an operation wait until it ends: no lock of ours is held then, so whoever is told may call again.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::error::{Error, ErrorKind, Result};
use crate::process::Lock;
use crate::telemetry::OPERATION;

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
static OPEN: Lock<BTreeMap<u64, Open>> = Lock::new(BTreeMap::new());

thread_local! {
    /// The spans that this thread is in.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
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
        tracing::subscriber::set_global_default(Sink(AtomicU64::new(1))).map_err(taken)?;
        *ours = true;
    }
    Ok(())
}

fn level() -> LogLevel {
    LogLevel::ALL.get(usize::from(LEVEL.load(Ordering::Relaxed))).copied().unwrap_or_default()
}

/// A span that has not ended.
struct Open {
    metadata: &'static Metadata<'static>,
    parent: Option<u64>,
    handles: usize,
    begun: Instant,
    fields: Fields,
    /// Of an operation: what happened in it.
    untold: Vec<LogRecord>,
}

impl Open {
    /// The operation's name, where it is one.
    fn operation(&self) -> Option<&'static str> {
        self.metadata.name().strip_prefix(OPERATION)
    }
}

/// The subscriber; it holds the next span's number.
struct Sink(AtomicU64);

impl Subscriber for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Spans of operations are there at every level: records name them.
        let wanted = if metadata.name().starts_with(OPERATION) { least_for_spans() } else { level().filter() };
        metadata.target().starts_with("keylatch") && *metadata.level() <= wanted
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        if metadata.target().starts_with("keylatch") {
            tracing::subscriber::Interest::sometimes()
        } else {
            tracing::subscriber::Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(least_for_spans())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.fetch_add(1, Ordering::Relaxed);
        let parent = if span.is_contextual() { innermost() } else { span.parent().map(Id::into_u64) };
        let mut fields = Fields::default();
        span.record(&mut fields);
        let (metadata, begun, untold) = (span.metadata(), Instant::now(), Vec::new());
        OPEN.lock().insert(id, Open { metadata, parent, handles: 1, begun, fields, untold });
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(open) = OPEN.lock().get_mut(&span.into_u64()) {
            values.record(&mut open.fields);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let within = if event.is_contextual() { innermost() } else { event.parent().map(Id::into_u64) };
        hand_in(within, LogLevel::of(*metadata.level()), metadata.target(), fields);
    }

    fn enter(&self, span: &Id) {
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        let _ = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            if let Some(at) = entered.iter().rposition(|id| *id == span.into_u64()) {
                entered.remove(at);
            }
        });
    }

    fn clone_span(&self, span: &Id) -> Id {
        if let Some(open) = OPEN.lock().get_mut(&span.into_u64()) {
            open.handles += 1;
        }
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let id = span.into_u64();
        let ended = {
            let mut spans = OPEN.lock();
            let Some(open) = spans.get_mut(&id) else { return false };
            open.handles -= 1;
            if open.handles > 0 { None } else { spans.remove(&id) }
        };
        let Some(mut ended) = ended else { return false };
        let lasted = i64::try_from(ended.begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        ended.fields.add("duration_us", FieldValue::Number(lasted));
        match ended.operation() {
            Some(operation) => {
                if level() >= LogLevel::Debug {
                    ended.fields.message = "finished".to_owned();
                    let made = ended.fields.record(LogLevel::Debug, ended.metadata.target(), Some(operation));
                    ended.untold.push(made);
                }
                tell(&ended.untold);
            }
            None => {
                ended.fields.message = ended.metadata.name().to_owned();
                let level = LogLevel::of(*ended.metadata.level());
                hand_in(ended.parent, level, ended.metadata.target(), ended.fields);
            }
        }
        true
    }
}

/// What a filter by level must let pass, so that records can name the operation.
fn least_for_spans() -> LevelFilter {
    match level() {
        LogLevel::Off => LevelFilter::OFF,
        level => level.max(LogLevel::Info).filter(),
    }
}

fn innermost() -> Option<u64> {
    ENTERED.try_with(|entered| entered.borrow().last().copied()).ok().flatten()
}

/// Keeps a record until the operation around it ends; what no operation is around is told at once.
fn hand_in(within: Option<u64>, level: LogLevel, target: &'static str, fields: Fields) {
    let mut spans = OPEN.lock();
    let mut next = within;
    while let Some(id) = next {
        let Some(open) = spans.get_mut(&id) else { break };
        if let Some(operation) = open.operation() {
            return open.untold.push(fields.record(level, target, Some(operation)));
        }
        next = open.parent;
    }
    drop(spans);
    tell(&[fields.record(level, target, None)]);
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

/// Fields as they come.
#[derive(Default)]
struct Fields {
    message: String,
    values: Vec<(&'static str, FieldValue)>,
}

impl Fields {
    fn record(self, level: LogLevel, target: &'static str, operation: Option<&'static str>) -> LogRecord {
        LogRecord { level, target, operation, message: self.message, fields: self.values }
    }

    fn add(&mut self, name: &'static str, value: FieldValue) {
        if name.starts_with("otel.") {
            return; // for what makes traces of spans
        }
        self.values.retain(|(known, _)| *known != name);
        self.values.push((name, value));
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), FieldValue::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), FieldValue::Number(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), FieldValue::Number(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), FieldValue::Text(value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.add(name, FieldValue::Text(format!("{value:?}"))),
        }
    }
}
