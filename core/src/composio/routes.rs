//! The calls of Composio's API by what they are for, whichever generation is spoken.

use serde_json::Value;

use super::call::Call;
use super::model::{Account, AuthConfig, Made, Toolkit};
use super::{v1, v3};
use crate::connection::Status;
use crate::error::Result;
use crate::input::Values;
use crate::options::ApiVersion;

/// An auth config to be made.
pub(super) struct NewAuthConfig<'a> {
    pub(super) app: &'a str,
    pub(super) scheme: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) base_url: Option<&'a str>,
    /// The developer's own fields.
    pub(super) credentials: &'a Values,
    /// User's fields, fixed for everybody.
    pub(super) shared: &'a Values,
}

/// An account to be made.
pub(super) struct NewAccount<'a> {
    pub(super) integration_id: &'a str,
    pub(super) entity_id: &'a str,
    pub(super) scheme: &'a str,
    pub(super) alias: Option<&'a str>,
    pub(super) labels: &'a [String],
    pub(super) callback_url: Option<&'a str>,
    pub(super) values: &'a Values,
}

/// New credentials for an account, and a new name with them if there is one.
pub(super) struct Rotation<'a> {
    pub(super) id: &'a str,
    pub(super) scheme: &'a str,
    pub(super) alias: Option<&'a str>,
    pub(super) values: &'a Values,
}

/// Which accounts to list.
#[derive(Clone, Default)]
pub(super) struct Filter<'a> {
    pub(super) entity_id: Option<&'a str>,
    pub(super) app: Option<&'a str>,
    pub(super) integration_id: Option<&'a str>,
    pub(super) statuses: &'a [Status],
    pub(super) labels: &'a [String],
    pub(super) limit: u32,
    pub(super) cursor: Option<&'a str>,
    pub(super) newest_first: bool,
}

/// An action to be done.
pub(super) struct Execution<'a> {
    pub(super) action: &'a str,
    pub(super) app: &'a str,
    pub(super) params: &'a Value,
    pub(super) account: &'a str,
    pub(super) entity_id: Option<&'a str>,
}

/// A request that Composio sends to the app with the account's credential.
pub(super) struct Proxied<'a> {
    pub(super) account: &'a str,
    pub(super) method: &'a str,
    pub(super) endpoint: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) headers: &'a [(String, String)],
    pub(super) body: Option<Value>,
}

/// What the app answered to that.
pub(super) struct AppAnswer<'j> {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) data: &'j Value,
}

macro_rules! routes {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        /// Each builds a request, or reads an answer.
        impl ApiVersion {
            $($(#[$doc])* pub(super) fn $name(self, $($arg: $type),*) -> $out {
                match self {
                    Self::V3_1 => v3::$name($($arg),*),
                    Self::V1 => v1::$name($($arg),*),
                }
            })*
        }
    };
}

impl ApiVersion {
    /// Whether a proxied answer comes with the app's own status; v1 only says whether it was good.
    pub(super) fn tells_status(self) -> bool {
        self == Self::V3_1
    }
}

routes! {
    fn toolkits(cursor: Option<&str>) -> Call;
    fn toolkit(slug: &str) -> Call;
    fn read_toolkit(json: &Value) -> Result<Toolkit>;
    fn auth_configs(app: Option<&str>, cursor: Option<&str>) -> Call;
    fn auth_config(id: &str) -> Call;
    fn read_auth_config(json: &Value) -> Result<AuthConfig>;
    fn create_auth_config(ask: &NewAuthConfig) -> Call;
    fn read_created_auth_config(json: &Value) -> Option<String>;
    fn delete_auth_config(id: &str) -> Call;
    fn create_account(ask: &NewAccount) -> Call;
    fn read_made(json: &Value) -> Made;
    fn account(id: &str) -> Call;
    fn accounts(filter: &Filter) -> Call;
    fn read_account(json: &Value) -> Result<Account>;
    fn read_page(json: &Value) -> Result<(&[Value], Option<String>)>;
    fn rotate(ask: &Rotation) -> Result<Call>;
    fn set_alias(id: &str, alias: &str) -> Result<Call>;
    fn switch(id: &str, enabled: bool) -> Call;
    fn delete_account(id: &str, revoke: bool) -> Result<Call>;
    fn tool(action: &str) -> Call;
    fn read_tool(json: &Value) -> Option<String>;
    fn execute(ask: &Execution) -> Call;
    fn proxy(ask: &Proxied) -> Result<Call>;
    fn read_proxied(json: &Value) -> Result<AppAnswer<'_>>;
}
