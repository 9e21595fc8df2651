//! The `tracing` subscriber behind `set_log`: it puts records together, and keeps those of an operation until that ends.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use super::{FieldValue, LogLevel, LogRecord, level, tell};
use crate::process::Lock;
use crate::telemetry::OPERATION;

static OPEN: Lock<BTreeMap<u64, Open>> = Lock::new(BTreeMap::new());

thread_local! {
    /// The spans that this thread is in.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
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
pub(super) struct Sink(AtomicU64);

impl Sink {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Subscriber for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Spans of operations are there at every level: records name them.
        let wanted = if metadata.name().starts_with(OPERATION) { least_for_spans() } else { level().filter() };
        metadata.target().starts_with("keylatch") && *metadata.level() <= wanted
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target().starts_with("keylatch") { Interest::sometimes() } else { Interest::never() }
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
