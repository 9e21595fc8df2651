"""A PostgreSQL server of the tests' own: on loopback, on a free port, stopped and started again as they like."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from leaks import DATABASE_PASSWORD
from servers import HOST, NAME, Authority, Place, Processes, closed_port, free_port, place, program, takes_sql

# Each way to end, by the signal that PostgreSQL knows it by.
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
# By SCRAM, an unoptimised client proves its password for longer than a case takes otherwise: the runners' role has MD5.
HBA = """\
local all all trust
host all app 127.0.0.1/32 md5
hostnossl all tls 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""


class Server:
    def __init__(self, at: Place, durable: bool) -> None:
        self._place = at
        self._tools = Path(program("postgres")).resolve().parent
        self._running: AbstractContextManager[None] | None = None
        self.ca, self.stranger = at.authority.ca, at.authority.stranger
        self.closed_port = at.closed_port
        self.port, self.password = free_port(), DATABASE_PASSWORD
        self._settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": at.folder,
            "ssl": "on",
            "ssl_cert_file": at.chain_file,
            "ssl_key_file": at.key_file,
            "fsync": "on" if durable else "off",
            "max_connections": 60,
            "log_connections": "on",
        }
        initdb = ["-D", at.folder / "data", "-U", "owner", "--auth=trust", "--no-sync", "-E", "UTF8"]
        at.run(self._tools / "initdb", *initdb)
        at.write("data/pg_hba.conf", HBA)
        self._start(FAST)
        login = f"LOGIN PASSWORD '{self.password}'"
        self.sql(f"SET password_encryption = 'md5'; CREATE ROLE app {login}; CREATE DATABASE app OWNER app;")
        self.sql(f"CREATE ROLE tls {login}; GRANT CREATE ON DATABASE app TO tls;")

    def url(self, options: str = "", **other: object) -> str:
        """A URL of the tests' database; `other` are parts of it that are to be otherwise."""
        part = {"user": "app", "password": self.password, "host": HOST, "port": self.port, "database": "app"} | other
        where = "{user}:{password}@{host}:{port}/{database}".format(**part)
        return f"postgres://{where}{options and '?' + options}"

    def sql(self, text: str, database: str = "postgres", role: str = "owner") -> str:
        """Runs statements as the server's owner, or another role; gives the rows, their columns behind bars."""
        psql = [self._tools / "psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-h", self._place.folder, "-p", str(self.port)]
        return self._place.run(*psql, "-U", role, "-d", database, text=text).strip()

    def log(self) -> str:
        """What the server has said since it was started last."""
        return (self._place.folder / "log.txt").read_text(errors="replace")

    def dump(self) -> str:
        """The whole database of the tests, as text."""
        options = ["-h", self._place.folder, "-p", str(self.port), "-U", "owner", "app"]
        return self._place.run(self._tools / "pg_dump", *options)

    def restart(self, how: signal.Signals) -> None:
        """Ends the server this way, and starts it again."""
        self.stop()
        self._start(how)

    def stop(self) -> None:
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None

    def _start(self, end_by: signal.Signals) -> None:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        command = [self._tools / "postgres", "-D", self._place.folder / "data", *options]
        ready = takes_sql(self._place, self._tools, self.port)
        self._running = self._place.server(*command, ready=ready, stop=end_by)
        self._running.__enter__()


def end_in_order() -> None:
    """SIGTERM and SIGHUP end the program as Ctrl-C does: no server outlives it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


@contextmanager
def started(durable: bool = False) -> Iterator[Server]:
    """A server while the block runs; a durable one waits for its disk, as users' servers do."""
    processes = Processes()
    with closed_port() as closed, place("postgres", Authority(), processes, closed) as at:
        server = None
        try:
            server = Server(at, durable)
            yield server
        finally:
            if server is not None:
                server.stop()
            processes.stop_all()


__all__ = ["FAST", "IMMEDIATE", "NAME", "Server", "started"]
