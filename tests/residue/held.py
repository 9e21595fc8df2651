"""What a client holds while it lives is in memory, but in no dump of the process: keys, tokens, secret objects."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from doors import Door
from driving import SECONDS, Failed, Host, canary
from worlds import World, world

NONCE = 24
CONSTANTS = b"expand 32-byte k"


def data_key(vault: Path, master: bytes) -> bytes:
    """The key that seals a vault's records, as its master key unwraps it."""
    with sqlite3.connect(vault) as db:
        (wrapped,) = db.execute("SELECT wrapped FROM keys").fetchone()
    nonce, sealed = wrapped[1 : 1 + NONCE], wrapped[1 + NONCE :]
    # XChaCha20: the first block, less what went into it, is the key of the second step. Its first block is the tag's.
    block = words(keystream(master, nonce[:16]))
    before = words(CONSTANTS) + [0] * 8 + words(nonce[:16])
    after = [(block[i] - before[i]) % 2**32 for i in (*range(4), *range(12, 16))]
    second = struct.pack("<II", 1, 0) + nonce[16:]
    plain = Cipher(ChaCha20(struct.pack("<8I", *after), second), None).encryptor().update(sealed)
    return plain[:32]


def keystream(key: bytes, nonce: bytes) -> bytes:
    return Cipher(ChaCha20(key, nonce), None).encryptor().update(bytes(64))


def words(block: bytes) -> list[int]:
    return [word for (word,) in struct.iter_unpack("<I", block)]


def dumped(host: Host, pid: int, folder: Path) -> Path:
    """A dump of the process, which ends by it: the kernel's where it writes files, else gdb's."""
    if not Path("/proc/sys/kernel/core_pattern").read_text().startswith(("|", "/")):
        _, most = resource.prlimit(pid, resource.RLIMIT_CORE)
        resource.prlimit(pid, resource.RLIMIT_CORE, (most, most))
    elif shutil.which("gcore"):
        subprocess.run(
            ["gcore", "-o", str(folder / "core"), str(pid)], check=True, capture_output=True, timeout=SECONDS
        )
    os.kill(pid, signal.SIGABRT)
    deadline = time.monotonic() + SECONDS
    # A zombie has been dumped. It stays one until the scanner is told to end.
    while "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    found = [file for file in folder.glob("core*") if file.stat().st_size > 0]
    if not found:
        raise Failed("no dump: the kernel pipes its dumps elsewhere and gcore is missing, or RLIMIT_CORE is 0")
    return found[0]


def use(host: Host, around: World) -> list[bytes]:
    """Has the client hold all kinds of secrets; what it holds beside what it was told to."""
    secret, token = canary(), canary()
    host.must("hold", held=secret)
    around.answer({"json": {"access_token": token.decode(), "expires_in": 3600}})
    around.open(host, strict="strict")
    if around.project:
        host.must("initiate", "bytearray", "auto", "user-1", secret=canary())
        return []
    host.must("integrate", "paypal", around.app, "client_secret", "client_id", "client-1")
    host.must("initiate", "bytearray", "auto", "user-1", secret=canary())
    host.must("request", "/v1/anything")
    return [token, data_key(around.folder / "vault.db", around.key)]


def check(door: Door, backend: str) -> list[str]:
    """What is wrong with one door's dump."""
    wrong = []
    with world(backend, "https") as around, Host(*door.command, folder=around.folder, ends=1) as host:
        held = [*use(host, around), *host.held]
        if backend == "vault":
            held.remove(around.key)  # not needed any more, once it has opened the data key
        host.must("plant", door.plants[0], around.double.http + "/", secret=canary())
        wanted = [*held, *host.canaries]
        here = host.look(wanted)
        there = {find.canary for find in here.copies}
        missed = [number for number in (*range(len(held)), len(wanted) - 1) if number not in there]
        if missed:
            wrong.append(
                f"secrets {missed} of {len(wanted)} are not in memory, so that a dump without them proves nothing"
            )
        dump = dumped(host, here.pid, around.folder)
        finds = host.look([*wanted, around.key], dump).copies
        dump.unlink()
    if not any(find.canary == len(wanted) - 1 for find in finds):
        wrong.append("the planted secret is not in the dump, so that it proves nothing")
    wrong += [str(find) for find in finds if find.canary != len(wanted) - 1]
    return wrong
