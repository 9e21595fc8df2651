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
                shape::Form::of(pattern).is_telling().then_some((
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
    /// Makes the value `jwt` out of the fields.
    pub(crate) jwt: Option<JwtDef>,
    /// Makes the value `access_token` out of the fields, by a request.
    pub(crate) trade: Option<TradeDef>,
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
    /// A member of the body, which is a JSON object or a form.
    Body {
        name: Text,
        value: Text,
        /// What an empty body becomes.
        encoding: Encoding,
    },
    /// A signature over the whole request, AWS Signature Version 4.
    AwsSigv4 {
        service: Text,
        region: Text,
        access_key_id: Text,
        secret_access_key: Text,
        session_token: Option<Text>,
    },
}

/// A JSON Web Token that the core signs; the texts of key, header and claims are templates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JwtDef {
    pub(crate) alg: Algorithm,
    pub(crate) key: Text,
    /// How the key of HS256 is written.
    pub(crate) key_form: KeyForm,
    pub(crate) header: List<(Text, Text)>,
    /// `iat` and `exp` come to these.
    pub(crate) claims: List<(Text, Text)>,
    /// In seconds.
    pub(crate) lifetime: u32,
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
    Hs256,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum KeyForm {
    Plain,
    Hex,
    Base64,
}

/// A request that trades the credential for a token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TradeDef {
    /// The request and what its answers mean. Its path is one below the base URL or a whole address.
    pub(crate) check: Check,
    /// Where the request may go besides the origin of the base URL, if a value decides.
    pub(crate) hosts: List<Text>,
    pub(crate) headers: List<(Text, Text)>,
    pub(crate) inject: List<Inject>,
    /// JSON pointer to the token.
    pub(crate) token: Text,
    pub(crate) expiry: Expiry,
}

/// How long a traded token is good.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expiry {
    /// JSON pointer to seconds from now.
    In(Text),
    /// JSON pointer to a moment, in RFC 3339 or as seconds since 1970.
    At(Text),
    /// Seconds, where the answer does not tell.
    Lifetime(u32),
}

/// A request that tells whether a credential is good.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Check {
    pub(crate) method: Text,
    pub(crate) path: Text,
    /// JSON text or a form to send.
    pub(crate) body: Option<Text>,
    /// Whether the body is a form.
    pub(crate) form: bool,
    /// Statuses that mean acceptance; empty means every 2xx.
    pub(crate) accept: List<u16>,
    /// Whether an accepted answer must be JSON.
    pub(crate) json: bool,
    pub(crate) when: List<Condition>,
    pub(crate) verdicts: List<VerdictRule>,
    /// Whether the same request with another key must fail, since this may be an answer that anybody gets.
    pub(crate) control: bool,
    /// JSON pointer to the name of the account.
    pub(crate) account: Option<Text>,
}

/// What answers of a status mean where all conditions hold, instead of the usual.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VerdictRule {
    pub(crate) status: u16,
    pub(crate) when: List<Condition>,
    pub(crate) verdict: Verdict,
}

/// Something that must hold of an answer; `at` is empty where it is about the whole text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) at: Text,
    pub(crate) test: Test,
}

/// The single texts are JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Equals(Text),
    NotEquals(Text),
    Present(bool),
    /// The body holds one of these.
    TextHas(List<Text>),
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
