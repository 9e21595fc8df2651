"""How the provider double reads a request and sends a scripted answer, faulty ones included."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from urllib.parse import parse_qsl

import transit
from aiohttp import web
from scripts import Json, Received

SLOW_BODY_MS = 3_000
SLOW_PIECES = 20


def received(request: web.Request, raw_path: str, query: str, body: bytes) -> Received:
    pairs: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        before = pairs.get(name)
        if before is None:
            pairs[name] = value
        else:
            pairs[name] = [*(before if isinstance(before, list) else [before]), value]
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    # aiohttp decodes header bytes with surrogates; JSON needs plain text.
    headers = {
        name: value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name, value in headers.items()
    }
    peer = request.transport.get_extra_info("peername") if request.transport else None
    connection = f"from port {peer[1]}" if peer else "gone"
    text = body.decode("utf-8", "replace")
    url = f"{request.scheme}://{request.host}{request.raw_path}"
    return Received(request.method, raw_path, pairs, headers, text, connection, url, body)


async def send(http: web.Request, request: Received, answer: Json) -> web.StreamResponse:
    fault = answer.get("fault")
    if fault != "slow_body":
        await asyncio.sleep(answer.get("delay_ms", 0) / 1000)
    if fault == "hang":
        # Ends by cancellation, when the client goes or the double stops.
        await asyncio.Event().wait()
    if fault == "reset":
        return reset(http)
    if fault == "garbage":
        return raw(http, b"\x16\x03\x00garbage \xff\xfe that is not HTTP\r\n\r\n\x00\x00")

    status, headers, body = parts(request, answer)
    if fault in ("cut", "slow_body"):
        return await trickle(http, status, headers, body, cut=fault == "cut", answer=answer)
    return web.Response(status=status, headers=headers, body=body)


def parts(request: Received, answer: Json) -> tuple[int, dict[str, str], bytes]:
    status = answer.get("status", 302 if "redirect" in answer else 200)
    headers = dict(answer.get("headers", {}))
    if "redirect" in answer:
        headers["location"] = answer["redirect"]
    kind = "application/json"
    if "transit" in answer:
        engine = transit.Engine.parse(answer["transit"])
        status, headers, said = engine.answer(request.method, request.path, request.headers, request.body)
        body = json.dumps(said)
    elif answer.get("echo"):
        body = json.dumps(request.as_json(), ensure_ascii=False)
    elif "json" in answer:
        body = json.dumps(answer["json"], ensure_ascii=False)
    else:
        body, kind = answer.get("text", ""), "text/plain; charset=utf-8"
    if body and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = kind
    return status, headers, body.encode()


async def trickle(
    http: web.Request, status: int, headers: dict[str, str], body: bytes, *, cut: bool, answer: Json
) -> web.StreamResponse:
    body = body or b'{"padding": "an empty body cannot be cut or slow"}'
    headers["content-length"] = str(len(body) + 64 if cut else len(body))
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(http)
    if cut:
        await response.write(body)
        if http.transport is not None:
            http.transport.close()
        return response
    size = max(1, len(body) // SLOW_PIECES)
    pause = answer.get("delay_ms", SLOW_BODY_MS) / 1000 / SLOW_PIECES
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await asyncio.sleep(pause)
    await response.write_eof()
    return response


def reset(http: web.Request) -> web.StreamResponse:
    transport = http.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            # Linger of zero makes the kernel answer RST instead of FIN.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


def raw(http: web.Request, data: bytes) -> web.StreamResponse:
    transport = http.transport
    if isinstance(transport, asyncio.Transport):
        transport.write(data)
        transport.close()
    return web.Response()
