//! What PostgreSQL's codes mean for a vault: whether to try again, and else one sentence each that says what to do.

use tokio_postgres::Error as Theirs;
use tokio_postgres::error::SqlState;

use crate::error::{Error, ErrorKind};
use crate::io::{Fault, buried_fault};

const UNREACHABLE: &str = "PostgreSQL did not answer in time: see that it runs, takes connections and may be written to, then call \
                           again; nothing was changed";
const BUSY: &str = "PostgreSQL was busy, or others kept rows locked, for all the time that a call may take: call again; nothing \
                    was changed";
const NO_LOGIN: &str =
    "PostgreSQL does not let this user in: check user and password in the URL, and the server's pg_hba.conf";
const NO_DATABASE: &str = "the database that the URL names is not there: make it, or name another";
const NO_RIGHTS: &str = "the user of the URL lacks rights: it needs CREATE on the database (or on the schema that was made for it), \
                         or, where another role made the tables, SELECT, INSERT, UPDATE and DELETE on them";
const FULL: &str =
    "PostgreSQL's disk or memory takes no more: make room on the server, then call again; nothing was changed";
const DAMAGED: &str = "PostgreSQL says that its data is damaged: see the server's log, and restore a backup";
const OTHER_TABLES: &str =
    "the tables in the schema are not as Keylatch made them: name another schema, or restore a backup";
const NOT_TRUSTED: &str = "the certificate of the PostgreSQL server is not trusted: give its authority as an extra CA";
const OTHER_SERVER: &str =
    "the certificate of the PostgreSQL server is for another name: write the host in the URL as the certificate has it";
const NO_TLS: &str = "the PostgreSQL server offers no TLS as Keylatch wants it: switch it on there, or say in the URL what protects \
                      the connection instead (`sslmode`)";
const NOT_UNDERSTOOD: &str =
    "what answers at the URL's host is not PostgreSQL as Keylatch knows it: check host and port";
const UNKNOWN: &str =
    "PostgreSQL refused what a vault needs to do: see the server's log for the reason; nothing was changed";

/// Why a try came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It will come to nothing again.
    Final(Error),
    /// It may go well soon. Nothing was changed.
    Passing(Error),
    /// The same, and the connection is of no use any more.
    Lost(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl Trouble {
    /// No answer in time.
    pub(super) fn timeout() -> Self {
        Self::Lost(storage(UNREACHABLE))
    }

    /// What became of a COMMIT that failed like this is not known.
    pub(super) fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Lost(_))
    }
}

fn storage(sentence: &str) -> Error {
    Error::new(ErrorKind::Storage, sentence)
}

/// What is told of a change that may have been made.
pub(super) fn indeterminate() -> Error {
    let message = "the connection to PostgreSQL broke while a change was being made, and it did not come back in time to find out \
                   whether it was: list what is there before calling again";
    Error::new(ErrorKind::Indeterminate, message)
}

/// PostgreSQL's own words may quote values, and do not say what to do: they are left out.
pub(super) fn trouble(error: &Theirs) -> Trouble {
    match error.code() {
        Some(code) => {
            tracing::debug!("db.response.status_code" = code.code(), "PostgreSQL refused");
            of_code(code)
        }
        None => of_transport(error),
    }
}

fn of_code(code: &SqlState) -> Trouble {
    match code.code() {
        // Serialization, deadlock, and rules that a transaction broke which this one could not see yet.
        // Tables and schemas that others have just made are among these: a transaction knows them only once the next one begins.
        "40001" | "40P01" | "23505" | "23503" | "42P06" | "42P07" => Trouble::Passing(storage(BUSY)),
        // Starts, stops, is a standby now, or has no place for one more connection.
        "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "53300" => Trouble::Lost(storage(UNREACHABLE)),
        "55P03" | "57014" | "25P03" | "25P04" => Trouble::Final(storage(BUSY)),
        "28P01" | "28000" => Trouble::Final(storage(NO_LOGIN)),
        "3D000" => Trouble::Final(storage(NO_DATABASE)),
        "42501" => Trouble::Final(storage(NO_RIGHTS)),
        "53000" | "53100" | "53200" => Trouble::Final(storage(FULL)),
        "XX001" | "XX002" => Trouble::Final(storage(DAMAGED)),
        "22021" => Trouble::Final(Error::new(
            ErrorKind::InvalidArgument,
            "a text holds a character that PostgreSQL cannot keep",
        )),
        "3F000" | "42P01" | "42703" | "42804" | "42883" => Trouble::Final(storage(OTHER_TABLES)),
        other if other.starts_with("08") => Trouble::Lost(storage(UNREACHABLE)),
        _ => Trouble::Final(storage(UNKNOWN)),
    }
}

fn of_transport(error: &Theirs) -> Trouble {
    match buried_fault(error) {
        Some(Fault::WrongHost) => return Trouble::Final(storage(OTHER_SERVER)),
        Some(Fault::Unreachable("the certificate is not trusted")) => return Trouble::Final(storage(NOT_TRUSTED)),
        Some(_) => return Trouble::Final(storage(NO_TLS)),
        None => {}
    }
    // The driver names its kinds of error in words only.
    match error.to_string().as_str() {
        words if words.starts_with("error deserializing column") => Trouble::Final(storage(OTHER_TABLES)),
        "error performing TLS handshake" => Trouble::Final(storage(NO_TLS)),
        "authentication error" | "invalid configuration" => Trouble::Final(storage(NO_LOGIN)),
        "error parsing response from server" | "unexpected message from server" => {
            Trouble::Lost(storage(NOT_UNDERSTOOD))
        }
        _ => Trouble::Lost(storage(UNREACHABLE)),
    }
}
