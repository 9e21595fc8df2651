//! The shape of an app's definition.
//!
//! This file, `read.rs` with its parts, `protocol.rs`, `shape.rs` and `template.rs` are also compiled into the build script, so that the definitions of the
//! built-in apps and those registered at run time are read and checked by the same code.

use std::borrow::Cow;

use super::protocol::Protocol;
use super::shape;
use super::verdict::Verdict;

pub(crate) type Text = Cow<'static, str>;
pub(crate) type List<T> = Cow<'static, [T]>;

/// One app: one file of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AppDef {
    pub(crate) slug: Text,
    pub(crate) name: Text,
    pub(crate) category: Text,
    pub(crate) docs_url: Option<Text>,
    pub(crate) schemes: List<SchemeDef>,
    pub(crate) actions: List<ActionDef>,
}

impl AppDef {
    /// Auth scheme, name and pattern of each secret field whose values tell whose they are.
    pub(crate) fn shapes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.schemes.iter().flat_map(|scheme| {
            scheme.fields.iter().filter(|f| f.secret).filter_map(|field| {
                let pattern = field.hint.as_ref().map(|hint| &hint.pattern).or(field.pattern.as_ref())?;
                shape::is_telling(pattern).then_some((
                    scheme.auth_scheme.as_ref(),
                    field.name.as_ref(),
                    pattern.as_ref(),
                ))
            })
        })
    }
}

/// One way to connect an app.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SchemeDef {
    pub(crate) auth_scheme: Text,
    pub(crate) fields: List<FieldDef>,
    pub(crate) base_url: Text,
    pub(crate) inject: List<Inject>,
    pub(crate) headers: List<(Text, Text)>,
    pub(crate) checks: List<Check>,
    /// Instead of HTTP: how to log in.
    pub(crate) login: Option<Login>,
    /// What drivers take to connect: a template over the fields, for `dsn`.
    pub(crate) dsn: Option<Text>,
}

/// A login in a protocol other than HTTP.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Login {
    pub(crate) protocol: &'static Protocol,
    /// Role → template over the fields.
    pub(crate) roles: List<(Text, Text)>,
}

impl Login {
    /// The template of this role; none where the app does not fill it.
    pub(crate) fn role(&self, name: &str) -> Option<&Text> {
        self.roles.iter().find(|(role, _)| role == name).map(|(_, template)| template)
    }
}

/// One thing the user types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldDef {
    pub(crate) name: Text,
    pub(crate) display_name: Text,
    pub(crate) description: Text,
    pub(crate) help_url: Option<Text>,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) default: Option<Text>,
    pub(crate) choices: List<Text>,
    /// What people know the choices by, in the same order; empty where these speak for themselves.
    pub(crate) choice_labels: List<Text>,
    /// It is asked for only where this holds.
    pub(crate) when: Option<When>,
    /// What people paste before or behind the value, and is taken off.
    pub(crate) strip_prefix: List<Text>,
    pub(crate) strip_suffix: List<Text>,
    pub(crate) pattern: Option<Text>,
    pub(crate) example: Option<Text>,
    /// What values usually look like; others are taken with a warning.
    pub(crate) hint: Option<Hint>,
}

/// That another field of the scheme has one of these values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct When {
    pub(crate) field: Text,
    pub(crate) values: List<Text>,
}

/// The usual form of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hint {
    pub(crate) pattern: Text,
    /// The sentence for those whose value looks different.
    pub(crate) says: Text,
}

/// Type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    String,
    /// Of several lines.
    Text,
    Integer,
    Number,
    Boolean,
    Url,
}

/// Where a credential goes in a request; the texts are templates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Inject {
    Header {
        name: Text,
        value: Text,
    },
    Query {
        name: Text,
        value: Text,
    },
    Basic {
        username: Text,
        password: Text,
    },
    /// Already in the base URL.
    Path,
}

/// A request that tells whether a credential is good.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Check {
    pub(crate) method: Text,
    pub(crate) path: Text,
    /// JSON text to send.
    pub(crate) body: Option<Text>,
    /// Statuses that mean acceptance; empty means every 2xx.
    pub(crate) accept: List<u16>,
    /// Whether an accepted answer must be JSON.
    pub(crate) json: bool,
    pub(crate) when: List<Condition>,
    pub(crate) verdicts: List<(u16, Verdict)>,
    /// Whether the same request with another key must fail, since this may be an answer that anybody gets.
    pub(crate) control: bool,
    /// JSON pointer to the name of the account.
    pub(crate) account: Option<Text>,
}

/// Something that must hold in the JSON of an accepted answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) at: Text,
    pub(crate) test: Test,
}

/// The texts are JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Equals(Text),
    NotEquals(Text),
    Present(bool),
}

/// A request with a name, for `execute_action`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActionDef {
    pub(crate) name: Text,
    pub(crate) description: Text,
    pub(crate) method: Text,
    /// Below the base URL; a template over the parameters.
    pub(crate) path: Text,
    /// How the parameters that do not stand in the path are sent.
    pub(crate) encoding: Encoding,
    pub(crate) params: List<ParamDef>,
}

/// Where parameters go in a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Encoding {
    Query,
    Json,
    Form,
}

/// A parameter of an action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ParamDef {
    pub(crate) name: Text,
    pub(crate) description: Text,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}
