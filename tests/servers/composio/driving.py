"""A client for tests of the server: one project's API and control, and the comparison of answers."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1]))
from run import server  # noqa: E402

Servers = tuple[dict[str, int], dict[str, int], Path]


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """The ports of this server and of the provider double, and the file of their CAs."""
    ca = folder / "ca.pem"
    with (
        server("provider.py", "--ca", str(ca), cwd=str(folder)) as provider,
        server("composio/main.py", "--ca", str(ca), cwd=str(folder)) as ports,
    ):
        yield ports, provider, ca


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Project:
    """A client of one project, and its control."""

    def __init__(self, ports: dict[str, int], provider: dict[str, int], ca: Path) -> None:
        self.ports, self.provider, self.ca = ports, provider, ca
        self.key: dict[str, str] = {"x-api-key": "ak_test"}
        self.control("PUT", "", {})

    def http(self, method: str, path: str, body: Any = None, headers: Any = None, port: int = 0) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ports["http"], timeout=2)
        try:
            sent = body if isinstance(body, (str, type(None))) else json.dumps(body)
            connection.request(method, path, sent, self.key if headers is None else headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            kind = answer.headers.get("content-type", "")
            parsed = json.loads(text) if kind.startswith("application/json") and text else text
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, parsed)
        finally:
            connection.close()

    def control(self, method: str, path: str = "", body: Any = None) -> Any:
        answer = self.http(method, f"/_control/test{path}", body)
        assert answer.status == 200, answer
        return answer.body

    def faults(self, *faults: Any) -> None:
        self.control("POST", "/faults", {"faults": list(faults)})

    def new(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.http(method, "/api/v3.1" + path, body)
        assert answer.status == status, answer
        return answer.body

    def old(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.http(method, "/api" + path, body)
        assert answer.status == status, answer
        return answer.body

    def refused(self, method: str, path: str, body: Any, status: int, code: int, *words: str) -> Any:
        """The v3 error, which must name `words`."""
        error = self.new(method, path, body, status)["error"]
        assert (error["status"], error["code"]) == (status, code), error
        assert isinstance(error["slug"], str) and isinstance(error["request_id"], str)
        for word in words:
            assert word in error["message"], error
        return error

    def auth_config(self, toolkit: str = "shopify", scheme: str = "API_KEY", **credentials: str) -> str:
        custom = {"type": "use_custom_auth", "authScheme": scheme, "credentials": credentials}
        made = self.new("POST", "/auth_configs", {"toolkit": {"slug": toolkit}, "auth_config": custom}, 201)
        return str(made["auth_config"]["id"])

    def account(self, config: str, user: str = "user_42", status: str = "ACTIVE", **values: Any) -> str:
        return str(self.new("POST", "/connected_accounts", creation(config, user, status, **values), 201)["id"])

    def play(self, routes: Any) -> str:
        """Scripts the provider double; the answer is its base URL."""
        assert self.http("PUT", "/_control/app", routes, {}, self.provider["http"]).status == 200
        return f"https://localhost:{self.provider['https']}/app"


def creation(config: str, user: str = "user_42", status: str = "ACTIVE", scheme: str = "API_KEY", **values: Any) -> Any:
    state = {"authScheme": scheme, "val": {"status": status, **values}}
    return {"auth_config": {"id": config}, "connection": {"user_id": user, "state": state}}


def expect(actual: Any, wanted: Any, at: str = "") -> None:
    """Equal; where a type (or several) stands, of that type."""
    if isinstance(wanted, (type, tuple)):
        assert isinstance(actual, wanted), (at, actual)
    elif isinstance(wanted, dict):
        assert set(actual) == set(wanted), (at, set(actual) ^ set(wanted))
        for name, value in wanted.items():
            expect(actual[name], value, f"{at}/{name}")
    elif isinstance(wanted, list):
        assert len(actual) == len(wanted), (at, actual)
        for i, value in enumerate(wanted):
            expect(actual[i], value, f"{at}/{i}")
    else:
        assert actual == wanted and type(actual) is type(wanted), (at, actual)
