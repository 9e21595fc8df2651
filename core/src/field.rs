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
    /// What people know these by, in the same order; `None` where the values speak for themselves.
    #[serde(rename = "enum_labels", skip_serializing_if = "Option::is_none")]
    pub choice_labels: Option<Vec<String>>,
    /// Only where this holds is the field asked for, and taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<FieldCondition>,
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
    /// What may stand before the value, as in an address that was pasted; it is taken off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strip_prefix: Vec<String>,
    /// What may stand behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strip_suffix: Vec<String>,
}

/// That another field has one of some values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldCondition {
    /// Wire name of the other field.
    pub field: String,
    /// The values.
    pub values: Vec<String>,
}

/// JSON Schema (draft 2020-12) of the object that `connected_account_params` must be. Keywords that begin with `x-` are for
/// forms: order, help page, usual form, several lines, what is taken off.
pub(crate) fn json_schema(title: &str, fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().enumerate().map(|(i, field)| (field.name.clone(), property(field, i))).collect();
    let always = fields.iter().filter(|f| f.required && f.when.is_none());
    let required: Vec<&str> = always.map(|f| f.name.as_str()).collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let conditions: Vec<Value> = fields.iter().filter_map(|field| condition(field, fields)).collect();
    if !conditions.is_empty() {
        schema["allOf"] = conditions.into();
    }
    schema
}

/// That a field with a condition is there only where it holds, and then is, if it is required.
fn condition(field: &Field, fields: &[Field]) -> Option<Value> {
    let when = field.when.as_ref()?;
    let other = fields.iter().find(|f| f.name == when.field)?;
    let values: Vec<Value> = when.values.iter().map(|value| typed(other.kind, value)).collect();
    // Left out, the other field has its default.
    let by_default = other.default.as_ref().is_some_and(|default| when.values.contains(default));
    let decided = if by_default { json!([]) } else { json!([other.name]) };
    let needed = if field.required { json!([field.name]) } else { json!([]) };
    Some(json!({
        "if": {"properties": {&other.name: {"enum": values}}, "required": decided},
        "then": {"required": needed},
        "else": {"properties": {&field.name: false}},
    }))
}

fn property(field: &Field, order: usize) -> Value {
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
        let values: Vec<Value> = choices.iter().map(|choice| typed(field.kind, choice)).collect();
        if let Some(labels) = &field.choice_labels {
            let labelled = values.iter().zip(labels).map(|(value, label)| json!({"const": value, "title": label}));
            put("oneOf", labelled.collect());
        }
        put("enum", values.into());
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
    put("x-order", json!(order));
    if field.kind == FieldType::Text {
        put("x-multiline", json!(true));
    }
    for (key, text) in [("x-help-url", &field.help_url), ("x-hint", &field.hint)] {
        if let Some(text) = text {
            put(key, json!(text));
        }
    }
    for (key, texts) in [("x-strip-prefix", &field.strip_prefix), ("x-strip-suffix", &field.strip_suffix)] {
        if !texts.is_empty() {
            put(key, json!(texts));
        }
    }
    Value::Object(schema)
}

/// A default, example or choice in the JSON type of its field; texts that do not parse stay texts.
fn typed(kind: FieldType, text: &str) -> Value {
    match kind {
        FieldType::String | FieldType::Url | FieldType::Text => json!(text),
        _ => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}
