"""Radicale, a calendar server from PyPI: basic auth, as an app of the developer's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apps import BASIC, PASSWORD, USER, app
from environments import PYTHON
from servers import HOST, Place, free_port, listens, secret
from situations import Live, Situation, Use

TITLE = "radicale"
NEEDS = ()
CHECKS = [{"method": "GET", "path": "/ada/diary/", "json": False}]
APP = app("live_radicale", "BASIC", [USER, PASSWORD], inject=[BASIC], checks=CHECKS)


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port = free_port()
    right, other = secret(), secret()
    users = place.write("users", f"ada:{right}\nbob:{other}\n")
    diary = place.make("files") / "collection-root/ada/diary"
    diary.mkdir(parents=True)
    (diary / ".Radicale.props").write_text('{"tag": "VCALENDAR"}')
    config = place.write(
        "radicale.conf",
        f"""\
[server]
hosts = {HOST}:{port}
[auth]
type = htpasswd
htpasswd_filename = {users}
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {place.folder}/files
[web]
type = none
""",
    )
    radicale = PYTHON / "bin/radicale"
    with place.server(radicale, "--config", config, ready=listens(port), as_us=True):
        version = place.run(radicale, "--version", as_us=True).strip()
        here, closed = (f"http://{HOST}:{number}" for number in (port, place.closed_port))
        values = {"username": "ada", "password": right}
        known = Situation(
            "right password", APP["slug"], values, "accepted", at=here, use=Use("/ada/diary/", "BEGIN:VCALENDAR")
        )
        yield Live(
            version,
            [
                known,
                known.but("wrong password", "rejected", password=secret()),
                known.but("a user that does not exist", "rejected", username="eve"),
                known.but("somebody else's calendar", "under_scoped", username="bob", password=other),
                known.elsewhere("a closed port", "unreachable", closed),
            ],
            apps=[APP],
        )
