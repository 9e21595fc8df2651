//! A place in a definition's JSON: reads what stands there, and notes what is wrong with it and what to write instead.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::super::definition::{FieldDef, List, Text};
use super::super::near::near;
use super::super::template;

/// One mistake in a definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    /// JSON pointer to the place.
    pub(crate) at: String,
    /// What is wrong and what to write instead.
    pub(crate) problem: String,
}

/// A key as a part of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
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

    fn names(self) -> impl Iterator<Item = &'f str> {
        self.fields.iter().map(|f| f.name.as_ref()).chain(self.made.iter().copied())
    }
}

impl<'v, 'm> Node<'v, 'm> {
    /// The whole definition.
    pub(super) fn root(definition: &'v Value, mistakes: &'m mut Vec<Mistake>) -> Self {
        Self { at: String::new(), value: Some(definition), mistakes }
    }

    /// Notes what is wrong here, and what to write instead.
    pub(super) fn mistake(&mut self, problem: impl Display, instead: impl Display) {
        self.mistakes.push(Mistake { at: self.at.clone(), problem: format!("{problem}; {instead}") });
    }

    /// How many mistakes there are so far, here and elsewhere.
    pub(super) fn mistakes(&self) -> usize {
        self.mistakes.len()
    }

    pub(super) fn get(&mut self, key: impl Display) -> Node<'v, '_> {
        let key = key.to_string();
        let value = match self.value {
            Some(Value::Object(map)) => map.get(&key),
            Some(Value::Array(items)) => key.parse::<usize>().ok().and_then(|i| items.get(i)),
            _ => None,
        };
        Node { at: format!("{}/{}", self.at, escaped(&key)), value, mistakes: self.mistakes }
    }

    /// Checks that this is an object with no other keys than these.
    pub(super) fn object(&mut self, keys: &[&str]) -> bool {
        let Some(Value::Object(map)) = self.value else {
            self.mistake("must be an object", format!("write {{ … }} with keys of {}", keys.join(", ")));
            return false;
        };
        for key in map.keys().filter(|k| !keys.contains(&k.as_str())) {
            let near = near(key, keys.iter().copied());
            match near.first() {
                Some(near) => self.get(key).mistake("is not known here", format!("did you mean `{near}`?")),
                None => self.get(key).mistake("is not known here", format!("remove it; known are {}", keys.join(", "))),
            }
        }
        true
    }

    /// Says what to write where only these texts are possible.
    pub(super) fn not_one_of(&mut self, known: &[&str]) {
        let quoted: Vec<String> = known.iter().map(|k| format!("\"{k}\"")).collect();
        let written = self.value.and_then(Value::as_str).unwrap_or_default();
        let problem = format!("must be one of {}", known.join(", "));
        match near(written, known.iter().copied()).first() {
            Some(near) => self.mistake(problem, format!("did you mean \"{near}\"?")),
            // What is missing or no text has been said already.
            None if written.is_empty() => {}
            None => self.mistake(problem, format!("write {}", quoted.join(" or "))),
        }
    }

    pub(super) fn text(&mut self) -> Text {
        self.optional_text().unwrap_or_else(|| {
            if self.value.is_none() {
                self.mistake("is missing", format!("add {}", self.sample()));
            }
            Text::Borrowed("")
        })
    }

    pub(super) fn optional_text(&mut self) -> Option<Text> {
        match self.value? {
            Value::String(text) if !text.is_empty() => Some(Text::Owned(text.clone())),
            _ => {
                self.mistake("must be a text that is not empty", format!("write {}", self.sample()));
                None
            }
        }
    }

    /// This key with a text such as it could have.
    fn sample(&self) -> String {
        let key = self.at.rsplit('/').next().unwrap_or_default();
        let text = match key {
            "slug" => "acme",
            "category" => "finance",
            "auth_scheme" => "API_KEY",
            "display_name" => "API key",
            "base_url" => "https://api.acme.com",
            "in" => "header",
            "value" => "Bearer {api_key}",
            "method" => "GET",
            "path" => "/v1/me",
            "at" => "/account/name",
            "pattern" => "^acme_",
            "says" => "Acme keys start with acme_",
            _ => "…",
        };
        // An item of a list has no key.
        if key.parse::<usize>().is_ok() { format!("\"{text}\"") } else { format!("\"{key}\": \"{text}\"") }
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
                self.mistake("must be true or false", "write true or false, without quotes");
                default
            }
        }
    }

    pub(super) fn web_address(&mut self) -> Option<Text> {
        let text = self.optional_text()?;
        if !url::Url::parse(&text).is_ok_and(|u| u.scheme() == "https" && u.has_host()) {
            self.mistake("must be an https address", "write it in full, such as \"https://docs.acme.com/keys\"");
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
            self.mistake(problem, "write the name of a field between braces, such as {api_key}");
        }
        for name in template::names(text) {
            if known.names().any(|known| known == name) {
                continue;
            }
            let near = near(name, known.names());
            let instead = match near.first() {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!("add a field \"{name}\" to `fields`, or name one that is there"),
            };
            self.mistake(format!("`{{{name}}}` is not one of the fields"), instead);
        }
    }

    pub(super) fn list<T: Clone + 'static>(&mut self, mut item: impl FnMut(&mut Node<'v, '_>) -> T) -> List<T> {
        match self.value {
            None => List::Borrowed(&[]),
            Some(Value::Array(items)) => (0..items.len()).map(|i| item(&mut self.get(i))).collect(),
            Some(_) => {
                self.mistake("must be a list", "write [ and ] around it");
                List::Borrowed(&[])
            }
        }
    }

    /// Notes which of the items have the name of one before them; those without a name are a mistake already.
    pub(super) fn repeated<T>(&mut self, items: &[T], key: &str, name: impl Fn(&T) -> &str) {
        for (i, item) in items.iter().enumerate() {
            let this = name(item);
            if !this.is_empty() && items[..i].iter().any(|before| name(before) == this) {
                self.get(i).get(key).mistake("stands twice", "remove one of the two, or give it another name");
            }
        }
    }

    /// The same for a list of texts.
    pub(super) fn repeated_texts(&mut self, texts: &[Text]) {
        for (i, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            if texts[..i].contains(text) {
                self.get(i).mistake("stands twice", "remove one of the two");
            }
        }
    }

    pub(super) fn map(&mut self) -> Option<&'v Map<String, Value>> {
        match self.value? {
            Value::Object(map) => Some(map),
            _ => {
                self.mistake("must be an object", "write { \"…\": \"…\" }");
                None
            }
        }
    }

    pub(super) fn status(&mut self) -> u16 {
        let status = self.value.and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok());
        match status {
            Some(status @ 100..=599) => status,
            _ => {
                self.mistake("must be an HTTP status", "write a number from 100 to 599 without quotes, such as 401");
                0
            }
        }
    }
}
