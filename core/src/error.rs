//! The one error of Keylatch: a kind with a stable code, a sentence that says what to do, and the fields concerned.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::scrub::Scrubbed;
use crate::verdict::Verdict;

/// What the library's calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal $code:literal,)*) => {
        /// What went wrong, the same set in every language.
        ///
        /// [`ErrorKind::code`] is the stable text (`Error.code` in Python and Node), [`ErrorKind::number`] the status
        /// of the C interface. Numbers are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $name = $number,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of its number.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text of the kind, such as `credentials_rejected`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

kinds! {
    /// An argument is missing, malformed or contradicts another one.
    InvalidArgument = 1 "invalid_argument",
    /// Required fields were not given.
    MissingFields = 2 "missing_fields",
    /// A field was given that the app does not have.
    UnknownField = 3 "unknown_field",
    /// A field's value cannot be right.
    InvalidField = 4 "invalid_field",
    /// No app of that name; `near` has names like it.
    UnknownApp = 5 "unknown_app",
    /// The app exists but not with that auth scheme.
    UnsupportedScheme = 6 "unsupported_scheme",
    /// No integration or connection that fits.
    NotFound = 7 "not_found",
    /// Several connections fit and none was named; `candidates` lists them.
    Ambiguous = 8 "ambiguous",
    /// There is one already; `connected_account_id` names it.
    AlreadyExists = 9 "already_exists",
    /// The provider refused the credentials.
    CredentialsRejected = 10 "credentials_rejected",
    /// The provider could not be asked, or what answered is not the provider.
    ProviderUnreachable = 11 "provider_unreachable",
    /// The host is not one that this call may talk to.
    ForbiddenHost = 12 "forbidden_host",
    /// The backend refused the developer's own key.
    Unauthorized = 13 "unauthorized",
    /// Too many requests; `retry_after` says when to try again, where known.
    RateLimited = 14 "rate_limited",
    /// The backend failed.
    Server = 15 "server",
    /// No answer within the time allowed.
    Timeout = 16 "timeout",
    /// It cannot be known whether the call acted.
    Indeterminate = 17 "indeterminate",
    /// The caller cancelled.
    Cancelled = 18 "cancelled",
    /// The vault's key is not available.
    VaultLocked = 19 "vault_locked",
    /// The key given is not this vault's key.
    WrongKey = 20 "wrong_key",
    /// A stored record does not open.
    CorruptRecord = 21 "corrupt_record",
    /// The store cannot be read or written.
    Storage = 22 "storage",
    /// The client is closed.
    Closed = 23 "closed",
    /// A defect in Keylatch.
    Internal = 24 "internal",
    /// The app did not do what the action asked; the message says why, where it told.
    ActionFailed = 25 "action_failed",
}

impl ErrorKind {
    /// The status number in the C interface; 0 is success and never a kind.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One problem of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Wire name of the field or argument.
    pub field: String,
    /// The kind of this problem alone.
    pub code: ErrorKind,
    /// What is wrong and what to do.
    pub message: String,
}

/// What Composio's API said of a call that it refused or failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Upstream {
    /// The HTTP status.
    pub status: u16,
    /// Composio's number for the problem, such as 612.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Composio's name for the problem, such as `ConnectedAccount_MissingRequiredFields`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<Scrubbed>,
    /// Its sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Scrubbed>,
    /// What it suggests to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_fix: Option<Scrubbed>,
    /// The id under which its support finds the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Scrubbed>,
}

/// An error of any call. Safe to show and to log: no credential is ever in it, and the text of others only in
/// [`Error::upstream`] and in the message of `action_failed`, scrubbed.
///
/// ```
/// use keylatch::{Error, ErrorKind};
///
/// fn hint(error: &Error) -> String {
///     match error.kind() {
///         ErrorKind::MissingFields => format!("please fill in {}", error.fields().join(", ")),
///         _ => error.message().to_owned(),
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Details {
    code: ErrorKind,
    message: String,
    fields: Vec<String>,
    problems: Vec<Problem>,
    #[serde(rename = "retry_after_ms", serialize_with = "milliseconds", skip_serializing_if = "Option::is_none")]
    retry_after: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connected_account_id: Option<String>,
    candidates: Vec<String>,
    near: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<Upstream>,
}

