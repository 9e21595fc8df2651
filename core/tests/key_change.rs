//! A vault gets another key: from every source to every other, beside clients that have it open, and with a crash at each point.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

use std::path::{Path, PathBuf};
use std::sync::Barrier;

use keylatch::{Client, ErrorKind, InitiateConnection, KeySource, Options, Params, RotateDataKey, Secret, Verify};

struct Folder {
    _kept: tempfile::TempDir,
    vault: PathBuf,
    key: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        let file = |name: &str| kept.path().join(name);
        Self { vault: file("vault.db"), key: file("vault.db.key"), _kept: kept }
    }

    fn client(&self, key: KeySource) -> keylatch::Result<Client> {
        Client::open(Options { path: Some(self.vault.clone()), key, ..Options::default() })
    }

    /// A vault with one connection, its key in a file beside it, that nobody has open.
    fn with_connection() -> Self {
        let folder = Self::new();
        let client = folder.client(KeySource::FileBesideVault).unwrap();
        connect(&client, "user-1");
        client.close();
        folder
    }

    fn former(&self) -> PathBuf {
        self.key.with_extension("key.former")
    }

    fn other(&self) -> PathBuf {
        self.vault.with_file_name("other.key")
    }
}

fn connect(client: &Client, user: &str) {
    let ask = InitiateConnection {
        verify: Verify::Off,
        ..InitiateConnection::to_app("stripe", Params::new().text("api_key", "sk_test_good_0001"))
    };
    client.entity(user).initiate_connection(ask).unwrap();
}

fn is_whole(client: &Client, connections: u64) {
    let found = client.diagnose().unwrap();
    assert_eq!((found.key_fits, found.connections), (Some(true), Some(connections)));
    assert_eq!((found.warnings, found.damaged_connections), (vec![], vec![]));
}

fn kind<T>(result: keylatch::Result<T>) -> ErrorKind {
    result.err().unwrap().kind()
}

#[cfg(unix)]
fn is_private(file: &Path) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions()) & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_file: &Path) -> bool {
    true
}

#[test]
fn a_vault_goes_from_every_source_of_a_key_to_every_other() {
    let folder = Folder::with_connection();
    // What a test would set is the environment of all tests: Cargo's own variables are no keys, so this source is left out.
    let sources = [
        KeySource::FileBesideVault,
        KeySource::File(folder.other()),
        KeySource::Bytes(Secret::new(&[1; 32])),
        KeySource::Passphrase(Secret::new(b"correct horse")),
    ];
    let mut now = KeySource::FileBesideVault;
    for (from, to) in (0..4).flat_map(|from| (0..4).map(move |to| (from, to))) {
        let client = folder.client(now.duplicate()).unwrap();
        if !same(&now, &sources[from]) {
            client.change_key(sources[from].duplicate()).unwrap();
        }
        let changed = client.change_key(sources[to].duplicate());
        now = sources[to].duplicate();
        if from == to && matches!(now, KeySource::Bytes(_)) {
            assert_eq!(kind(changed), ErrorKind::InvalidArgument, "the key that it has already");
        } else {
            changed.unwrap();
        }
        is_whole(&client, 1);
        client.close();
        for (at, source) in sources.iter().enumerate() {
            let opened = folder.client(source.duplicate());
            assert_eq!(opened.is_ok(), at == to, "{from} to {to}: {at}");
            match opened {
                Ok(client) => is_whole(&client, 1),
                // A file that was not made yet is missing.
                Err(error) => assert!(matches!(error.kind(), ErrorKind::WrongKey | ErrorKind::VaultLocked), "{error}"),
            }
        }
    }
    assert!(is_private(&folder.key) && is_private(&folder.other()));
    assert!(!folder.former().exists());
}

fn same(a: &KeySource, b: &KeySource) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

