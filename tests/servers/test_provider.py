"""Tests of the test servers themselves: scripts, faults, certificates, and that run.py leaves nothing behind."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import pytest
from run import server

HERE = Path(__file__).resolve().parent
KEY = {"Authorization": "Bearer good-key"}
pytestmark = pytest.mark.timeout(30)


class Double(NamedTuple):
    ports: dict[str, int]
    ca: Path


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Double]:
    folder = tmp_path_factory.mktemp("double")
    ca = folder / "ca.pem"
    with server("provider.py", "--ca", str(ca), cwd=str(folder)) as ports:
        yield Double(ports, ca)


def call(
    double: Double,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: str | None = None,
    listener: str = "http",
    host: str = "localhost",
    timeout: float = 5,
) -> Answer:
    connection: http.client.HTTPConnection
    if listener == "http":
        connection = http.client.HTTPConnection("127.0.0.1", double.ports["http"], timeout=timeout)
    else:
        context = ssl.create_default_context(cafile=str(double.ca))
        connection = http.client.HTTPSConnection(host, double.ports[listener], timeout=timeout, context=context)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def script(double: Double, name: str, routes: Any) -> None:
    assert call(double, "PUT", f"/_control/{name}", body=json.dumps(routes)).status == 200


def log(double: Double, name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(call(double, "GET", f"/_control/{name}/requests").body)["items"]
    return items


def test_answers_come_in_order_and_the_last_repeats(double: Double) -> None:
    script(double, "order", {"GET /a": [{"json": 1}, {"json": 2}], "* *": [{"status": 410}]})
    assert [call(double, "GET", "/order/a").body for _ in range(3)] == [b"1", b"2", b"2"]
    assert call(double, "POST", "/order/a").status == 410
    script(double, "order", {})
    assert call(double, "GET", "/order/a").status == 404
    assert len(log(double, "order")) == 1, "a new script starts a new log"


@pytest.mark.parametrize("listener", ["https", "other"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_https_with_our_ca(double: Double, listener: str, host: str) -> None:
    script(double, "tls", {"* *": [{"json": {"ok": True}}]})
    assert call(double, "GET", "/tls/x", listener=listener, host=host).status == 200


@pytest.mark.parametrize("listener", ["misnamed", "untrusted"])
def test_bad_certificates(double: Double, listener: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        call(double, "GET", "/x", listener=listener)


def test_dead_port_refuses(double: Double) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", double.ports["dead"]), 2)


def test_credentials_are_checked(double: Double) -> None:
    basic = base64.b64encode("ада:pä:ss".encode()).decode()
    script(
        double,
        "auth",
        {
            "GET /header": [{"require": {"header": {"Authorization": "Bearer good-key"}}, "else": {"status": 403}}],
            "GET /query": [{"require": {"query": {"key": "a+b&c"}}}],
            "GET /basic": [{"require": {"basic": "ада:pä:ss"}}],
            "* *": [{"require": {"path_has": "/bot1:a b/"}}],
        },
    )
    assert call(double, "GET", "/auth/header", headers=KEY).status == 200
    assert call(double, "GET", "/auth/header").status == 403
    assert call(double, "GET", "/auth/query?key=a%2Bb%26c").status == 200
    assert call(double, "GET", "/auth/query?key=a+b").status == 401
    assert call(double, "GET", "/auth/basic", headers={"Authorization": f"Basic {basic}"}).status == 200
    assert call(double, "GET", "/auth/basic", headers={"Authorization": "Basic !"}).status == 401
    assert call(double, "GET", "/auth/bot1:a%20b/me").status == 200
    assert call(double, "GET", "/auth/bot2:a/me").status == 401


def test_log_echo_headers_redirect(double: Double) -> None:
    script(
        double,
        "log",
        {
            "POST /e": [{"echo": True}],
            "GET /r": [{"redirect": "https://elsewhere.example/"}],
            "GET /h": [{"status": 429, "headers": {"Retry-After": "7"}, "text": "later"}],
        },
    )
    seen = json.loads(call(double, "POST", "/log/e?a=1&a=2&b=%C3%A9", body="hällo".encode().decode("latin-1")).body)
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/e", {"a": ["1", "2"], "b": "é"})
    assert seen["body"] == "hällo" and log(double, "log")[0] == seen
    answer = call(double, "GET", "/log/r")
    assert (answer.status, answer.headers["location"]) == (302, "https://elsewhere.example/")
    answer = call(double, "GET", "/log/h")
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "7", b"later")


@pytest.mark.parametrize("listener", ["http", "https"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"fault": "reset"}, ConnectionError),
        ({"fault": "garbage"}, http.client.BadStatusLine),
        ({"fault": "cut", "json": {"a": 1}}, http.client.IncompleteRead),
        ({"fault": "hang"}, TimeoutError),
        ({"fault": "slow_body", "delay_ms": 1500, "json": {"a": "b" * 50}}, TimeoutError),
        ({"delay_ms": 1500, "json": {}}, TimeoutError),
    ],
    ids=lambda value: str(value)[:24],
)
def test_faults(double: Double, listener: str, answer: Any, error: type[Exception]) -> None:
    script(double, "fault", {"* *": [answer]})
    started = time.monotonic()
    with pytest.raises(error):
        whole = 0.5 if error is TimeoutError else 5
        reply = call(double, "GET", "/fault/x", listener=listener, timeout=whole)
        # A socket's timeout starts again with each piece, so a slow body is told by the clock.
        if reply.status == 200 and time.monotonic() - started > whole:
            raise TimeoutError
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "routes",
    [[], {"GET": [{}]}, {"GET /": []}, {"GET /": [{"fault": "fire"}]}, {"GET /": [{"jsn": 1}]}],
    ids=str,
)
def test_bad_scripts_are_refused(double: Double, routes: Any) -> None:
    assert call(double, "PUT", "/_control/bad", body=json.dumps(routes)).status == 400


def test_hundreds_at_once(double: Double) -> None:
    script(double, "many", {"* *": [{"delay_ms": 800, "json": {}}]})

    async def all_at_once() -> list[int]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one() -> int:
                async with session.get(f"http://127.0.0.1:{double.ports['http']}/many/x") as answer:
                    return answer.status

            return await asyncio.gather(*(one() for _ in range(400)))

    started = time.monotonic()
    assert asyncio.run(all_at_once()) == [200] * 400
    assert time.monotonic() - started < 5


def run_py(tmp: Path, *args: str) -> subprocess.Popen[str]:
    env = {**os.environ, "TMPDIR": str(tmp)}
    command = [sys.executable, str(HERE / "run.py"), *args]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def test_run_forwards_the_exit_code_and_cleans_up(tmp_path: Path) -> None:
    code = """
