"""Runs localstripe, somebody else's Stripe server, on a free loopback port without its file under /tmp."""

from __future__ import annotations

import asyncio
import json
import socket

from aiohttp import web
from localstripe import resources, server  # type: ignore[import-untyped]
from stopping import until_stopped


async def serve() -> None:
    # localstripe saves its data to one fixed file, which every run on the machine would share.
    # Not loading it is what its own --from-scratch does; not saving it leaves nothing behind.
    resources.store.dump_to_disk = lambda: None
    runner = web.AppRunner(server.app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    await web.SockSite(runner, sock, backlog=1024).start()

    print("READY", json.dumps({"http": sock.getsockname()[1]}), flush=True)
    await until_stopped()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