#[test]
fn who_has_the_vault_open_goes_on_until_a_key_is_missed() {
    let folder = Folder::new();
    let [ours, theirs] = [(), ()].map(|()| folder.client(KeySource::Bytes(Secret::new(&[1; 32])))).map(Result::unwrap);
    connect(&ours, "user-1");
    ours.change_key(KeySource::Bytes(Secret::new(&[2; 32]))).unwrap();
    connect(&theirs, "user-2");
    connect(&ours, "user-3");
    let warnings = theirs.diagnose().unwrap().warnings;
    assert_eq!(warnings, ["the vault's key was changed: open it again with the new one"]);
    let refused = theirs.rotate_data_key(RotateDataKey::default()).err().unwrap();
    assert_eq!((refused.kind(), refused.message()), (ErrorKind::WrongKey, warnings[0].as_str()));

    let rotation = ours.rotate_data_key(RotateDataKey::default()).unwrap();
    assert_eq!((rotation.resealed, rotation.remaining, rotation.next_cursor), (4, 0, None));
    let id = ours.get_connection("user-2", "stripe").unwrap().id;
    assert_eq!(kind(theirs.verify_connection(&id)), ErrorKind::WrongKey);
    assert_eq!(theirs.get_connection("user-2", "stripe").unwrap().id, id, "what is not sealed is there");
    is_whole(&ours, 3);
}

#[test]
fn who_takes_the_key_from_the_file_takes_the_new_one() {
    let folder = Folder::with_connection();
    let [ours, theirs] = [(), ()].map(|()| folder.client(KeySource::FileBesideVault)).map(Result::unwrap);
    ours.change_key(KeySource::FileBesideVault).unwrap();
    assert_eq!(ours.rotate_data_key(RotateDataKey::default()).unwrap().resealed, 2);
    is_whole(&theirs, 1);
    theirs.change_key(KeySource::FileBesideVault).unwrap();
    is_whole(&ours, 1);
}

#[test]
fn a_change_that_was_broken_off_at_any_point_leaves_a_vault_that_opens() {
    let folder = Folder::with_connection();
    let state = |folder: &Folder| [&folder.vault, &folder.key].map(|file| std::fs::read(file).unwrap());
    let [old_vault, old_key] = state(&folder);
    let client = folder.client(KeySource::FileBesideVault).unwrap();
    client.change_key(KeySource::FileBesideVault).unwrap();
    client.close();
    let [new_vault, new_key] = state(&folder);
    assert_ne!(old_key, new_key);

    let points = [
        ("before anything is changed", &old_vault, &old_key, Some(&old_key), Some(&old_key)),
        ("with the file changed and the vault not", &old_vault, &new_key, Some(&old_key), Some(&old_key)),
        ("with both changed", &new_vault, &new_key, Some(&old_key), Some(&new_key)),
        ("and not kept, as no crash does it", &old_vault, &new_key, None, None),
    ];
    for (point, vault, key, former, opens_with) in points {
        for file in ["vault.db-wal", "vault.db-shm"] {
            let _ = std::fs::remove_file(folder.vault.with_file_name(file));
        }
        std::fs::write(&folder.vault, vault).unwrap();
        std::fs::write(&folder.key, key).unwrap();
        if let Some(former) = former {
            std::fs::copy(&folder.key, folder.former()).unwrap(); // with its mode
            std::fs::write(folder.former(), former).unwrap();
        }
        let found = keylatch::diagnose(&Options { path: Some(folder.vault.clone()), ..Options::default() }).unwrap();
        assert_eq!(found.key_fits, Some(opens_with.is_some()), "{point}");
        assert_eq!(folder.former().exists(), former.is_some(), "{point}: a diagnosis changes nothing");
        match (folder.client(KeySource::FileBesideVault), opens_with) {
            (Ok(client), Some(key)) => {
                is_whole(&client, 1);
                assert_eq!(&std::fs::read(&folder.key).unwrap(), key, "{point}");
                assert!(!folder.former().exists(), "{point}");
                client.change_key(KeySource::FileBesideVault).unwrap();
                is_whole(&client, 1);
            }
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::WrongKey, "{point}"),
            (opened, _) => panic!("{point}: {:?}", opened.err()),
        }
    }
}

#[test]
fn many_change_the_key_file_at_once_and_nobody_is_locked_out() {
    let folder = Folder::with_connection();
    let ready = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let client = folder.client(KeySource::FileBesideVault).unwrap();
                ready.wait();
                for _ in 0..8 {
                    client.change_key(KeySource::FileBesideVault).unwrap();
                    is_whole(&folder.client(KeySource::FileBesideVault).unwrap(), 1);
                }
            });
        }
    });
    is_whole(&folder.client(KeySource::FileBesideVault).unwrap(), 1);
    assert!(!folder.former().exists());
}