import http.client, os, urllib.parse
url = os.environ["KEYLATCH_TEST_STRIPE"]
stripe = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
stripe.request("POST", "/v1/customers", "email=ada%40acme.example", {"Authorization": "Bearer sk_test_1"})
assert stripe.getresponse().status == 200
print(url)
raise SystemExit(7)
"""
    saved = Path("/tmp/localstripe.pickle")  # where localstripe would keep its data for all runs
    before = saved.stat().st_mtime_ns if saved.exists() else None
    process = run_py(tmp_path, "--localstripe", "--", sys.executable, "-c", code)
    url = process.communicate(timeout=20)[0].strip()
    assert process.returncode == 7 and url.startswith("http://127.0.0.1:")
    assert_gone(tmp_path, [url])
    assert (saved.stat().st_mtime_ns if saved.exists() else None) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_run_ends_its_servers_by_any_signal(tmp_path: Path, number: signal.Signals) -> None:
    code = "import os, time; print(os.environ['KEYLATCH_TEST_PROVIDER_HTTPS'], flush=True); time.sleep(3)"
    process = run_py(tmp_path, "--", sys.executable, "-c", code)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    process.send_signal(number)
    process.communicate(timeout=20)
    if number is signal.SIGKILL:
        # The temporary folder stays, since nobody is left to remove it; the servers go.
        time.sleep(1)
        assert_refused(url)
    else:
        assert process.returncode == 128 + number
        assert_gone(tmp_path, [url])


def assert_gone(folder: Path, urls: list[str]) -> None:
    assert list(folder.iterdir()) == []
    for url in urls:
        assert_refused(url)


def assert_refused(url: str) -> None:
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), 2)
