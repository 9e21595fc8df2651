"""The Composio test server: answers as Composio's API does, over HTTP and HTTPS on loopback. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import ssl
import sys
from pathlib import Path

import trustme
from aiohttp import web

# The other test servers' parts.
sys.path.append(str(Path(__file__).resolve().parents[1]))
from api import Api  # noqa: E402
from control import Control, parse  # noqa: E402
from projects import Project  # noqa: E402
from provider import tls  # noqa: E402
from stopping import until_stopped  # noqa: E402
from upstream import Upstream  # noqa: E402

HOST = "127.0.0.1"
BODY_LIMIT = 64 * 1024 * 1024
TRY_PORT = 9900
Listeners = dict[str, tuple[int, ssl.SSLContext | None]]


async def started(app: web.Application, listeners: Listeners) -> web.AppRunner:
    """Listens; `listeners` get the ports that they have in the end."""
    # Cancelling a handler when its client goes is what ends "hang".
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    for name, (port, context) in listeners.items():
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        listeners[name] = (sock.getsockname()[1], context)
        await web.SockSite(runner, sock, ssl_context=context, backlog=1024).start()
    return runner


def application(projects: dict[str, Project], upstream: Upstream) -> web.Application:
    app = web.Application(client_max_size=BODY_LIMIT)
    app.add_routes([*Control(projects).routes(), *Api(projects, upstream).routes()])
    return app


async def serve(ca_file: Path, port: int) -> None:
    """For tests: projects are made by scripts, and clients that trust the file trust us."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file), append=True)
    upstream = Upstream(ca_file)
    listeners: Listeners = {"http": (port, None), "https": (0, tls(authority, "localhost", HOST))}
    runner = await started(application({}, upstream), listeners)
    print("READY", json.dumps({name: bound for name, (bound, _) in listeners.items()}), flush=True)
    await until_stopped()
    await upstream.close()
    await runner.cleanup()


async def try_it(port: int) -> None:
    """For people: one standing project, until Ctrl-C."""
    upstream = Upstream(None)
    listeners: Listeners = {"http": (port, None)}
    runner = await started(application({"try": parse({})}, upstream), listeners)
    base_url = f"http://{HOST}:{listeners['http'][0]}"
    print(f"A server that answers as Composio's API does:\n\n  export COMPOSIO_BASE_URL={base_url}")
    print("  export COMPOSIO_API_KEY=ak_try\n\nCtrl-C ends it.", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await upstream.close()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--ca", type=Path, help="where to append the test CA's certificate (PEM)")
    how.add_argument("--try", dest="trying", action="store_true", help="offer a standing project and say how to use it")
    parser.add_argument("--port", type=int, help="the port of plain HTTP")
    args = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        if args.trying:
            asyncio.run(try_it(TRY_PORT if args.port is None else args.port))
        else:
            asyncio.run(serve(args.ca, args.port or 0))


if __name__ == "__main__":
    main()
