"""What Python programs are usually written with: sends the requests of BENCH_PAIR with `requests` or `httpx`."""

from __future__ import annotations

import os
import sys
from typing import Any

from orders import read, work

server, pair = os.environ["BENCH_SERVER"], read("BENCH_PAIR")
if sys.argv[1] == "requests":
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers.clear()

    def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Any:
        return session.request(method, url, headers=headers, data=body)
else:
    import httpx

    client = httpx.Client(trust_env=False)

    def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Any:
        # Made here, so that it has no headers of the client's.
        return client.send(httpx.Request(method, url, headers=headers, content=body))


def once(_: str) -> None:
    for one in pair:
        answer = send(one["method"], server + one["target"], dict(one["headers"]), one["body"].encode() or None)
        answer.raise_for_status()
        answer.json()


work(once)
