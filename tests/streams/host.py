"""Streams bodies through the Python doors: `host.py DOOR URL BYTES`; DOOR is python, asyncio, or whole, the control."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from keylatch import AsyncKeylatch, Keylatch

PIECE = bytes(1 << 16)
KEY = b"keylatch-vault-key-of-the-runner"
OURS: dict[str, Any] = {"entity_id": "user-1", "app": "stripe"}
LEFT = f"/bytes/{2**63}"


def peak() -> int:
    """Peak of memory in KiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found
    return int(found[1])


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // len(PIECE)):
        yield PIECE


async def later(size: int) -> AsyncIterator[bytes]:
    for piece in pieces(size):
        yield piece


def blocking(client: Keylatch, size: int) -> dict[str, int]:
    def download(size: int) -> int:
        with client.request_stream("GET", f"/bytes/{size}", max_response_bytes=0, **OURS) as answer:
            return sum(map(len, answer))

    def upload(size: int) -> int:
        with client.request_stream("PUT", "/count", body=pieces(size), **OURS) as answer:
            return int(answer.read())

    download(1 << 20), upload(1 << 20)
    before = peak()
    told = {"down": download(size), "up": upload(size)}
    with client.request_stream("GET", LEFT, max_response_bytes=0, **OURS) as left:
        left.read(1)
    return told | {"cut": int(client.request("GET", "/cut", **OURS).body), "grown_kib": peak() - before}


async def asynchronous(client: AsyncKeylatch, size: int) -> dict[str, int]:
    async def download(size: int) -> int:
        async with await client.request_stream("GET", f"/bytes/{size}", max_response_bytes=0, **OURS) as answer:
            return sum([len(piece) async for piece in answer])

    async def upload(size: int) -> int:
        async with await client.request_stream("PUT", "/count", body=later(size), **OURS) as answer:
            return int(await answer.read())

    await download(1 << 20), await upload(1 << 20)
    before = peak()
    told = {"down": await download(size), "up": await upload(size)}
    async with await client.request_stream("GET", LEFT, max_response_bytes=0, **OURS) as left:
        await left.read(1)
    cut = int((await client.request("GET", "/cut", **OURS)).body)
    return told | {"cut": cut, "grown_kib": peak() - before}


def whole(client: Keylatch, size: int) -> dict[str, int]:
    """The control: a whole answer is in memory."""
    client.request("GET", f"/bytes/{1 << 20}", **OURS)
    before = peak()
    down = len(client.request("GET", f"/bytes/{size}", **OURS).body)
    return {"down": down, "grown_kib": peak() - before}


def main() -> None:
    door, url, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        path, most = f"{folder}/vault.db", 1 << 30
        with Keylatch(path, key=KEY, max_response_bytes=most) as client:
            made = client.integrations.create(app="stripe", base_url=url)
            client.initiate_connection(
                entity_id="user-1",
                integration_id=made.id,
                connected_account_params={"api_key": "sk_test_good_0001"},
                verify="off",
            )
            if door != "asyncio":
                told = (whole if door == "whole" else blocking)(client, size)
        if door == "asyncio":

            async def run() -> dict[str, int]:
                async with AsyncKeylatch(path, key=KEY) as client:
                    return await asynchronous(client, size)

            told = asyncio.run(run())
        print(json.dumps(told))


if __name__ == "__main__":
    main()
