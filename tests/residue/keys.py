"""A vault's own secrets, and moving what it holds: opening by Transit, exporting and importing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from calls import FEW, Calls, Look
from driving import Failed, canary
from worlds import LONGEST_MS

Json = Any
DOING = ("encrypt", "decrypt")


def ready(token: bytes) -> Json:
    """A Transit engine that this token may ask."""
    return {"transit": {"tokens": {token.decode(): {f"transit/{what}/app": ["update"] for what in DOING}}}}


def by_transit(calls: Calls) -> Iterator[Look]:
    """The token is nowhere once the vault is open, and the vault's key, which the engine gave, once it is closed."""
    if calls.world.project:
        return
    path, sealed = str(calls.world.folder / "sealed.db"), b""
    for title in ("made", "opened"):
        calls.host.must("close")
        token = canary()
        calls.world.answer(ready(token))
        calls.host.must("transit", path, calls.world.app, secret=token)
        asked = [json.loads(one["body"]) for one in calls.world.double.requests()]
        if len(asked) != {"made": 3, "opened": 1}[title]:
            raise Failed(f"a vault is {title} with {len(asked)} requests")
        sealed = sealed or base64.b64decode(asked[0]["plaintext"])
        yield Look(f"{title} by Transit")
    if not any(find.length == len(sealed) for find in calls.host.look([sealed]).copies):
        raise Failed("the key of the open vault is not found, so that its absence would prove nothing")
    calls.host.must("close")
    calls.host.canaries.append(sealed)
    yield Look("closed, with the key that Transit gave", patient=True)


def moved(calls: Calls) -> Iterator[Look]:
    """What a vault holds goes to a file and into another vault; a wrong passphrase opens nothing."""
    if calls.world.project:
        return
    folder = calls.world.folder
    file, passphrase = str(folder / "moved.export"), canary()
    calls.reopen()
    for _ in range(FEW):
        calls.initiate(verify="off")
    calls.host.must("export", file, secret=passphrase)
    yield Look("exported")
    calls.host.must("import", file, secret=passphrase)
    yield Look("imported where it is there already")
    calls.host.must("import", file, secret=canary(), says="error")
    yield Look("refused to import")
    calls.host.must("close")
    where = str(folder / "other.db")
    calls.host.must("open", "vault", where, str(LONGEST_MS), "lax", held=calls.world.key)
    calls.host.must("import", file, secret=passphrase)
    yield Look("imported")
    calls.host.must("close")
    yield Look("imported and closed")
