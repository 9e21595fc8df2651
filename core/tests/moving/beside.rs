//! Imports into a vault that holds something: what is there stays as it is, and what conflicts is named.

use keylatch::{ImportVault, Params, UpdateCredentials, Verify};

use crate::{Folder, connect, contents, import_of, is_empty, random_key};

#[test]
fn what_is_there_with_other_values_stays_and_is_named() {
    let folder = Folder::new();
    let (from, path) = folder.export(6);
    let to = folder.vault("to.db");
    assert_eq!(to.import_vault(import_of(&path)).unwrap().connections, 6);
    let id = |user: &str| from.get_connection(user, "postgresql").unwrap().id;
    let integration = from.integrations(None).unwrap()[0].id.clone();
    // Other credentials, the state of the same ones, and a connection of the importing vault's own that has an alias.
    let connected_account_params = Params::new().text("password", "another");
    let changed =
        UpdateCredentials { connected_account_id: id("user-1"), connected_account_params, verify: Verify::Off };
    to.update_credentials(changed).unwrap();
    to.disable_connection(&id("user-2")).unwrap();
    to.set_alias(&id("user-3"), Some("other")).unwrap();
    to.delete_connection(&id("user-4"), false).unwrap();
    to.delete_connection(&id("user-5"), false).unwrap();
    connect(&to, &integration, "user-5", 5);
    let key = random_key();
    let before = contents(&to, &key);

    for dry_run in [true, false] {
        let done = to.import_vault(ImportVault { dry_run, ..import_of(&path) }).unwrap();
        assert_eq!((done.integrations, done.connections, done.already_there), (0, 1, 4));
        assert_eq!(done.conflicting_connections, [id("user-1"), id("user-5")]);
        assert_eq!(contents(&to, &key) == before, dry_run);
    }
    to.delete_connection(&id("user-4"), false).unwrap();
    assert_eq!(contents(&to, &key), before, "nothing else has changed");
}

#[test]
fn connections_of_an_integration_that_conflicts_are_not_given_to_the_other_one() {
    let folder = Folder::new();
    let (_, path) = folder.export(3);
    let to = folder.vault("to.db");
    assert_eq!(to.import_vault(import_of(&path)).unwrap().connections, 3);
    for id in contents(&to, &[0; 32]).hashes.keys() {
        to.delete_connection(id, false).unwrap();
    }
    to.close();
    // The same id with another seal, so with other contents.
    let db = rusqlite::Connection::open(folder.path("to.db")).unwrap();
    assert_eq!(db.execute("UPDATE integrations SET name = 'Another'", []).unwrap(), 1);
    drop(db);
    let to = folder.vault("to.db");
    for dry_run in [true, false] {
        let done = to.import_vault(ImportVault { dry_run, ..import_of(&path) }).unwrap();
        assert_eq!((done.integrations, done.connections, done.already_there), (0, 0, 0));
        assert_eq!((done.conflicting_integrations.len(), done.conflicting_connections.len()), (1, 3));
    }
    assert!(contents(&to, &[0; 32]).connections.is_empty());
}

#[test]
fn tenants_of_one_file_share_no_ids_so_that_each_import_goes_to_one() {
    let folder = Folder::new();
    let (_, path) = folder.export(3);
    let other = folder.vault_of("from.db", "other");
    for dry_run in [true, false] {
        let done = other.import_vault(ImportVault { dry_run, ..import_of(&path) }).unwrap();
        assert_eq!((done.integrations, done.connections, done.already_there), (0, 0, 0));
        assert_eq!((done.conflicting_integrations.len(), done.conflicting_connections.len()), (1, 3));
    }
    assert!(is_empty(&other));
    let elsewhere = folder.vault_of("to.db", "other");
    assert_eq!(elsewhere.import_vault(import_of(&path)).unwrap().connections, 3);
}
