//! What there is to say of a vault's state.

use serde::Serialize;

/// The state of a vault: what is there, whether it fits together, and what to do where it does not. It holds ids and paths,
/// never a credential or a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The vault's file, as a path from the root; or its URL without the password.
    pub path: String,
    /// Whether the vault is there.
    pub exists: bool,
    /// Size of the file in bytes, without its log. Absent in PostgreSQL, as are the modes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Who may do what with the file, as `chmod` writes it, such as `600`. Absent on Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The same of the folder that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_mode: Option<String>,
    /// The vault's format; this version reads and writes format 4, in PostgreSQL format 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<i64>,
    /// Whether the file's structure is whole. Absent where it could not be looked at, and in PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intact: Option<bool>,
    /// Where the key comes from: `file`, `bytes`, `environment`, `passphrase` or `keyring`.
    pub key_source: String,
    /// The key file, where the key comes from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
    /// Whether the key opens the vault. Absent where that could not be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_fits: Option<bool>,
    /// How many data keys there are: one, or more while a rotation is under way and where records do not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_keys: Option<u64>,
    /// How many integrations and connections are sealed with another data key than the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_records: Option<u64>,
    /// How many integrations there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrations: Option<u64>,
    /// How many connections there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
    /// Ids of integrations that do not open, and with them none of their connections.
    pub damaged_integrations: Vec<String>,
    /// Ids of connections whose own record does not open.
    pub damaged_connections: Vec<String>,
    /// Whether the vault's key is in memory that the system does not swap out. Absent where no key is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_locked: Option<bool>,
    /// What is wrong, a sentence each, and what to do about it. Empty where all is well.
    pub warnings: Vec<String>,
}

impl Diagnosis {
    /// The whole as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data always serialises")
    }

    pub(crate) fn warn(&mut self, sentence: impl Into<String>) {
        self.warnings.push(sentence.into());
    }
}
