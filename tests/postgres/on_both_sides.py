"""A client that is used on both sides of a fork, in the vault at KEYLATCH_TEST_POSTGRES; prints what it made."""

from __future__ import annotations

import os
import sys

from keylatch import Keylatch
from vaults import KEY, connect

TIMES = 20


def make(client: Keylatch, user: str) -> None:
    """In one write, since both sides write to the same pipe."""
    os.write(1, f"{connect(client, user)}\n".encode())


def side(client: Keylatch, name: str) -> None:
    """Both sides are at it at the same time."""
    for number in range(TIMES):
        make(client, f"{name}-{number}")


def main() -> int:
    with Keylatch(os.environ["KEYLATCH_TEST_POSTGRES"], key=KEY) as client:
        make(client, "before")
        child = os.fork()
        side(client, "parent" if child else "child")
        if child == 0:
            client.close()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        make(client, "after")
        return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
