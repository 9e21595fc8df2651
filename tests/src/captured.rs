//! What a Rust host's own subscriber gets of the core, in the form in which cases compare the log of every language.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// How much is wanted now.
static WANTED: Mutex<LevelFilter> = Mutex::new(LevelFilter::OFF);
static RECORDS: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// From now on, records of this level and those before it are kept.
pub fn want(level: &str) {
    *WANTED.lock().expect("no panic") = level.parse().expect("a level");
    RECORDS.lock().expect("no panic").clear();
}

/// What was kept since this was last asked.
pub fn taken() -> Value {
    json!({"items": std::mem::take(&mut *RECORDS.lock().expect("no panic"))})
}

/// The layer that keeps them.
pub struct Captured;

/// Of a span: its fields, and when it began.
struct Open(Fields, Instant);

#[derive(Default)]
struct Fields(Map<String, Value>);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Captured {
    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, all: Context<'_, S>) {
        let mut fields = Fields::default();
        span.record(&mut fields);
        all.span(id).expect("it begins").extensions_mut().insert(Open(fields, Instant::now()));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, all: Context<'_, S>) {
        if let Some(Open(fields, _)) = all.span(id).expect("it is there").extensions_mut().get_mut() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, all: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.0.remove("message").unwrap_or_default();
        let operation = all.event_span(event).and_then(operation);
        keep(event.metadata(), *event.metadata().level(), operation, message, fields);
    }

    fn on_close(&self, id: Id, all: Context<'_, S>) {
        let span = all.span(&id).expect("it ends");
        let Some(Open(mut fields, begun)) = span.extensions_mut().remove::<Open>() else { return };
        let lasted = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        fields.0.insert("duration_us".to_owned(), lasted.into());
        let metadata = span.metadata();
        let is_operation = metadata.name().starts_with("keylatch.");
        let (level, message) =
            if is_operation { (Level::DEBUG, "finished") } else { (*metadata.level(), metadata.name()) };
        keep(metadata, level, operation(span), message.into(), fields);
    }
}

/// The innermost operation, from this span on outwards.
fn operation<'s, S: Subscriber + LookupSpan<'s>>(span: SpanRef<'s, S>) -> Option<&'static str> {
    span.scope().find_map(|span| span.metadata().name().strip_prefix("keylatch."))
}

fn keep(from: &Metadata<'_>, level: Level, operation: Option<&str>, message: Value, fields: Fields) {
    if !from.target().starts_with("keylatch") || level > *WANTED.lock().expect("no panic") {
        return;
    }
    let mut fields = fields.0;
    fields.retain(|name, _| !name.starts_with("otel."));
    let level = level.as_str().to_lowercase();
    let record = json!({"level": level, "target": from.target(), "operation": operation, "message": message,
        "fields": fields});
    RECORDS.lock().expect("no panic").push(record);
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
