//! Files that are private and whole from the first moment: written as a draft beside their place, then put there.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, Result, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error;

const ENDING: &str = "draft";
/// Nobody writes one file for so long without adding to it: who began this draft was killed.
const STALE: Duration = Duration::from_secs(60 * 60);

/// A file under way to `target`. Dropped before that, it leaves nothing.
pub(crate) struct Draft {
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// An empty file that only this user may read and write. Takes away drafts of the same target that nobody goes on with.
    pub(crate) fn beside(target: &Path) -> Result<Self> {
        clear_stale(target);
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|_| Error::other("the system gives no random numbers"))?;
        let path = with_ending(target, &format!(".{:016x}.{ENDING}", u64::from_le_bytes(random)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?;
        Ok(Self { path, target: target.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, to write to.
    pub(crate) fn open(&self) -> Result<File> {
        OpenOptions::new().write(true).open(&self.path)
    }

    pub(crate) fn write(&self, content: &[u8]) -> Result<()> {
        self.open()?.write_all(content)
    }

    /// Puts the file in its place, on disk when this returns. `AlreadyExists` where another file is there: that stays.
    pub(crate) fn publish(self) -> Result<()> {
        self.open()?.sync_all()?;
        // A hard link never replaces a file that is there already.
        fs::hard_link(&self.path, &self.target)?;
        sync_folder(&self.target)
    }

    /// Puts the file in its place, also where there is one: at every moment the one or the other is there, whole.
    pub(crate) fn replace(self) -> Result<()> {
        self.open()?.sync_all()?;
        rename(&self.path, &self.target)
    }
}

/// Why a file cannot be made, and what to do about it.
pub(crate) fn cannot(what: &str, path: &Path, error: &Error) -> error::Error {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let reason = match error.kind() {
        PermissionDenied => "this process may not: give it the right to write there, or name another place".to_owned(),
        ReadOnlyFilesystem => "the disk is read-only: name another place".to_owned(),
        StorageFull => "the disk is full: make room".to_owned(),
        kind => format!("{kind}; name another place"),
    };
    error::Error::new(error::ErrorKind::Storage, format!("{what} {} cannot be made: {reason}", path.display()))
}

/// Writes a new private file, at a path that a caller named, and replaces none. What the file is stands in its errors.
pub(crate) fn make_new<T>(what: &str, path: &Path, write: impl FnOnce(&Draft) -> error::Result<T>) -> error::Result<T> {
    use std::io::ErrorKind::{AlreadyExists, NotFound};
    let shown = path.display();
    let failed = |e: Error| match e.kind() {
        AlreadyExists => {
            let message = format!("there is a file {shown} already, and no {what} replaces one: choose another name");
            error::Error::new(error::ErrorKind::AlreadyExists, message).with_fields(["path"])
        }
        NotFound => error::Error::argument("path", format!("the folder of {shown} is not there: make it first")),
        _ => cannot(&format!("the {what}"), path, &e).with_fields(["path"]),
    };
    if path.symlink_metadata().is_ok() {
        return Err(failed(AlreadyExists.into()));
    }
    let draft = Draft::beside(path).map_err(failed)?;
    let written = write(&draft)?;
    draft.publish().map_err(failed)?;
    Ok(written)
}

/// Gives the file another name, also that of a file that is there; on disk when this returns.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The path with this text behind the file's name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(file: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder_of(file))?.sync_all()?;
    }
    Ok(())
}

/// What cannot be read or taken away stays: a draft left behind does no harm.
fn clear_stale(target: &Path) {
    let Some(name) = target.file_name() else { return };
    let beginning = format!("{}.", name.to_string_lossy());
    for entry in fs::read_dir(folder_of(target)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let draft = name.to_str().and_then(|n| n.strip_prefix(&beginning)).is_some_and(|rest| {
            // SQLite's companions of a draft end in `.draft-journal` and the like.
            rest.split_once('.').is_some_and(|(_, ending)| ending.split('-').next() == Some(ENDING))
        });
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|time| time.elapsed().ok());
        if draft && age.is_some_and(|age| age > STALE) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_appears_whole_or_not_at_all_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file.key");
        let names = || fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
        drop(Draft::beside(&target).unwrap());
        assert!(names().is_empty());
        for (content, published) in [("first", true), ("second", false)] {
            let draft = Draft::beside(&target).unwrap();
            draft.write(content.as_bytes()).unwrap();
            assert_eq!(draft.publish().is_ok(), published);
            assert_eq!(names(), ["file.key"]);
            assert_eq!(fs::read(&target).unwrap(), b"first");
        }
    }

    #[test]
    fn drafts_of_killed_processes_are_taken_away_and_young_ones_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, age: Duration| {
            let path = folder.path().join(name);
            let file = File::create(&path).unwrap();
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
            path
        };
        let old = STALE * 2;
        let gone = ["v.db.0123456789abcdef.draft", "v.db.0123456789abcdef.draft-journal"].map(|name| make(name, old));
        let kept = ["w.db.0123456789abcdef.draft", "v.db.key", "v.db-wal", "v.db"].map(|name| make(name, old));
        let young = make("v.db.ffffffffffffffff.draft", STALE / 2);
        drop(Draft::beside(&folder.path().join("v.db")).unwrap());
        assert!(gone.iter().all(|path| !path.exists()));
        assert!(kept.iter().chain([&young]).all(|path| path.exists()));
    }
}
