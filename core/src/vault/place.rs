//! Where a vault is: a file, or a schema of a PostgreSQL database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{KeySource, default_path};
use crate::embedded::check_name;
use crate::error::{Error, Result};
use crate::io::Network;
use crate::options::Options;
#[cfg(feature = "postgres")]
use crate::store::{Address, PostgresStore};
use crate::store::{SqliteStore, Store};

/// A place, and whose rows there are meant.
pub(crate) struct Place {
    tenant: String,
    at: At,
}

enum At {
    File(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(std::sync::Arc<Address>, Network),
}

impl Place {
    /// The place that the options name.
    pub(crate) fn named(options: &Options, network: impl FnOnce() -> Network) -> Result<Self> {
        check_name("tenant", &options.tenant)?;
        let at = match options.path.as_deref().map(|path| (path, url(path))) {
            None => default_path().map(At::File),
            Some((_, Some(url))) => At::of_url(url, &options.key, network),
            Some((path, None)) => whole_path(path).map(At::File),
        };
        Ok(Self { tenant: options.tenant.clone(), at: at? })
    }

    /// A file, for the tenant that there is by default.
    #[cfg(test)]
    pub(crate) fn file_at(path: &Path) -> Self {
        Self { tenant: crate::options::TENANT.to_owned(), at: At::File(path.to_owned()) }
    }

    pub(super) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The vault's rows, also where there are none yet.
    pub(super) fn open(&self, patience: Duration) -> Result<Box<dyn Store>> {
        Ok(match &self.at {
            At::File(path) => Box::new(SqliteStore::open(path, &self.tenant, patience)?),
            #[cfg(feature = "postgres")]
            At::Postgres(address, network) => {
                Box::new(PostgresStore::open(address.clone(), network.clone(), &self.tenant, patience)?)
            }
        })
    }

    /// The vault's rows as they are; `None` where there is no vault.
    pub(super) fn open_to_read(&self) -> Result<Option<Box<dyn Store>>> {
        Ok(match &self.at {
            At::File(path) if !path.exists() => None,
            At::File(path) => Some(Box::new(SqliteStore::open_to_read(path, &self.tenant)?)),
            #[cfg(feature = "postgres")]
            At::Postgres(address, network) => {
                let store = PostgresStore::open_to_read(address.clone(), network.clone(), &self.tenant)?;
                store.map(|store| Box::new(store) as _)
            }
        })
    }

    /// The vault's file, where it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.at {
            At::File(path) => Some(path),
            #[cfg(feature = "postgres")]
            At::Postgres(..) => None,
        }
    }

    /// The place for people: a URL without its password.
    pub(super) fn shown(&self) -> String {
        match &self.at {
            At::File(path) => path.display().to_string(),
            #[cfg(feature = "postgres")]
            At::Postgres(address, _) => address.to_string(),
        }
    }
}

impl At {
    #[cfg(feature = "postgres")]
    fn of_url(url: &str, key: &KeySource, network: impl FnOnce() -> Network) -> Result<Self> {
        let address = Address::parse(url)?;
        key.must_fit(None)?;
        Ok(Self::Postgres(address.into(), network()))
    }

    #[cfg(not(feature = "postgres"))]
    fn of_url(_url: &str, _key: &KeySource, _network: impl FnOnce() -> Network) -> Result<Self> {
        Err(Error::argument("path", "this Keylatch was built without PostgreSQL (the crate's feature `postgres`)"))
    }
}

/// A path that is a URL. One whose second slash is gone is meant as one too: no file gets a password for its name.
pub(crate) fn url(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| text.starts_with("postgres:/") || text.starts_with("postgresql:/"))
}

/// The path from the root: it stays the same when the process changes its folder, and is no special name of SQLite's.
pub(crate) fn whole_path(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|_| Error::argument("path", "path is empty"))
}
