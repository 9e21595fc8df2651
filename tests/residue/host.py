"""The Python host: does what its standard input says, and lets go of each secret as soon as it has passed it on.

`host.py sync` uses the blocking client, `host.py asyncio` the other. README.md has the words that are understood.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import keylatch
from keylatch.errors import KeylatchError

Work = Callable[[], Any]
KEPT: list[Any] = []


def words() -> list[str]:
    """The next line, read byte by byte: what stands behind it is a secret, for a buffer of its own."""
    line = bytearray()
    while (byte := os.read(0, 1)) != b"\n":
        if not byte:
            sys.exit(0)
        line += byte
    return line.decode().split(" ")


def secret(form: str, size: str) -> Any:
    """A secret from standard input, straight into the buffer that is passed on."""
    buffer = bytearray(int(size))
    with memoryview(buffer) as view:
        done = 0
        while done < len(view):
            done += os.readv(0, [view[done:]])
    if form == "Secret":
        return keylatch.Secret.take(buffer)
    return memoryview(buffer) if form == "memoryview" else buffer


class Sync:
    """How the blocking client is called; `start` calls from a thread that ends with the call."""

    vault = staticmethod(keylatch.Keylatch)
    composio = staticmethod(keylatch.Keylatch.composio)
    thread: threading.Thread
    said = ""

    def outcome(self, work: Work) -> str:
        return told(work)

    @staticmethod
    def whole(answer: keylatch.ResponseStream) -> int:
        with answer:
            return len(answer.read())

    def start(self, work: Work) -> None:
        def run() -> None:
            self.said = told(work)

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def finish(self) -> str:
        self.thread.join()
        return self.said


class Asyncio:
    """How the asyncio client is called: by a loop that runs only while we wait for an answer."""

    vault = staticmethod(keylatch.AsyncKeylatch)
    composio = staticmethod(keylatch.AsyncKeylatch.composio)
    task: asyncio.Task[Any]

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def outcome(self, work: Work) -> str:
        return told(lambda: self.loop.run_until_complete(awaited(work)))

    @staticmethod
    async def whole(answer: Awaitable[keylatch.AsyncResponseStream]) -> int:
        async with await answer as stream:
            return len(await stream.read())

    def start(self, work: Work) -> None:
        self.task = self.loop.create_task(awaited(work))
        self.loop.run_until_complete(asyncio.sleep(0))

    def cancel(self) -> None:
        self.task.cancel()

    def finish(self) -> str:
        said = told(lambda: self.loop.run_until_complete(self.task))
        del self.task
        return said


async def awaited(work: Work) -> Any:
    return await work()


def told(work: Work) -> str:
    try:
        return f"ok {work()}"
    except KeylatchError as error:
        return f"error {error.code}"
    except (asyncio.CancelledError, KeyboardInterrupt):
        return "error cancelled"


class Host:
    """The words, one method each; what a word works on is what the words before it made."""

    client: Any
    integration_id = account_id = field = ""

    def __init__(self, doing: Sync | Asyncio) -> None:
        self.doing = doing
        self.typed: list[Any] = []

    def values(self, form: str, size: str) -> dict[str, Any]:
        self.typed.append(secret(form, size))
        return {self.field: self.typed[-1]}

    def drop(self) -> None:
        """Lets go of what was passed on."""
        while self.typed:
            value = self.typed.pop()
            if isinstance(value, keylatch.Secret):
                value.wipe()

    def open(self, backend: str, where: str, timeout: str, strict: str, size: str) -> str:
        options: dict[str, Any] = {
            "timeout": int(timeout) / 1000,
            "strict_secrets": strict == "strict",
            "extra_ca": os.environ["KEYLATCH_TEST_CA"],
        }
        key = secret("bytearray", size)
        if backend == "vault":
            self.client = self.doing.vault(where, key=key, **options)
        else:
            self.client = self.doing.composio(key, base_url=where, **options)
        return self.opened()

    def transit(self, where: str, url: str, size: str) -> str:
        token = keylatch.Transit(url, "app", token=secret("bytearray", size))
        self.client = self.doing.vault(where, transit=token, extra_ca=os.environ["KEYLATCH_TEST_CA"])
        return self.opened()

    def opened(self) -> str:
        if isinstance(self.doing, Asyncio):
            self.doing.loop.run_until_complete(awaited(lambda: self.client))
        return "ok"

    def integrate(self, app: str, base_url: str, field: str, *fixed: str) -> str:
        fixed_values = {fixed[0]: fixed[1]} if fixed else None
        said = self.doing.outcome(
            lambda: self.identified(self.client.integrations.create(app, base_url=base_url, fixed_values=fixed_values))
        )
        self.field = field
        self.integration_id = said.removeprefix("ok ")
        return said

    def identified(self, answer: Any) -> Any:
        """The id of what a call answers."""
        if not asyncio.iscoroutine(answer):
            return getattr(answer, "connected_account_id", None) or answer.id

        async def later() -> Any:
            return self.identified(await answer)

        return later()

    def initiate(self, form: str, verify: str, entity: str, size: str) -> str:
        return self.note(self.doing.outcome(self.initiating(form, verify, entity, size)))

    def initiating(self, form: str, verify: str, entity: str, size: str) -> Work:
        given = self.values(form, size)
        return lambda: self.identified(
            self.client.initiate_connection(
                entity_id=entity, integration_id=self.integration_id, connected_account_params=given, verify=verify
            )
        )

    def note(self, said: str) -> str:
        if said.startswith("ok "):
            self.account_id = said.removeprefix("ok ")
        return said

    def update(self, form: str, verify: str, size: str) -> str:
        given = self.values(form, size)
        accounts = self.client.connected_accounts
        return self.doing.outcome(
            lambda: self.identified(accounts.update_credentials(self.account_id, given, verify=verify))
        )

    def verify(self) -> str:
        return self.doing.outcome(lambda: self.identified(self.client.connected_accounts.verify(self.account_id)))

    def request(self, path: str) -> str:
        return self.doing.outcome(lambda: self.client.request("GET", path, connected_account_id=self.account_id))

    def stream(self, path: str) -> str:
        return self.doing.outcome(lambda: self.read(path))

    def read(self, path: str) -> Any:
        """An answer in pieces, to its end."""
        answer = self.client.request_stream("GET", path, connected_account_id=self.account_id)
        return self.doing.whole(answer)

    def start(self, *words: str) -> str:
        """Begins to initiate; `finish` waits for the end."""
        self.doing.start(self.initiating(*words))
        return "ok"

    def finish(self) -> str:
        return self.note(self.doing.finish())

    def cancel(self) -> str:
        assert isinstance(self.doing, Asyncio)
        self.doing.cancel()
        return self.finish()

    def close(self) -> str:
        return self.doing.outcome(lambda: self.client.close())

    def export(self, path: str, size: str) -> str:
        given = secret("bytearray", size)
        return self.doing.outcome(lambda: self.client.export_vault(path, passphrase=given))

    def import_(self, path: str, size: str) -> str:
        given = secret("bytearray", size)
        return self.doing.outcome(lambda: self.client.import_vault(path, passphrase=given))

    def hold(self, size: str) -> str:
        """Keeps a secret object."""
        KEPT.append(secret("Secret", size))
        return "ok"

    def plant(self, kind: str, where: str, size: str) -> str:
        """Leaves a copy where the scan must find it."""
        given = secret("bytearray", size)
        if kind == "connection":
            # Another client, which keeps its connection open, and whose server repeats the header.
            url = urlsplit(where)
            kept = http.client.HTTPConnection(url.netloc)
            kept.request("GET", url.path, headers={"authorization": given.decode()})
            KEPT.append((kept, kept.getresponse().read()))
        else:
            KEPT.append(bytes(given) if kind == "bytes" else given.decode())
        given[:] = bytes(len(given))
        return "ok"


def main() -> None:
    host = Host(Asyncio() if sys.argv[1] == "asyncio" else Sync())
    while True:
        word, *rest = words()
        said = getattr(host, "import_" if word == "import" else word)(*rest)
        if word != "start":
            host.drop()
        os.write(1, said.encode() + b"\n")


if __name__ == "__main__":
    main()
