"""From a file into PostgreSQL, and back: all of it, equal by keyed hash, or nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from keylatch import Keylatch
from keylatch.errors import CorruptRecordError, KeylatchError, WrongKeyError
from vaults import KEY, Vaults

PASSPHRASE = b"canary for the move"
# More than an import stores in one transaction.
COUNT = 510


def filled(path: Path) -> Keylatch:
    client = Keylatch(path, key=KEY)
    integration = client.integrations.create("postgresql", allow=["reveal"]).id
    for number in range(COUNT):
        client.initiate_connection(
            entity_id=f"user-{number}",
            integration_id=integration,
            connected_account_params={
                "host": "db.example.com",
                "username": "app",
                "password": bytearray(b"canary-%d" % number),
                "database": "app",
            },
            verify="off",
            labels=[f"label-{number % 7}"],
        )
    return client


def hashes(client: Keylatch) -> dict[str, str]:
    """A keyed hash of each connection: of what is told of it, and of its credentials."""
    found: dict[str, str] = {}
    cursor = None
    while True:
        page = client.connected_accounts.list(limit=500, cursor=cursor)
        for account in page:
            told = repr(account.to_dict()).encode()
            with client.connected_accounts.dsn(account.id) as dsn:
                found[account.id] = hashlib.blake2b(told + dsn.expose(), key=KEY).hexdigest()
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_file_moves_into_postgresql_and_back(vaults: Vaults, tmp_path: Path) -> None:
    with filled(tmp_path / "vault.db") as file:
        before = hashes(file)
        assert len(set(before.values())) == COUNT
        file.export_vault(tmp_path / "there.export", passphrase=PASSPHRASE)
    there = vaults.open()
    moved = there.import_vault(tmp_path / "there.export", passphrase=PASSPHRASE)
    assert (moved.integrations, moved.connections, moved.already_there) == (1, COUNT, 0)
    assert hashes(there) == before
    there.export_vault(tmp_path / "back.export", passphrase=PASSPHRASE)
    with Keylatch(tmp_path / "back.db", key=bytes(32)) as back:
        back.import_vault(tmp_path / "back.export", passphrase=PASSPHRASE)
        assert hashes(back) == before


def test_what_is_not_whole_leaves_nothing_in_postgresql(vaults: Vaults, tmp_path: Path) -> None:
    export, broken = tmp_path / "there.export", tmp_path / "broken.export"
    with filled(tmp_path / "vault.db") as file:
        file.export_vault(export, passphrase=PASSPHRASE)
    whole, there = export.read_bytes(), vaults.open()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    refused: list[tuple[bytes, bytes, type[KeylatchError]]] = [
        (whole[:middle], PASSPHRASE, CorruptRecordError),
        (whole[:-1], PASSPHRASE, CorruptRecordError),
        (flipped, PASSPHRASE, CorruptRecordError),
        (whole, b"another passphrase", WrongKeyError),
    ]
    for content, passphrase, kind in refused:
        broken.write_bytes(content)
        with pytest.raises(kind):
            there.import_vault(broken, passphrase=passphrase)
        assert vaults.sql("SELECT count(*) FROM connections") == "0"
        assert vaults.sql("SELECT count(*) FROM integrations") == "0"
