"""A session bus with GNOME's keyring on it, in a folder of its own, and `secret-tool` to change it without us."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SECONDS = 20
# The folder for services has one alone, the program that would ask for the keyring's password. It never answers.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
PROMPTER = "[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec=/bin/sleep 60\n"


class Session:
    """What a desktop session has: folders, a bus and, once it is started, a keyring. It ends with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._password = secrets.token_hex(16).encode()
        self._running: list[subprocess.Popen[bytes]] = []
        places = {
            f"XDG_{name}": folder / name.lower() for name in ("RUNTIME_DIR", "DATA_HOME", "CONFIG_HOME", "CACHE_HOME")
        }
        for place in (*places.values(), folder / "services"):
            place.mkdir(mode=0o700)
        (folder / "bus.conf").write_text(BUS.format(folder=folder))
        (folder / "services/prompter.service").write_text(PROMPTER)
        self.without_bus = {"HOME": str(folder), "PATH": os.environ["PATH"]} | {
            name: str(place) for name, place in places.items()
        }
        self.env = self.without_bus | {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus"}

    def start_bus(self) -> None:
        bus = self._start("dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--print-address")
        assert bus.stdout is not None and bus.stdout.readline(), "the bus does not start"

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._running.append(process)
        return process

    def start_keyring(self) -> None:
        """Starts it, its login collection made or unlocked with the password."""
        self._keyring = keyring = self._start(
            "gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"
        )
        assert keyring.stdin is not None
        keyring.stdin.write(self._password)
        keyring.stdin.close()
        keyring.stdin = None
        deadline = time.monotonic() + SECONDS
        while self._tool("search", "nothing", "there").returncode != 0:
            assert time.monotonic() < deadline and keyring.poll() is None, "the keyring does not start"
            time.sleep(0.05)

    def lock(self) -> None:
        """By a call of our own: the `lock` of some versions of `secret-tool` crashes when it is done."""
        call = ["org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"]
        to = ["--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"]
        command = ["dbus-send", "--session", "--print-reply", *to, *call]
        subprocess.run(command, env=self.env, check=True, capture_output=True, timeout=SECONDS)

    def unlock(self) -> None:
        """As at a new login."""
        self._stop(self._keyring)
        self.start_keyring()

    def accounts(self, service: str) -> list[str]:
        """The accounts of all entries of a service."""
        found = self._must("search", "--all", "service", service)
        return re.findall(r"^attribute\.username = (.+)$", (found.stdout + found.stderr).decode(), re.MULTILINE)

    def secret(self, service: str, account: str) -> bytes:
        return self._must("lookup", "service", service, "username", account).stdout

    def put(self, service: str, account: str, secret: bytes) -> None:
        self._must("store", "--label=a test's", "service", service, "username", account, given=secret)

    def remove(self, service: str, account: str) -> None:
        self._must("clear", "service", service, "username", account)

    def _tool(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["secret-tool", *words], env=self.env, input=given, capture_output=True, check=False, timeout=SECONDS
        )

    def _must(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        done = self._tool(*words, given=given)
        assert done.returncode == 0, f"secret-tool {words[0]}: {done.stderr.decode()}"
        return done

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=SECONDS)
        self._running.remove(process)

    def end(self) -> None:
        for process in reversed(self._running.copy()):
            self._stop(process)


@contextmanager
def session() -> Iterator[Session]:
    with tempfile.TemporaryDirectory(prefix="keylatch-keyring-") as folder:
        made = Session(Path(folder))
        try:
            made.start_bus()
            yield made
        finally:
            made.end()


@contextmanager
def silent_bus(folder: Path) -> Iterator[str]:
    """The address of a bus that takes connections and never says a word."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "silent"))
        listener.listen()
        yield f"unix:path={folder}/silent"
