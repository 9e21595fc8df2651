//! Fields: what a user must type, and the JSON Schema a host can build its form from.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldType {
    /// Text on one line.
    String,
    /// Text of several lines, such as a PEM key or a JSON file.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An `https` address (`http` for loopback where the integration allows it).
    Url,
}

impl FieldType {
    /// The name in the catalogue and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Url => "url",
        }
    }
}

/// One thing that the user must type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// Wire name: the key in `connected_account_params`.
    pub name: String,
    /// Label for people.
    pub display_name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it must be hidden while typed and never shown again.
    pub is_secret: bool,
    /// The value taken when none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The only values allowed, where they are few.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<String>>,
    /// Regular expression that the value must match (the common subset of ECMA-262 and Rust).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What values usually look like, in a sentence; others are taken with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What one looks like; never a real one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Page where the user finds or makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_url: Option<String>,
}

/// JSON Schema (draft 2020-12) of the object that `connected_account_params` must be.
pub(crate) fn json_schema(title: &str, fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|f| (f.name.clone(), property(f))).collect();
    let required: Vec<&str> = fields.iter().filter(|f| f.required).map(|f| f.name.as_str()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(field: &Field) -> Value {
    let mut schema = Map::new();
    let mut put = |key: &str, value: Value| schema.insert(key.to_owned(), value);
    put("title", json!(field.display_name));
    put("description", json!(field.description));
    put(
        "type",
        json!(match field.kind {
            FieldType::Url | FieldType::Text => "string",
            kind => kind.as_str(),
        }),
    );
    if field.is_secret {
        put("writeOnly", json!(true));
        // A form makes a `password` an input of one line.
        if field.kind != FieldType::Text {
            put("format", json!("password"));
        }
    } else if field.kind == FieldType::Url {
        put("format", json!("uri"));
    }
    if field.required && matches!(field.kind, FieldType::String | FieldType::Url | FieldType::Text) {
        put("minLength", json!(1));
    }
    if let Some(choices) = &field.choices {
        put("enum", json!(choices));
    }
    if let Some(pattern) = &field.pattern {
        put("pattern", json!(pattern));
    }
    if let Some(default) = &field.default {
        put("default", typed(field.kind, default));
    }
    if let Some(example) = &field.example {
        put("examples", json!([typed(field.kind, example)]));
    }
    Value::Object(schema)
}

/// A default or example in the JSON type of its field; texts that do not parse stay texts.
fn typed(kind: FieldType, text: &str) -> Value {
    match kind {
        FieldType::String | FieldType::Url | FieldType::Text => json!(text),
        _ => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}
