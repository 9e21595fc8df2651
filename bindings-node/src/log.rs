//! What the core tells, handed to JavaScript on the event loop of the thread that asked for it.

use std::sync::Arc;

use keylatch::{FieldValue, LogLevel, LogRecord, OnLog};
use napi::bindgen_prelude::{Either3, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

/// A name and what it says.
#[napi(object, object_from_js = false)]
pub struct NativeLogField {
    pub name: String,
    #[napi(ts_type = "string | number | boolean")]
    pub value: Either3<String, i64, bool>,
}

/// Something that happened.
#[napi(object, object_from_js = false)]
pub struct NativeLogRecord {
    pub level: String,
    pub target: String,
    pub operation: Option<String>,
    pub message: String,
    pub fields: Vec<NativeLogField>,
}

impl From<&LogRecord> for NativeLogRecord {
    fn from(record: &LogRecord) -> Self {
        let field = |(name, value): &(&'static str, FieldValue)| NativeLogField {
            name: (*name).to_owned(),
            value: match value {
                FieldValue::Bool(value) => Either3::C(*value),
                FieldValue::Number(value) => Either3::B(*value),
                other => Either3::A(other.to_string()),
            },
        };
        Self {
            level: record.level.as_str().to_owned(),
            target: record.target.to_owned(),
            operation: record.operation.map(str::to_owned),
            message: record.message.clone(),
            fields: record.fields.iter().map(field).collect(),
        }
    }
}

/// The log of this process.
#[napi]
pub struct NativeLog;

#[napi]
impl NativeLog {
    /// Tells this function from now on, or nobody; the error as JSON, where it cannot be. Keeps no process going.
    #[napi(catch_unwind)]
    pub fn set(tell: Option<Function<'_, NativeLogRecord, ()>>, level: String) -> napi::Result<Option<String>> {
        let to = match tell {
            Some(tell) => {
                let queue = tell.build_threadsafe_function::<NativeLogRecord>().weak::<true>().build()?;
                let queue = Arc::new(queue);
                Some(OnLog::new(move |record| {
                    queue.call(record.into(), ThreadsafeFunctionCallMode::NonBlocking); // a thread that has ended hears nothing
                }))
            }
            None => None,
        };
        let done = LogLevel::named(&level).and_then(|level| keylatch::set_log(to, level));
        Ok(done.err().map(|error| error.to_json()))
    }
}
