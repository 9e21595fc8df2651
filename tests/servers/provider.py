"""The provider double: plays any provider over HTTP and HTTPS on loopback, as each test case scripts it."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import ssl
from pathlib import Path

import trustme
from aiohttp import web
from answers import received, send
from scripts import BadScript, Script
from signatures import keys
from stopping import until_stopped

HOST = "127.0.0.1"
BODY_LIMIT = 64 * 1024 * 1024
scripts: dict[str, Script] = {}
ports: dict[str, int] = {}


async def control(request: web.Request) -> web.StreamResponse:
    """PUT /_control/NAME starts a namespace, GET …/requests shows its log, DELETE forgets it, GET …/keys gives keys."""
    name = request.match_info["name"]
    if request.method == "PUT":
        try:
            scripts[name] = Script.parse(await request.json())
        except (BadScript, json.JSONDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
    elif request.method == "DELETE":
        scripts.pop(name, None)
    elif request.path.endswith("/keys"):
        return web.json_response(keys(f"https://localhost:{ports['https']}/{name}"))
    elif name not in scripts:
        return web.json_response({"error": f"no namespace {name!r}"}, status=404)
    else:
        return web.json_response({"items": [item.as_json() for item in scripts[name].log]})
    return web.json_response({})


async def play(request: web.Request) -> web.StreamResponse:
    # The request target as it was sent: normalising would hide how the client encoded it.
    target, _, query = request.raw_path.partition("?")
    _, _, rest = target.partition("/")
    name, _, path = rest.partition("/")
    script = scripts.get(name)
    if script is None:
        return web.json_response({"error": f"no namespace {name!r}"}, status=404)
    item = received(request, "/" + path, query, await request.read())
    script.log.append(item)
    try:
        return await send(request, item, script.answer_for(item))
    except ConnectionError:
        # The client went while it was being answered, as clients with a time limit do.
        return web.Response()


def tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    # Some clients would otherwise try HTTP/2, which aiohttp does not speak.
    context.set_alpn_protocols(["http/1.1"])
    return context


def reserved_port() -> socket.socket:
    """A port that refuses connections and that nobody else can take while we hold it."""
    held = socket.socket()
    held.bind((HOST, 0))
    return held


async def serve(ca_file: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    good = tls(authority, "localhost", HOST)
    listeners: dict[str, ssl.SSLContext | None] = {
        "http": None,
        "https": good,
        "other": good,
        "misnamed": tls(authority, "elsewhere.example"),
        "untrusted": tls(trustme.CA(), "localhost", HOST),
    }

    app = web.Application(client_max_size=BODY_LIMIT)
    app.router.add_route("PUT", "/_control/{name}", control)
    app.router.add_route("DELETE", "/_control/{name}", control)
    app.router.add_route("GET", "/_control/{name}/requests", control)
    app.router.add_route("GET", "/_control/{name}/keys", control)
    app.router.add_route("*", "/{tail:.*}", play)
    # Cancelling a handler when its client goes is what ends "hang".
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    for name, context in listeners.items():
        sock = socket.socket()
        sock.bind((HOST, 0))
        ports[name] = sock.getsockname()[1]
        await web.SockSite(runner, sock, ssl_context=context, backlog=1024).start()
    dead = reserved_port()
    ports["dead"] = dead.getsockname()[1]

    print("READY", json.dumps(ports), flush=True)
    await until_stopped()
    dead.close()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ca", type=Path, required=True, help="where to write the test CA's certificate (PEM)")
    asyncio.run(serve(parser.parse_args().ca))


if __name__ == "__main__":
    main()
