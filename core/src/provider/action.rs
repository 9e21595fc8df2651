//! An action as a request: checks what the host gives it, and puts that into path, query or body.

use bytes::Bytes;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::fill::percent_encode;
use super::inject::HostRequest;
use crate::catalog::template::{self, Part};
use crate::catalog::{ActionDef, Encoding, Kind, ParamDef, near};
use crate::error::{Error, ErrorKind, Problem, Result};

/// The parts of a request that come from an action's parameters.
#[derive(Debug, PartialEq)]
pub(crate) struct ActionRequest {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl ActionRequest {
    /// Checks `params` against the action; on any problem, all of them.
    pub(crate) fn new(action: &ActionDef, params: Value) -> Result<Self> {
        let given = checked(action, params)?;
        let in_path = template::names(&action.path);
        let elsewhere = || action.params.iter().filter(|p| !in_path.contains(&p.name.as_ref()));
        let pairs = || elsewhere().filter_map(|p| Some((p.name.to_string(), text(given.get(p.name.as_ref())?))));
        let mut request = Self {
            method: action.method.to_string(),
            path: filled(&action.path, &given),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let content_type = match action.encoding {
            Encoding::Query => {
                request.query = pairs().collect();
                return Ok(request);
            }
            _ if elsewhere().next().is_none() => return Ok(request),
            Encoding::Json => {
                let object = given.into_iter().filter(|(name, _)| !in_path.contains(&name.as_str())).collect();
                request.body = Value::Object(object).to_string().into_bytes();
                "application/json"
            }
            Encoding::Form => {
                request.body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs()).finish().into();
                "application/x-www-form-urlencoded"
            }
        };
        request.headers.push(("content-type".to_owned(), content_type.to_owned()));
        Ok(request)
    }

    pub(crate) fn as_host(&self) -> HostRequest<'_> {
        HostRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: Bytes::copy_from_slice(&self.body),
        }
    }
}

/// What was given, `null` counting as not given.
fn checked(action: &ActionDef, params: Value) -> Result<Map<String, Value>> {
    let mut given = match params {
        Value::Null => Map::new(),
        Value::Object(given) => given,
        _ => return Err(Error::argument("params", "params must be a JSON object")),
    };
    let mut problems = Vec::new();
    let mut problem = |field: &str, code, message| problems.push(Problem { field: field.to_owned(), code, message });
    let mut like = Vec::new();
    let in_path = template::names(&action.path);
    let names: Vec<&str> = action.params.iter().map(|p| p.name.as_ref()).collect();
    for name in given.keys().filter(|name| !names.contains(&name.as_str())) {
        let shown: String = name.chars().take(64).collect();
        let near = near(&shown, names.iter().copied());
        let hint = if !near.is_empty() {
            format!("did you mean {}?", near.join(", "))
        } else if names.is_empty() {
            "it takes none".to_owned()
        } else {
            format!("known are {}", names.join(", "))
        };
        let message = format!("`{shown}` is not a parameter of {}; {hint}", action.name);
        problem(&shown, ErrorKind::UnknownField, message);
        like.extend(near);
    }
    given.retain(|_, value| !value.is_null());
    for param in action.params.iter() {
        let name = param.name.as_ref();
        match given.get(name) {
            Some(value) => {
                if let Err(what) = fits(param, value, in_path.contains(&name)) {
                    problem(name, ErrorKind::InvalidField, format!("`{name}` {what}"));
                }
            }
            None if param.required => problem(name, ErrorKind::MissingFields, format!("`{name}` is missing")),
            None => {}
        }
    }
    Error::of_problems(problems, like).map_or(Ok(given), Err)
}

fn fits(param: &ParamDef, value: &Value, in_path: bool) -> Result<(), &'static str> {
    match (param.kind, value) {
        // Such a text would be another path, and so another request.
        (_, Value::String(text)) if in_path && matches!(text.as_str(), "" | "." | "..") => {
            Err("cannot stand in the path: it must not be empty, `.` or `..`")
        }
        (Kind::String | Kind::Url | Kind::Text, Value::String(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Boolean, Value::Bool(_)) => Ok(()),
        (Kind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
        (Kind::String | Kind::Url | Kind::Text, _) => Err("must be text"),
        (Kind::Integer, _) => Err("must be a whole number"),
        (Kind::Number, _) => Err("must be a number"),
        (Kind::Boolean, _) => Err("must be true or false"),
    }
}

/// A checked value as it stands in a path, a query or a form.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn filled(path: &str, given: &Map<String, Value>) -> String {
    let mut filled = Vec::new();
    for part in template::parse(path).unwrap_or_default() {
        match part {
            Part::Text(text) => filled.extend_from_slice(text.as_bytes()),
            Part::Field { name, .. } => {
                let value = given.get(name).map(text).unwrap_or_default();
                percent_encode(value.as_bytes(), &mut filled);
            }
        }
    }
    String::from_utf8_lossy(&filled).into_owned()
}
