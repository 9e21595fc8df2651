"""Starts and stops the servers: a folder, free ports, certificates, processes, and an unprivileged user to run them."""

from __future__ import annotations

import grp
import http.client
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import packages
import trustme

HOST = "127.0.0.1"
# The certificates hold this name and not the address, so that the same server is also one with a wrong name.
NAME = "localhost"
START_SECONDS = 60
STOP_SECONDS = 10
NOBODY = "nobody"


class Trouble(Exception):
    """A server cannot be started; says why."""


class Authority:
    """The certificate authority of one run."""

    def __init__(self) -> None:
        issuer = trustme.CA()
        leaf = issuer.issue_cert(NAME)
        self.ca = issuer.cert_pem.bytes().decode()
        self.key = leaf.private_key_pem.bytes().decode()
        self.chain = "".join(pem.bytes().decode() for pem in leaf.cert_chain_pems)
        self.stranger = trustme.CA().cert_pem.bytes().decode()


class Processes:
    """All that was started, so that the end of the run is the end of them."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._over = False

    def start(self, command: list[str], **options: object) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._over:
                raise Trouble("the run is over")
            # A session of its own: Ctrl-C reaches servers only through us, and their children end with them.
            # Our own servers end with their standard input.
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command, start_new_session=True, stdin=subprocess.PIPE, **options
            )  # type: ignore[call-overload]
            self._running.add(process)
            return process

    def stop(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
        for attempt in (number, signal.SIGKILL):
            # The group may have members after its leader has gone.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, attempt)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            if attempt == signal.SIGKILL or not group_lives(process.pid):
                break
        if process.stdin is not None:
            process.stdin.close()
        with self._lock:
            self._running.discard(process)

    def stop_all(self) -> None:
        with self._lock:
            self._over = True
            running = list(self._running)
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def group_lives(group: int) -> bool:
    """Gives the rest of a group a moment to follow its leader."""
    for _ in range(20):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


class Place:
    """Where one server lives: its folder and all that it needs to start."""

    def __init__(self, folder: Path, authority: Authority, processes: Processes, closed_port: int) -> None:
        self.folder = folder
        self.authority = authority
        self.closed_port = closed_port
        self._processes = processes
        # Many servers refuse to run as root, and none of them needs to.
        self._entry = pwd.getpwnam(NOBODY) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.user = self._entry.pw_name
        self.group = grp.getgrgid(self._entry.pw_gid).gr_name
        self._give(folder)
        self.ca_file = self.write("ca.pem", authority.ca)
        self.chain_file = self.write("chain.pem", authority.chain)
        self.key_file = self.write("key.pem", authority.key)

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._entry.pw_uid, self._entry.pw_gid)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        self._give(path)
        return path

    def make(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(mode=0o700)
        self._give(path)
        return path

    def _options(self, env: Mapping[str, str], as_us: bool = False) -> dict[str, object]:
        own = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
        options: dict[str, object] = {"cwd": self.folder, "env": {**own, **env}}
        if os.geteuid() == 0 and not as_us:
            options |= {"user": self._entry.pw_uid, "group": self._entry.pw_gid, "extra_groups": []}
        return options

    def run(self, *command: object, text: str = "", as_us: bool = False) -> str:
        """Runs a program to its end and gives what it printed."""
        words = [str(word) for word in command]
        options = self._options({}, as_us)
        done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
        if done.returncode != 0:
            raise Trouble(f"{Path(words[0]).name}: {(done.stderr or done.stdout).strip()[-600:]}")
        return str(done.stdout)

    @contextmanager
    def server(
        self,
        *command: object,
        ready: Callable[[], bool],
        env: Mapping[str, str] | None = None,
        log: str = "log.txt",
        stop: int = signal.SIGTERM,
        as_us: bool = False,
    ) -> Iterator[None]:
        """Starts a server in the foreground, waits until it is ready, and stops it in the end.

        as_us: as the user who runs the tests, for what is installed where others may not read.
        """
        words = [str(word) for word in command]
        path = self.folder / log
        with path.open("wb") as output:
            process = self._processes.start(words, stdout=output, stderr=output, **self._options(env or {}, as_us))
            try:
                deadline = time.monotonic() + START_SECONDS
                while not ready():
                    if process.poll() is not None or time.monotonic() > deadline:
                        why = path.read_text(errors="replace").strip()[-600:]
                        raise Trouble(f"{Path(words[0]).name} does not start: {why}")
                    time.sleep(0.1)
                yield
            finally:
                self._processes.stop(process, stop)


@contextmanager
def place(name: str, authority: Authority, processes: Processes, closed_port: int) -> Iterator[Place]:
    # Sockets have short paths, and TMPDIR may be long or closed to other users.
    folder = Path(tempfile.mkdtemp(prefix=f"keylatch-{name}-", dir="/tmp"))
    try:
        yield Place(folder, authority, processes, closed_port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def program(name: str) -> str:
    path = packages.find(name)
    if path is None:
        raise Trouble(f"{name} is not installed")
    return path


def secret() -> str:
    """A password that nobody has used before, of characters that no configuration file minds."""
    return secrets.token_urlsafe(18).replace("-", "x")


_held: list[socket.socket] = []


def free_port() -> int:
    """A port that the system gives nobody else while this run lasts. Servers take it: they all ask for SO_REUSEADDR."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((HOST, 0))
    _held.append(held)
    return int(held.getsockname()[1])


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections and that nobody else can take meanwhile."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield int(held.getsockname()[1])


def listens(*ports: int) -> Callable[[], bool]:
    """Whether somebody takes connections on all of these ports."""

    def answer() -> bool:
        for port in ports:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex((HOST, port)) != 0:
                    return False
        return True

    return answer


def takes_sql(place: Place, tools: Path, port: int) -> Callable[[], bool]:
    """Whether PostgreSQL takes logins: it listens earlier, while it still reads its log and turns everybody away."""

    def answer() -> bool:
        try:
            place.run(tools / "pg_isready", "-q", "-h", HOST, "-p", port)
        except Trouble:
            return False
        return True

    return answer


def answers(port: int, path: str) -> Callable[[], bool]:
    """Whether an HTTP server answers, whatever it says."""

    def answer() -> bool:
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except OSError:
            return False
        finally:
            connection.close()
        return True

    return answer
