"""localstripe, a Stripe server from PyPI, through the built-in entry `stripe`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from servers import HOST, Place, secret
from situations import Live, Situation, Use

TITLE = "localstripe"
NEEDS = ()
SCRIPT = Path(__file__).resolve().parent.parent / "servers/run_localstripe.py"
READY = "READY "


@contextmanager
def start(place: Place) -> Iterator[Live]:
    log = place.folder / "log.txt"
    with place.server(sys.executable, SCRIPT, ready=lambda: READY in log.read_text(), as_us=True):
        port = json.loads(log.read_text().partition(READY)[2].splitlines()[0])["http"]
        here, closed = (f"http://{HOST}:{number}" for number in (port, place.closed_port))
        key = {"api_key": f"sk_test_{secret()}"}
        right = Situation("a secret key", "stripe", key, "accepted", at=here, use=Use("/v1/customers", '"list"'))
        yield Live(
            version("localstripe"),
            [
                right,
                right.but("no key of Stripe's", "rejected", api_key=secret()),
                right.elsewhere("a closed port", "unreachable", closed),
            ],
        )
