//! An export of each released version is read. They stand beside the vaults of the released formats, made by the release that first
//! wrote them and never again; `KEYLATCH_MAKE_FIXTURE=yes cargo test -p keylatch --test moving` makes today's where there is none.

use std::path::{Path, PathBuf};

use keylatch::{ImportVault, OpenWith, SealFor, Secret, Status};

use crate::{Folder, IDENTITY, fill, for_recipient};

const RELEASED: [&str; 1] = ["export-1"];
const PASSPHRASE: &str = "fixture passphrase";

fn fixture(name: &str, kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}-{kind}.export"))
}

fn make(by_passphrase: &Path, for_the_recipient: &Path) {
    let folder = Folder::new();
    let client = folder.vault("from.db");
    fill(&client, 3);
    client.disable_connection(&client.get_connection("user-2", "postgresql").unwrap().id).unwrap();
    client.export_vault(by_passphrase, SealFor::Passphrase(Secret::new(PASSPHRASE.as_bytes()))).unwrap();
    client.export_vault(for_the_recipient, for_recipient()).unwrap();
}

#[test]
fn an_export_of_each_released_version_is_imported() {
    let newest = ["passphrase", "recipient"].map(|kind| fixture(RELEASED[RELEASED.len() - 1], kind));
    if std::env::var_os("KEYLATCH_MAKE_FIXTURE").is_some() && !newest[0].exists() {
        make(&newest[0], &newest[1]);
    }
    for name in RELEASED {
        let folder = Folder::new();
        let secret = |text: &str| Secret::new(text.as_bytes());
        for (kind, with) in [
            ("passphrase", OpenWith::Passphrase(secret(PASSPHRASE))),
            ("recipient", OpenWith::Identity(secret(IDENTITY))),
        ] {
            let to = folder.vault(&format!("{kind}.db"));
            let done = to.import_vault(ImportVault::new(fixture(name, kind), with)).unwrap();
            assert_eq!((done.integrations, done.connections), (1, 3), "{name} {kind}");
            let integration = &to.integrations(None).unwrap()[0];
            assert_eq!((&*integration.name, &*integration.app), ("Reports", "postgresql"));
            for (n, status) in &[(0, Status::Active), (1, Status::Active), (2, Status::Inactive)] {
                let filter = keylatch::ConnectionFilter { entity_id: Some(format!("user-{n}")), ..Default::default() };
                let [connection] = &to.connected_accounts(filter).unwrap().items[..] else {
                    panic!("{name}: user-{n}")
                };
                assert_eq!((&connection.status, connection.alias.as_deref()), (status, Some("main")));
                assert_eq!(connection.labels, ["a".to_owned(), format!("n{n}")]);
                if *status != Status::Active {
                    to.enable_connection(&connection.id).unwrap();
                }
                let dsn = to.dsn(&connection.id).unwrap();
                let password = format!("password%20%C3%BC%2F{n}%20of%20user-{n}");
                assert!(dsn.expose_text().unwrap().contains(&password), "{name}"); // expose: made up
            }
        }
    }
}
