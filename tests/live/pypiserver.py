"""pypiserver, a package index from PyPI: basic auth, as an app of the developer's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apps import BASIC, PASSWORD, USER, app
from environments import PYTHON
from servers import HOST, Place, free_port, listens, secret
from situations import Live, Situation, Use

TITLE = "pypiserver"
NEEDS = ()
# It answers a wrong password with 403.
CHECKS = [{"method": "GET", "path": "/simple/", "json": False, "verdicts": {"403": "rejected"}}]
APP = app("live_pypiserver", "BASIC", [USER, PASSWORD], inject=[BASIC], checks=CHECKS)


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port = free_port()
    right = secret()
    packages = place.make("packages")
    place.write("packages/keylatch-0.0.1.tar.gz", "")
    users = place.write("users", f"ada:{right}\n")
    options = [
        "--interface",
        HOST,
        "--port",
        str(port),
        "--passwords",
        users,
        "--authenticate",
        "list,download,update",
    ]
    server = PYTHON / "bin/pypi-server"
    with place.server(server, "run", *options, packages, ready=listens(port), as_us=True):
        version = place.run(server, "--version", as_us=True).strip().split()[-1]
        here, closed = (f"http://{HOST}:{number}" for number in (port, place.closed_port))
        values = {"username": "ada", "password": right}
        known = Situation("right password", APP["slug"], values, "accepted", at=here, use=Use("/simple/", "keylatch"))
        yield Live(
            version,
            [
                known,
                known.but("wrong password", "rejected", password=secret()),
                known.but("a user that does not exist", "rejected", username="eve"),
                known.elsewhere("a closed port", "unreachable", closed),
            ],
            apps=[APP],
        )
