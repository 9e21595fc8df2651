//! A place in a definition's JSON: reads what stands there, and notes what is wrong with it.

use serde_json::{Map, Value};

use super::super::definition::{FieldDef, List, Text};
use super::super::template;

/// One mistake in a definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    /// JSON pointer to the place.
    pub(crate) at: String,
    /// What is wrong and what to write instead.
    pub(crate) problem: String,
}

/// A place in the JSON, with the list that its mistakes go to.
pub(super) struct Node<'v, 'm> {
    at: String,
    pub(super) value: Option<&'v Value>,
    mistakes: &'m mut Vec<Mistake>,
}

/// The names that a template may use.
#[derive(Clone, Copy)]
pub(super) struct Known<'f> {
    pub(super) fields: &'f [FieldDef],
    /// Values that are made out of the fields.
    pub(super) made: &'f [&'f str],
}

impl<'f> Known<'f> {
    pub(super) fn fields(fields: &'f [FieldDef]) -> Self {
        Self { fields, made: &[] }
    }

    fn has(&self, name: &str) -> bool {
        self.made.contains(&name) || self.fields.iter().any(|f| f.name == name)
    }
}

impl<'v, 'm> Node<'v, 'm> {
    /// The whole definition.
    pub(super) fn root(definition: &'v Value, mistakes: &'m mut Vec<Mistake>) -> Self {
        Self { at: String::new(), value: Some(definition), mistakes }
    }

    pub(super) fn mistake(&mut self, problem: impl Into<String>) {
        self.mistakes.push(Mistake { at: self.at.clone(), problem: problem.into() });
    }

    pub(super) fn get(&mut self, key: impl std::fmt::Display) -> Node<'v, '_> {
        let key = key.to_string();
        let value = match self.value {
            Some(Value::Object(map)) => map.get(&key),
            Some(Value::Array(items)) => key.parse::<usize>().ok().and_then(|i| items.get(i)),
            _ => None,
        };
        Node { at: format!("{}/{key}", self.at), value, mistakes: self.mistakes }
    }

    /// Checks that this is an object with no other keys than these.
    pub(super) fn object(&mut self, keys: &[&str]) -> bool {
        let Some(Value::Object(map)) = self.value else {
            self.mistake("must be an object");
            return false;
        };
        for key in map.keys().filter(|k| !keys.contains(&k.as_str())) {
            self.get(key).mistake(format!("is not known here; known are {}", keys.join(", ")));
        }
        true
    }

    pub(super) fn text(&mut self) -> Text {
        self.optional_text().unwrap_or_else(|| {
            if self.value.is_none() {
                self.mistake("is missing");
            }
            Text::Borrowed("")
        })
    }

    pub(super) fn optional_text(&mut self) -> Option<Text> {
        match self.value? {
            Value::String(text) if !text.is_empty() => Some(Text::Owned(text.clone())),
            _ => {
                self.mistake("must be a text that is not empty");
                None
            }
        }
    }

    /// A default or example may be written in the field's own type.
    pub(super) fn scalar_text(&mut self) -> Option<Text> {
        match self.value? {
            value @ (Value::Number(_) | Value::Bool(_)) => Some(Text::Owned(value.to_string())),
            _ => self.optional_text(),
        }
    }

    pub(super) fn flag(&mut self, default: bool) -> bool {
        match self.value {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.mistake("must be true or false");
                default
            }
        }
    }

    pub(super) fn web_address(&mut self) -> Option<Text> {
        let text = self.optional_text()?;
        if !url::Url::parse(&text).is_ok_and(|u| u.scheme() == "https" && u.has_host()) {
            self.mistake("must be an https address");
        }
        Some(text)
    }

    pub(super) fn template(&mut self, known: Known<'_>) -> Text {
        let text = self.text();
        self.check_template(&text, known);
        text
    }

    pub(super) fn check_template(&mut self, text: &str, known: Known<'_>) {
        if let Err(problem) = template::parse(text) {
            self.mistake(problem);
        }
        for name in template::names(text) {
            if !known.has(name) {
                self.mistake(format!("`{{{name}}}` is not one of the fields"));
            }
        }
    }

    pub(super) fn list<T: Clone + 'static>(&mut self, mut item: impl FnMut(&mut Node<'v, '_>) -> T) -> List<T> {
        match self.value {
            None => List::Borrowed(&[]),
            Some(Value::Array(items)) => (0..items.len()).map(|i| item(&mut self.get(i))).collect(),
            Some(_) => {
                self.mistake("must be a list");
                List::Borrowed(&[])
            }
        }
    }

    pub(super) fn map(&mut self) -> Option<&'v Map<String, Value>> {
        match self.value? {
            Value::Object(map) => Some(map),
            _ => {
                self.mistake("must be an object");
                None
            }
        }
    }

    pub(super) fn status(&mut self) -> u16 {
        let status = self.value.and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok());
        match status {
            Some(status @ 100..=599) => status,
            _ => {
                self.mistake("must be an HTTP status");
                0
            }
        }
    }
}
