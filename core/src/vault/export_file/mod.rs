//! Exports as files: all that a vault holds, sealed for a passphrase or a recipient, written and read from front to back, a piece
//! at a time. `docs/moving.md` tells their layout.

mod entry;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod header;
mod pieces;
mod recipient;

use std::fs::File;
use std::io::{BufReader, Error as IoError, ErrorKind as Io, Seek, SeekFrom, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

pub(super) use entry::Entry;
pub(super) use pieces::Unwritten;

use crate::error::{Error, ErrorKind, Result};
use crate::input::Values;
use crate::moving::{OpenWith, SealFor};
use crate::store::{ConnectionRow, IntegrationRow};

/// An export that is being written.
pub(super) struct NewExport(pieces::Writer<File>);

impl NewExport {
    /// Begins an export in an empty file.
    pub(super) fn begin(mut file: File, seal: &SealFor) -> Result<Self, Unwritten> {
        let (header, key) = header::make(seal)?;
        file.write_all(&header).map_err(Unwritten::File)?;
        Ok(Self(pieces::Writer::new(file, &key)))
    }

    pub(super) fn integration(&mut self, row: &IntegrationRow, values: &Values) -> Result<(), Unwritten> {
        self.0.write(&entry::pack_integration(row, values)?)
    }

    pub(super) fn connection(&mut self, row: &ConnectionRow, values: &Values) -> Result<(), Unwritten> {
        self.0.write(&entry::pack_connection(row, values)?)
    }

    pub(super) fn finish(self) -> Result<(), Unwritten> {
        self.0.finish()
    }
}

/// An export that is being read.
pub(super) struct Export {
    file: File,
    length: u64,
    /// Where the header ends.
    content: u64,
    key: header::Key,
    pieces: pieces::Reader<BufReader<File>>,
}

impl Export {
    /// Opens a file, as far as its header goes.
    pub(super) fn open(path: &Path, with: &OpenWith) -> Result<Self> {
        let mut file = File::open(path).map_err(|error| not_opened(path, &error))?;
        let key = header::open(&mut file, with)?;
        let length = file.metadata().map_err(|error| not_read(&error))?.len();
        let content = file.stream_position().map_err(|error| not_read(&error))?;
        let pieces = reader(&file, &key)?;
        Ok(Self { file, length, content, key, pieces })
    }

    /// Reads all of it, so that whatever is wrong with it is known before anything is done with it.
    pub(super) fn verify(&mut self) -> Result<()> {
        while self.next()?.is_some() {}
        self.file.seek(SeekFrom::Start(self.content)).map_err(|error| not_read(&error))?;
        self.pieces = reader(&self.file, &self.key)?;
        Ok(())
    }

    /// The next entry; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>> {
        let mut length = [0; 4];
        if !self.pieces.fill(&mut length)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length);
        if u64::from(length) > self.length {
            return Err(damaged());
        }
        let mut packed = Zeroizing::new(vec![0; length as usize]);
        if !self.pieces.fill(&mut packed)? {
            return Err(damaged());
        }
        entry::unpack(&packed).map(Some)
    }
}

fn reader(file: &File, key: &header::Key) -> Result<pieces::Reader<BufReader<File>>> {
    let file = file.try_clone().map_err(|error| not_read(&error))?;
    Ok(pieces::Reader::new(BufReader::new(file), key))
}

fn not_opened(path: &Path, error: &IoError) -> Error {
    let shown = path.display();
    match error.kind() {
        Io::NotFound => Error::argument("path", format!("there is no file {shown}: name the export")),
        kind => {
            Error::new(ErrorKind::Storage, format!("the export {shown} cannot be read: {kind}")).with_fields(["path"])
        }
    }
}

fn not_read(error: &IoError) -> Error {
    match error.kind() {
        Io::UnexpectedEof => cut(),
        kind => Error::new(ErrorKind::Storage, format!("the export cannot be read: {kind}")).with_fields(["path"]),
    }
}

fn cut() -> Error {
    let message = "the end of the export is missing: take a whole copy of it";
    Error::new(ErrorKind::CorruptRecord, message).with_fields(["path"])
}

fn damaged() -> Error {
    let message = "the export is damaged, or was changed: take another copy of it";
    Error::new(ErrorKind::CorruptRecord, message).with_fields(["path"])
}
