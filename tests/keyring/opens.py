"""The Python side of `tests/keyring/run.py`: opens a vault by the keyring, blocking or on asyncio.

`fill` also stores a connection; `hold` closes the client when it is told to, and stays; `fork` lets a child open the
vault too.
"""

import asyncio
import gc
import os
import sys

from keylatch import AsyncKeylatch, Keylatch
from keylatch.errors import KeylatchError
from keylatch.models import Diagnosis

_, how, vault, service, milliseconds = sys.argv
timeout = int(milliseconds) / 1000


def say(found: Diagnosis) -> None:
    print("ok", found.key_source, (found.connections or 0) - len(found.damaged_connections), flush=True)


async def waiting() -> None:
    async with AsyncKeylatch(vault, keyring=service, timeout=timeout) as client:
        say(await client.diagnose())


def blocking() -> None:
    with Keylatch(vault, keyring=service, timeout=timeout) as client:
        if how == "fill":
            values = {"api_key": bytearray(b"sk_test_of_the_keyring")}
            client.entity("user-1").initiate_connection(
                app_name="stripe", connected_account_params=values, verify="off"
            )
        say(client.diagnose())
        if how == "hold":
            sys.stdin.readline()
        if how == "fork":
            child = os.fork()
            with Keylatch(vault, keyring=service, timeout=timeout) as again:
                say(again.diagnose())
            if child == 0:
                os._exit(0)
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def hold() -> None:
    blocking()
    gc.collect()  # the client is part of a cycle
    print("closed", flush=True)
    sys.stdin.read()


try:
    if how == "asyncio":
        asyncio.run(waiting())
    elif how == "hold":
        hold()
    else:
        blocking()
except KeylatchError as error:
    print(f"{error.code}: {error.message}", flush=True)