fn milliseconds<S: serde::Serializer>(value: &Option<Duration>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    value.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
}

impl Error {
    /// An error of this kind. Hosts that implement their own parts of a flow may raise it too.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code: kind,
            message: message.into(),
            fields: Vec::new(),
            problems: Vec::new(),
            retry_after: None,
            connected_account_id: None,
            candidates: Vec::new(),
            near: Vec::new(),
            verdict: None,
            upstream: None,
        }))
    }

    /// `invalid_argument` for this argument.
    #[must_use]
    pub fn argument(field: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message).with_fields([field])
    }

    /// One that passes on what others say of it, and what they advise.
    pub(crate) fn quoting(
        kind: ErrorKind,
        ours: impl fmt::Display,
        theirs: Option<&Scrubbed>,
        advice: Option<&Scrubbed>,
    ) -> Self {
        let theirs = theirs.map(|t| format!(": {t}")).unwrap_or_default();
        let advice = advice.map(|t| format!(" ({t})")).unwrap_or_default();
        Self::new(kind, format!("{ours}{theirs}{advice}"))
    }

    pub(crate) fn closed() -> Self {
        Self::new(ErrorKind::Closed, "this client is closed; open a new one")
    }

    pub(crate) fn already_connected(id: &str) -> Self {
        let message = "the entity has an active connection with this integration; give replace to put new credentials \
                       in its place, or allow_multiple to have another one";
        Self::new(ErrorKind::AlreadyExists, message).with_connection(id)
    }

    /// One error out of all problems of an input; `None` where there is none.
    pub(crate) fn of_problems(problems: Vec<Problem>, near: Vec<String>) -> Option<Self> {
        let kind =
            [ErrorKind::MissingFields, ErrorKind::UnknownField, ErrorKind::InvalidField, ErrorKind::InvalidArgument]
                .into_iter()
                .find(|kind| problems.iter().any(|p| p.code == *kind))?;
        let message = problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>().join("; ");
        let mut error = Self::new(kind, message);
        for problem in &problems {
            if !error.0.fields.contains(&problem.field) {
                error.0.fields.push(problem.field.clone());
            }
        }
        error.0.problems = problems;
        error.0.near = near;
        Some(error)
    }

    pub(crate) fn with_fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.0.fields = fields.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.0.retry_after = after;
        self
    }

    pub(crate) fn with_connection(mut self, id: &str) -> Self {
        self.0.connected_account_id = Some(id.to_owned());
        self
    }

    pub(crate) fn with_candidates(mut self, ids: Vec<String>) -> Self {
        self.0.candidates = ids;
        self
    }

    pub(crate) fn with_near(mut self, near: Vec<String>) -> Self {
        self.0.near = near;
        self
    }

    pub(crate) fn with_verdict(mut self, verdict: Verdict) -> Self {
        self.0.verdict = Some(verdict);
        self
    }

    pub(crate) fn with_upstream(mut self, upstream: Upstream) -> Self {
        self.0.upstream = Some(upstream);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.code
    }

    /// One line: what happened and what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Wire names of the fields concerned.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.0.fields
    }

    /// All problems of the input, where the input was at fault.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    /// How long to wait before trying again, where the provider said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The connection that stands in the way (`already_exists`).
    #[must_use]
    pub fn connected_account_id(&self) -> Option<&str> {
        self.0.connected_account_id.as_deref()
    }

    /// Ids of the connections that fit (`ambiguous`).
    #[must_use]
    pub fn candidates(&self) -> &[String] {
        &self.0.candidates
    }

    /// Known names near the unknown one.
    #[must_use]
    pub fn near(&self) -> &[String] {
        &self.0.near
    }

    /// What the provider said, where it was asked.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.0.verdict
    }

    /// What Composio's API said, where it answered; never on the embedded backend.
    #[must_use]
    pub fn upstream(&self) -> Option<&Upstream> {
        self.0.upstream.as_ref()
    }

    /// The whole error as JSON text, as the bindings carry it across.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("plain data always serialises")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}
