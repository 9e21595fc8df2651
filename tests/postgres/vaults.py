"""Vaults on the tests' server: opening them by URL, and putting connections into them."""

from __future__ import annotations

import itertools
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Self

from keylatch import Keylatch, KeylatchError
from server import NAME, Server
from servers import Trouble

KEY = bytes(range(32))
APP = "google_maps"
SECONDS = 20
_numbers = itertools.count()


class Vaults:
    """Clients of one schema, closed in the end."""

    def __init__(self, server: Server, schema: str) -> None:
        self.server, self.schema = server, schema
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def open(self, options: str = "", *, given: dict[str, Any] | None = None, **where: Any) -> Keylatch:
        """A client; `where` is who and where the URL names, `given` are options of the client."""
        parameters = f"schema={self.schema}&application_name={self.schema}" + (options and f"&{options}")
        url = self.server.url(parameters, **where)
        usual: dict[str, Any] = {"key": KEY, "extra_ca": self.server.ca.encode(), "timeout": SECONDS}
        return self._open.enter_context(Keylatch(url, **usual | (given or {})))

    def sql(self, text: str, role: str = "owner") -> str:
        """Runs statements in the schema; gives the rows."""
        return self.server.sql(f"SET search_path = {self.schema}; {text}", "app", role)

    def role(self) -> str:
        """A new role that may log in, and nothing else."""
        name = f"role_{next(_numbers)}"
        self.server.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{self.server.password}'")
        return name

    def let_in(self, role: str) -> None:
        """The rights that docs/postgresql.md asks for."""
        self.sql(
            f"GRANT USAGE ON SCHEMA {self.schema} TO {role};"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {self.schema} TO {role}"
        )

    def backends(self) -> int:
        """How many connections the server has from clients of this schema."""
        return int(self.server.sql(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{self.schema}'"))

    @contextmanager
    def held(self, statement: str) -> Iterator[None]:
        """Somebody else's transaction has done this, and does not end as long as the block runs."""
        mark = f"pg_sleep({3600 + next(_numbers)})"
        waits = f"FROM pg_stat_activity WHERE query LIKE '%{mark}%' AND wait_event = 'PgSleep'"

        def hold() -> None:
            with suppress(Trouble):  # its connection is ended
                self.sql(f"BEGIN; {statement}; SELECT {mark}")

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            until(lambda: self.server.sql(f"SELECT count(*) {waits}") == "1")
            yield
        finally:
            self.server.sql(f"SELECT pg_terminate_backend(pid) {waits}")
            holder.join()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


def connect(client: Keylatch, user: str, *, alias: str | None = None) -> str:
    """Makes a connection of this user; gives its id."""
    made = client.initiate_connection(
        entity_id=user,
        app_name=APP,
        connected_account_params={"api_key": bytearray(b"canary-0123456789-0123456789")},
        verify="off",
        alias=alias,
    )
    return made.connected_account_id


def users(client: Keylatch) -> list[str]:
    """Whose connections are there."""
    return sorted(each.entity_id for each in client.connected_accounts.list(limit=500))


def says_no_password(server: Server, error: KeylatchError) -> None:
    """The URL's password is neither in the error nor in the library's frames, which error trackers send."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if "keylatch" in frame.f_code.co_filename]
    told = [str(error), repr(error), repr(vars(error)), *(repr(frame.f_locals) for frame in frames)]
    assert not [each for each in told if server.password in each]


__all__ = ["APP", "KEY", "NAME", "Vaults", "connect", "says_no_password", "until", "users"]
