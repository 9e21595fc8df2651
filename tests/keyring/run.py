"""Vaults whose key is in the operating system's keyring: `make test-keyring`. README.md says how it is made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from driving import Host
from keylatch import Keylatch
from keylatch.errors import KeylatchError
from session import Session, session, silent_bus

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIBRARY = ROOT / "target/release"
PROGRAMS = ("gnome-keyring-daemon", "dbus-daemon", "secret-tool")
SERVICE = "keylatch-test"
PATIENT_MS, SHORT_MS = 20_000, 700
SECONDS = 60
PYTHON = [sys.executable, str(HERE / "opens.py")]


class Desk:
    """A session, and the programs of all languages in it."""

    def __init__(self, at: Session, programs: dict[str, list[str]]) -> None:
        self.session, self.programs, self._vaults = at, programs, 0
        self.at_work = "nothing"

    def new_vault(self) -> Path:
        self._vaults += 1
        return self.session.folder / f"vault-{self._vaults}.db"

    def start(
        self, program: list[str], vault: Path, ms: int, env: dict[str, str], more: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        command = [*program, str(vault), SERVICE, str(ms), *more]
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def open(
        self,
        vault: Path,
        how: str | list[str] = "python",
        ms: int = PATIENT_MS,
        env: dict[str, str] | None = None,
        more: Sequence[str] = (),
    ) -> str:
        """What a program says of opening this vault."""
        self.at_work = f"{how} with {vault.name}"
        program = self.programs[how] if isinstance(how, str) else how
        with self.start(program, vault, ms, env or self.session.env, more) as process:
            said, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, f"{program} ended with {process.returncode}"
        return said.strip()

    def fill(self, vault: Path) -> str:
        """Makes the vault with a connection in it; the account of its entry."""
        before = set(self.session.accounts(SERVICE))
        is_ok(self.open(vault, [*PYTHON, "fill"]), 1)
        (account,) = set(self.session.accounts(SERVICE)) - before
        return account


def is_ok(said: str, connections: int = 0) -> None:
    assert said == f"ok keyring {connections}", said


def refuses(said: str, code: str, *words: str) -> None:
    assert said.startswith(f"{code}: ") and all(word in said for word in words), said


def refusal(vault: Path, **options: Any) -> str:
    """What the Python package says here, where there is no session."""
    try:
        Keylatch(vault, **options).close()
    except KeylatchError as error:
        return f"{error.code}: {error.message}"
    raise AssertionError(f"opened with {options}")


def without_a_keyring(desk: Desk) -> None:
    """No bus at all, one that is gone, a bus without a keyring, a bus that never answers."""
    vault, bare = desk.new_vault(), desk.session.without_bus
    gone = {**bare, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={desk.session.folder}/nowhere"}
    for language in desk.programs:
        refuses(desk.open(vault, language, env=bare), "vault_locked", "no keyring answers here", "passphrase")
    for env in (gone, desk.session.env):
        refuses(desk.open(vault, env=env), "vault_locked", "no keyring answers here")
    with silent_bus(desk.session.folder) as address:
        silent = {**bare, "DBUS_SESSION_BUS_ADDRESS": address}
        refuses(desk.open(vault, ms=SHORT_MS, env=silent), "vault_locked", "did not answer within 700ms")
    desk.session.start_keyring()
    is_ok(desk.open(vault))


def one_key_for_all(desk: Desk) -> None:
    """The first opening makes a key, and every language opens with it."""
    vault = desk.new_vault()
    account = desk.fill(vault)
    assert len(desk.session.secret(SERVICE, account)) == 64
    for language in desk.programs:
        is_ok(desk.open(vault, language), 1)
        is_ok(desk.open(desk.new_vault(), language))
    assert not Path(f"{vault}.key").exists()


def all_at_once(desk: Desk) -> None:
    """Whoever makes the vault first, all go on with that key, and no other is left in the keyring."""
    for _ in range(3):
        vault, before = desk.new_vault(), set(desk.session.accounts(SERVICE))
        running = [desk.start(each, vault, PATIENT_MS, desk.session.env) for each in desk.programs.values()]
        for process in running:
            is_ok(process.communicate(timeout=SECONDS)[0].strip())
        assert len(set(desk.session.accounts(SERVICE)) - before) == 1
        is_ok(desk.open(vault))


def key_gone_and_changed(desk: Desk) -> None:
    """Without its key a vault stays as it is, and no new key is made; with the key back it opens."""
    vault = desk.new_vault()
    account = desk.fill(vault)
    key, before = desk.session.secret(SERVICE, account), len(desk.session.accounts(SERVICE))
    desk.session.remove(SERVICE, account)
    for language in desk.programs:
        refuses(desk.open(vault, language), "vault_locked", f"no entry {account} of {SERVICE}", "put it back")
    assert len(desk.session.accounts(SERVICE)) == before - 1
    desk.session.put(SERVICE, account, os.urandom(32).hex().encode())
    refuses(desk.open(vault), "wrong_key")
    desk.session.put(SERVICE, account, key[:60])
    refuses(desk.open(vault), "vault_locked", "is damaged")
    desk.session.put(SERVICE, account, key)
    is_ok(desk.open(vault), 1)


def locked(desk: Desk) -> None:
    """Nobody answers when the keyring asks for its password: an old vault and a new one wait as long as they may."""
    vault = desk.new_vault()
    desk.fill(vault)
    desk.session.lock()
    for language in desk.programs:
        refuses(desk.open(vault, language, SHORT_MS), "vault_locked", "did not answer within 700ms", "unlock it")
    refuses(desk.open(desk.new_vault(), ms=SHORT_MS), "vault_locked", "did not answer within 700ms")
    desk.session.unlock()
    is_ok(desk.open(vault), 1)


def other_sources(desk: Desk) -> None:
    """The key opens the vault from elsewhere too; no source takes another's place unasked, and asked for it does."""
    vault = desk.new_vault()
    key = bytearray.fromhex(desk.session.secret(SERVICE, desk.fill(vault)).decode())
    with Keylatch(vault, key=key) as client:
        assert len(client.connected_accounts.list().items) == 1
    refuses(refusal(vault), "wrong_key", "a key from the system's keyring")
    refuses(refusal(vault, passphrase=bytearray(b"words")), "wrong_key", "not with a passphrase")
    other = desk.new_vault()
    Keylatch(other, key=bytearray(range(32))).close()
    refuses(desk.open(other), "wrong_key", "a key that no keyring holds")
    moved = desk.new_vault()
    Keylatch(moved).close()
    is_ok(desk.open(moved, "rust", more=("moves",)))
    is_ok(desk.open(moved))
    refuses(refusal(desk.new_vault(), keyring=" "), "invalid_argument", "the name of the application")
    refuses(refusal(vault, keyring="both", key=bytearray(32)), "invalid_argument", "at most one of")


