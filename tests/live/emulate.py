"""emulate, from npm, which plays the APIs of many companies: Twilio's, through the built-in entry `twilio`.

Of its APIs this one checks keys: others fall back to some user where they do not know the key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from environments import HERE, NODE
from servers import HOST, Place, free_port, listens, program
from situations import Live, Situation, Use

TITLE = "emulate"
NEEDS = ("node",)
PACKAGE = NODE / "node_modules/emulate"


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port = free_port()
    account, token = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
    known = {"sid": account, "auth_token": token, "friendly_name": "Live tests"}
    seed = place.write("seed.json", json.dumps({"twilio": {"account": known}}))
    # It would listen on every address of the machine.
    command = [
        program("node"),
        "--require",
        HERE / "loopback.cjs",
        PACKAGE / "dist/index.js",
        "start",
    ]
    options = ["--service", "twilio", "--seed", seed, "--port", str(port)]
    with place.server(*command, *options, ready=listens(port), as_us=True):
        here, closed = (f"http://{HOST}:{number}/2010-04-01" for number in (port, place.closed_port))
        values = {"account_sid": account, "auth_token": token}
        use = Use(f"/Accounts/{account}.json", "Live tests")
        right = Situation("Twilio: right token", "twilio", values, "accepted", at=here, use=use)
        yield Live(
            json.loads((PACKAGE / "package.json").read_text())["version"],
            [
                right,
                right.but("Twilio: wrong token", "rejected", auth_token=secrets.token_hex(16)),
                right.but("Twilio: another account", "rejected", account_sid=f"AC{secrets.token_hex(16)}"),
                right.elsewhere("Twilio: a closed port", "unreachable", closed),
            ],
        )
