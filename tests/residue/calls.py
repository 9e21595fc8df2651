"""What hosts do before they are scanned: calls that go well, calls that do not, and the use of a connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from doors import Door
from driving import Failed, Host, awkward_canary, canary
from worlds import LONGEST_MS, WILLING, World

Json = Any
MANY = 20
FEW = 4
# Short enough to wait for, and long enough for what is done before it is over.
SHORT_MS = 1_500
ECHO: Json = {"echo": True}
# The address of nobody, for redirects; it is never asked.
ELSEWHERE = "http://127.0.0.1:9/"


@dataclass(frozen=True)
class Look:
    """A moment at which the host is scanned: how many copies may be there, and whether what goes on may end first."""

    name: str
    copies: int = 0
    patient: bool = False


class Calls:
    """One host in one world; every call has a secret of its own, and the inputs take turns."""

    def __init__(self, door: Door, host: Host, world: World) -> None:
        self.door, self.host, self.world = door, host, world
        self.forms = cycle(door.forms)
        self.users = 0

    def initiate(self, word: str = "initiate", says: str = "ok", verify: str = "auto", secret: bytes = b"") -> None:
        self.users += 1
        self.host.must(word, next(self.forms), verify, f"user-{self.users}", secret=secret or canary(), says=says)

    def update(self, says: str = "ok", verify: str = "auto", secret: bytes = b"") -> None:
        self.host.must("update", next(self.forms), verify, secret=secret or canary(), says=says)

    def both(self, count: int, says: str = "ok", verify: str = "auto") -> None:
        """Initiates and updates in turn, each `count` times; an update needs a connection."""
        for _ in range(count):
            self.initiate(says=says, verify=verify)
            self.update(says, verify)

    def begin_and_hang(self, word: str) -> None:
        """Begins a call, and returns when it waits for the app's answer, which does not come."""
        self.users += 1
        self.world.answer({"fault": "hang"})
        self.host.tell(word, next(self.forms), "required", f"user-{self.users}", secret=canary())
        if word == "start":
            self.heard("ok")
        self.world.wait_until_asked()

    def heard(self, says: str) -> None:
        if (said := self.host.hear()) != says:
            raise Failed(f"{self.host.name} answered {said!r}, not {says!r}")

    def reopen(self, timeout_ms: int = LONGEST_MS, strict: str = "lax") -> None:
        """Another client, the first having been closed."""
        self.host.must("close")
        self.world.answer(WILLING)
        self.world.open(self.host, timeout_ms, strict)


def going_well(calls: Calls) -> Iterator[Look]:
    """The three calls, with the app asked and not asked."""
    for _ in range(MANY):
        calls.initiate()
    yield Look("initiate")
    for _ in range(MANY):
        calls.host.must("verify")
    yield Look("verify")
    for _ in range(MANY):
        calls.update()
    yield Look("update")
    for _ in range(FEW):
        # Two characters that JSON writes otherwise cannot be in a header, but in a vault and in a body.
        calls.initiate(verify="off", secret=awkward_canary())
        calls.update(verify="off", secret=awkward_canary())
    yield Look("not asked")


def echoed(calls: Calls) -> Iterator[Look]:
    """The app repeats the credential in body and header; so does Composio's API."""
    for _ in range(FEW):
        for call in (calls.initiate, calls.update):
            secret = canary()
            repeated = {"json": {"id": "acct_1", "key": secret.decode()}, "headers": {"x-key": secret.decode()}}
            calls.world.answer(repeated)
            calls.world.fault(
                {"on": "* /connected_accounts", "patch": {"set": {"/key": secret.decode()}}, "times": None}
            )
            call(secret=secret)
        calls.host.must("verify")
    calls.world.fault()
    calls.world.answer(WILLING)
    yield Look("echo")


def refused(calls: Calls) -> Iterator[Look]:
    """Answers that are none, or none that one wants, the credential in most of them."""
    unusable = {
        "500 with an echo": {"status": 500, **ECHO},
        "redirect": {"redirect": ELSEWHERE},
        "reset": {"fault": "reset"},
        "reset in the body": {"fault": "cut", **ECHO},
    }
    calls.world.answer({"status": 401, **ECHO})
    calls.both(FEW, says="error credentials_rejected")
    yield Look("rejected")
    for name, answer in unusable.items():
        calls.world.answer(answer)
        if name != "redirect":
            calls.both(FEW // 2)  # stored all the same: what is not reachable now may well be right
        calls.both(FEW // 2, verify="required", says="error provider_unreachable")
        yield Look(name)
    calls.world.answer(WILLING)