def forked(desk: Desk) -> None:
    """Both sides of a fork ask the keyring anew."""
    said = desk.open(desk.new_vault(), [*PYTHON, "fork"])
    assert said.splitlines() == ["ok keyring 0"] * 3, said


def left_in_memory(desk: Desk) -> None:
    """A client holds the vault's key while it lives; then it is nowhere in the process any more."""
    vault = desk.new_vault()
    key = bytes.fromhex(desk.session.secret(SERVICE, desk.fill(vault)).decode())
    env = [f"{name}={value}" for name, value in desk.session.env.items()]
    with Host("env", *env, *PYTHON, "hold", str(vault), SERVICE, str(PATIENT_MS)) as host:
        assert host.hear().startswith("ok ")
        assert len(host.look([key]).copies) == 1, "not where it must be"
        host.must("close", says="closed")
        found = host.look([key]).finds
        assert not found, "\n".join(map(str, found))


CASES: list[Callable[[Desk], None]] = [
    without_a_keyring,
    one_key_for_all,
    all_at_once,
    key_gone_and_changed,
    locked,
    other_sources,
    forked,
    left_in_memory,
]


def compiled(source: str, compiler: str, standard: str, folder: Path) -> list[str]:
    program = folder / source.replace(".", "-")
    command = [compiler, standard, "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
    links = [f"-L{LIBRARY}", "-lkeylatch", f"-Wl,-rpath,{LIBRARY}"]
    subprocess.run([*command, str(HERE / source), "-o", str(program), *links], check=True)
    return [str(program)]


def programs(folder: Path) -> dict[str, list[str]]:
    found = {
        "rust": [str(ROOT / "target/debug/keyring_opens")],
        "python": [*PYTHON, "sync"],
        "asyncio": [*PYTHON, "asyncio"],
        "node": ["node", str(HERE / "opens.mjs")],
        "c": compiled("opens.c", os.environ.get("CC", "cc"), "-std=c99", folder),
    }
    cxx = os.environ.get("CXX", "c++")
    if shutil.which(cxx):
        found["c++"] = compiled("opens.cpp", cxx, "-std=c++17", folder)
    return found


def main() -> int:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        print(f"missing here, install with `make servers`: {', '.join(missing)}")
        return 1 if os.environ.get("CI") == "true" else 0
    with TemporaryDirectory(prefix="keylatch-keyring-") as folder, session() as at:
        desk = Desk(at, programs(Path(folder)))
        for case in CASES:
            try:
                case(desk)
            except AssertionError as wrong:
                wrong.add_note(f"the last to open: {desk.at_work}")
                raise
            print(f"keyring: {case.__name__.replace('_', ' ')}: ok", flush=True)
    print(f"{len(CASES)} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
