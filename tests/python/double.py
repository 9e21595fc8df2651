"""The test servers, as `tests/servers/run.py` has started them: the provider double, and Composio's API."""

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
BARE = {
    "dead": "KEYLATCH_TEST_DEAD",
    "stripe": "KEYLATCH_TEST_STRIPE",
    "composio": "KEYLATCH_TEST_COMPOSIO",
    "composio_https": "KEYLATCH_TEST_COMPOSIO_HTTPS",
}
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
        tell(self.control, "PUT", routes)

    def requests(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = ask(self.control + "/requests")["items"]
        return items

    def keys(self) -> Any:
        """Keys to sign with, which the double knows."""
        return ask(self.control + "/keys")


class Project:
    """One project on the server of Composio's API."""

    def __init__(self, name: str, script: Any = None) -> None:
        self.base_url = os.environ["KEYLATCH_TEST_COMPOSIO"]
        self.control = f"{self.base_url}/_control/{name}"
        self.api_key = f"ak_{name}"
        self.script(script or {})

    def script(self, script: Any) -> None:
        tell(self.control, "PUT", script)

    def faults(self, faults: list[dict[str, Any]]) -> None:
        tell(self.control + "/faults", "POST", {"faults": faults})

    def status(self, account: str, status: str) -> None:
        tell(f"{self.control}/accounts/{account}", "PATCH", {"status": status})

    def requests(self) -> Any:
        return ask(self.control + "/requests")

    def accounts(self) -> Any:
        return ask(self.control + "/accounts")


def tell(url: str, method: str, content: Any) -> None:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(content).encode(), headers, method=method)
    OPENER.open(request, timeout=30).close()


def ask(url: str) -> Any:
    with OPENER.open(url, timeout=30) as answer:
        return json.load(answer)
