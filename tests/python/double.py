"""The provider double, as `tests/servers/run.py` has started it: addresses, scripts, log."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

ADDRESSES = {
    "provider": "KEYLATCH_TEST_PROVIDER_HTTPS",
    "provider_http": "KEYLATCH_TEST_PROVIDER_HTTP",
    "other": "KEYLATCH_TEST_OTHER",
    "misnamed": "KEYLATCH_TEST_MISNAMED",
    "untrusted": "KEYLATCH_TEST_UNTRUSTED",
}
# No namespace is below these.
BARE = {"dead": "KEYLATCH_TEST_DEAD", "stripe": "KEYLATCH_TEST_STRIPE"}
# The machine's proxy, if it has one, cannot reach our loopback.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Double:
    """One namespace of the double."""

    def __init__(self, name: str, routes: Any = None) -> None:
        if "KEYLATCH_TEST_PROVIDER_HTTP" not in os.environ:
            raise SystemExit("start this with tests/servers/run.py, or `make test`")
        self.name = name
        self.control = f"{os.environ['KEYLATCH_TEST_PROVIDER_HTTP']}/_control/{name}"
        self.ca = os.environ["KEYLATCH_TEST_CA"]
        if routes is not None:
            self.script(routes)

    @property
    def https(self) -> str:
        return self.addresses()["provider"]

    @property
    def http(self) -> str:
        return self.addresses()["provider_http"]

    def addresses(self) -> dict[str, str]:
        """What the cases' predefined variables stand for."""
        own = {name: f"{os.environ[variable]}/{self.name}" for name, variable in ADDRESSES.items()}
        return own | {name: os.environ[variable] for name, variable in BARE.items() if variable in os.environ}

    def script(self, routes: Any) -> None:
        request = urllib.request.Request(self.control, json.dumps(routes).encode(), method="PUT")
        OPENER.open(request, timeout=30).close()

    def requests(self) -> list[dict[str, Any]]:
        with OPENER.open(self.control + "/requests", timeout=30) as answer:
            items: list[dict[str, Any]] = json.load(answer)["items"]
        return items
