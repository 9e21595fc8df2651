//! The shape of an app's definition: static data for the built-in apps, owned data for those registered at run time.
//!
//! This file, `read.rs` with its parts and `template.rs` are also compiled into the build script, so that both kinds of definition
//! are read and checked by the same code.

use std::borrow::Cow;

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

/// One way to connect an app.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SchemeDef {
    pub(crate) auth_scheme: Text,
    pub(crate) fields: List<FieldDef>,
    pub(crate) base_url: Text,
    pub(crate) inject: List<Inject>,
    pub(crate) headers: List<(Text, Text)>,
    pub(crate) checks: List<Check>,
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
    pub(crate) pattern: Option<Text>,
    pub(crate) example: Option<Text>,
    /// What values usually look like; others are taken with a warning.
    pub(crate) hint: Option<Hint>,
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
