"""Jupyter Server, from PyPI, as two apps of the developer's own: the token in a header, the token in the address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apps import app, typed
from environments import PYTHON
from servers import HOST, Place, answers, free_port, secret
from situations import Live, Situation, Use

TITLE = "jupyter"
NEEDS = ()

TOKEN = typed("token", "Token", secret=True, no_hint="The host's administrator may choose any.")


def definition(slug: str, place: dict[str, str]) -> dict[str, Any]:
    # The status page answers those only who are known; the address is the developer's, as is the server.
    checks = [{"method": "GET", "path": "/api/status", "verdicts": {"403": "rejected"}}]
    return app(slug, "API_KEY", [TOKEN], inject=[place], checks=checks)


APPS = [
    definition("live_jupyter", {"in": "header", "name": "Authorization", "value": "token {token}"}),
    definition("live_jupyter_query", {"in": "query", "name": "token", "value": "{token}"}),
]


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port = free_port()
    right = secret()
    folder = place.make("files")
    options = [
        "--no-browser",
        "--allow-root",
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
    ]
    env = {"JUPYTER_TOKEN": right}
    ready = answers(port, "/api")
    with place.server(PYTHON / "bin/jupyter-server", *options, ready=ready, env=env, as_us=True):
        version = place.run(PYTHON / "bin/jupyter-server", "--version", as_us=True).strip()
        yield Live(version, list(situations(place, port, right)), apps=APPS)


def situations(place: Place, port: int, token: str) -> Iterator[Situation]:
    here, closed = (f"http://{HOST}:{number}" for number in (port, place.closed_port))
    for words, slug in (("in a header", "live_jupyter"), ("in the address", "live_jupyter_query")):
        use = Use("/api/contents", '"directory"')
        right = Situation(f"right token {words}", slug, {"token": token}, "accepted", at=here, use=use)
        yield right
        yield right.but(f"wrong token {words}", "rejected", token=secret())
        yield right.elsewhere("a closed port", "unreachable", closed)
