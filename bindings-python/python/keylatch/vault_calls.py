"""The calls on a vault as a whole: its key, its data keys, its log, copies of it, and its state."""

from __future__ import annotations

from os import PathLike
from typing import TypeVar

from keylatch import _calls
from keylatch._calls import Call, Value
from keylatch._forget import forgetful
from keylatch._transit import Transit
from keylatch.models import AuditCheck, AuditLog, Diagnosis, Exported, Imported, Rotation

T = TypeVar("T")


class VaultCalls:
    """What `Keylatch` has of these."""

    def _run(self, call: Call[T]) -> T:
        raise NotImplementedError  # the client does

    def backup(self, path: str | PathLike[str]) -> None:
        """Writes the vault as it is at this moment to a new file, while this and other clients go on.

        path: whole and on disk when the call returns, or not there. The backup opens as a vault, with the same key: a
            key file is not copied.

        Raises `AlreadyExistsError` where there is a file, `StorageError`, and `InvalidArgumentError` where the folder
        is not there and on Composio's API, where there is no vault.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     client.backup("backup.db")
        >>> with Keylatch("backup.db", key_file="vault.db.key") as copy:
        ...     copy.diagnose().warnings
        ()
        """
        self._run(_calls.backup(path))

    @forgetful
    def change_key(
        self,
        *,
        key: Value | None = None,
        key_env: str | None = None,
        key_file: str | PathLike[str] | None = None,
        passphrase: Value | None = None,
        keyring: str | None = None,
        transit: Transit | None = None,
    ) -> None:
        """Gives the vault another key: its data keys are sealed with that, all at once, and no record is touched.

        Give at most one of key (32 bytes), key_env, key_file, passphrase, keyring and transit, as to `Keylatch`;
        without one the key is in the file beside the vault. A key file that is not there is made; the one in use gets a
        new key in the place of its own; the same Transit key again seals a new one with its newest version. Other
        clients that have the vault open go on until they need a data key that came later, then `WrongKeyError` tells
        them to open it again. Backups keep their key.

        Raises `WrongKeyError` where another client has changed the key since this one opened the vault,
        `VaultLockedError` for a source without a key, and `InvalidArgumentError` for the key that the vault has already
        and on Composio's API, where there is no vault.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     client.change_key(passphrase=bytearray(b"correct horse battery staple"))
        >>> with Keylatch("vault.db", passphrase=bytearray(b"correct horse battery staple")) as client:
        ...     client.diagnose().key_source
        'passphrase'
        """
        self._run(_calls.change_key(key, key_file, passphrase, transit, key_env=key_env, keyring=keyring))

    def rotate_data_key(self, *, limit: int | None = None, cursor: str | None = None) -> Rotation:
        """Gives the vault a new data key, and seals every record with it, a batch a call, while others read and write.

        limit: how many records to seal anew in this batch, 1 to 5 000. Default: 500.
        cursor: `next_cursor` of the batch before. Without it a rotation that was broken off goes on, also by another
            process; or else another one begins.

        The last batch deletes the older data keys, in a transaction that finds no record sealed with them. A record
        that does not open stays as it is, and its key with it: the answers name both.

        Raises `WrongKeyError` as `change_key` does, `StorageError`, and `InvalidArgumentError` for a limit or cursor
        that cannot be and on Composio's API, where there is no vault.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     batch = client.rotate_data_key()
        ...     while batch.next_cursor:
        ...         print(batch.remaining, "to go")
        ...         batch = client.rotate_data_key(cursor=batch.next_cursor)
        ...     batch.kept_keys
        ()
        """
        return self._run(_calls.rotate_data_key(limit=limit, cursor=cursor))

    def audit_log(
        self,
        *,
        after: int = 0,
        limit: int | None = None,
        entity_id: str | None = None,
        connected_account_id: str | None = None,
    ) -> AuditLog:
        """The vault's audit log: who connected, used, verified or deleted what, and when. Oldest entry first.

        after: only entries behind the one of this number; give the `seq` of the last one to go on.
        limit: how many at most, 1 to 500. Default: 50.
        entity_id, connected_account_id: only those about this user, about this connection, which may be gone.

        Works whether or not this client writes the log (`audit`). docs/audit.md tells what stands in an entry.

        Raises `CorruptRecordError` for an id where the log's key does not open, and `InvalidArgumentError` for a limit
        that cannot be and on Composio's API, where there is no vault.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db", audit="required") as client:
        ...     made = client.initiate_connection(
        ...         entity_id="user-1",
        ...         app_name="stripe",
        ...         connected_account_params={"api_key": bytearray(b"sk_test_123")},
        ...         verify="off",
        ...     )
        ...     log = client.audit_log(entity_id="user-1")
        ...     [(entry.action, entry.outcome) for entry in log]
        [('initiate_connection', 'not_checked')]
        """
        args = {"entity_id": entity_id, "connected_account_id": connected_account_id}
        return self._run(_calls.audit_log(after=after, limit=limit, **args))

    def check_audit(self, head: str | None = None) -> AuditCheck:
        """Reads the whole audit log and says what is not as it was written: gone, changed or not in its place.

        head: one that this or `audit_log` gave out earlier and that was kept elsewhere. Only with it a log whose end
            was cut off shows.

        Raises `InvalidArgumentError` for a head that is none, and on Composio's API, where there is no vault.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     check = client.check_audit()
        ...     check.faults
        ()
        """
        return self._run(_calls.check_audit(head=head))

    @forgetful
    def export_vault(
        self, path: str | PathLike[str], *, passphrase: Value | None = None, recipient: str | None = None
    ) -> Exported:
        """Writes all integrations and connections to a new sealed file, from which another vault can import them.

        path: whole and on disk when the call returns, or not there.
        Give one of passphrase, and recipient, a public key as age writes it (`age1…`): its secret key opens the file.

        Each record is in it as it is when the export comes by, while this and other clients go on. One that does not
        open is left out, and named in the answer. Takes as much memory for many records as for few.

        Raises `AlreadyExistsError` where there is a file, `StorageError`, and `InvalidArgumentError` for a recipient
        that is none, where the folder is not there, and on Composio's API, where there is no vault.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     client.export_vault("moved.export", passphrase=bytearray(b"correct horse battery staple"))
        Exported(integrations=0, connections=0, damaged_integrations=(), damaged_connections=())
        """
        return self._run(_calls.export_vault(path, passphrase, recipient))

    @forgetful
    def import_vault(
        self,
        path: str | PathLike[str],
        *,
        passphrase: Value | None = None,
        identity: Value | None = None,
        dry_run: bool = False,
    ) -> Imported:
        """Stores what an export holds and this vault does not, under the same ids, for this client's tenant.

        Give what opens the file: the passphrase, or the identity, the recipient's secret key (`AGE-SECRET-KEY-1…`).
        dry_run: only tell what would be done.

        Nothing is overwritten: what is there with the same values is counted, and what is there with others is named.
        The whole file is checked before anything is stored. After a crash or an error, import the same file again: it
        goes on.

        Raises `WrongKeyError` for a passphrase or identity that does not open the file, `CorruptRecordError` for a file
        that is damaged, cut or of a later version, `StorageError`, and `InvalidArgumentError` where there is no such
        file or it is no export, and on Composio's API, where there is no vault. Of these, only `StorageError` may come
        after something was stored.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     exported = client.export_vault("vault.export", passphrase=bytearray(b"correct horse battery staple"))
        >>> with Keylatch("other.db") as client:
        ...     client.import_vault("vault.export", passphrase=bytearray(b"correct horse battery staple")).connections
        0
        """
        return self._run(_calls.import_vault(path, passphrase, identity, dry_run))

    def diagnose(self) -> Diagnosis:
        """The state of the vault: its file, format, key and records, and what to do about what is wrong.

        Looks at every record, and gives no credential away. `keylatch.diagnose` does the same for a vault that does
        not open.

        Raises `InvalidArgumentError` on Composio's API, where there is no vault.
        """
        return self._run(_calls.diagnose())
