"""Runs Composio's official SDKs against the test server: `make test-official`.

Each SDK goes through the API-key flow in a project of its own; the old ones then make the calls of the page about it.
What they do must be what `wire.json` and docs/composio-official.md say; `--write` renews both. Wants the test servers
around it (tests/servers/run.py), and the package registries the first time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from document import GENERATED, tables
from environments import HERE, SDKS, Sdk, install
from record import by_step, record

Json = Any
ROOT = HERE.parents[1]
WIRE = HERE / "wire.json"
DOCUMENT = ROOT / "docs/composio-official.md"
KEY, ROTATED = "example-key-value", "example-rotated-value"
TIME_LIMIT = 180


def send(method: str, url: str, body: Json, **headers: str) -> Json:
    headers["content-type"] = "application/json"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def start_upstream() -> str:
    """The apps themselves: a shop that tells by its name which key it was asked with, some of Stripe, and an echo."""

    def shop(name: str, key: str, **otherwise: Json) -> Json:
        return {"json": {"shop": {"name": name}}, "require": {"header": {"x-store-access-token": key}}, **otherwise}

    bearer = {"require": {"header": {"authorization": f"Bearer {KEY}"}}}
    script = {
        "GET /admin/api/shop.json": [shop("Demo store", KEY, **{"else": shop("Rotated store", ROTATED)})],
        "GET /v1/balance": [{"json": {"object": "balance"}, **bearer}],
        "POST /v1/customers": [{"echo": True, **bearer}],
        "GET /v1/customers/cus_1": [{"json": {"id": "cus_1"}, **bearer}],
        "POST /echo": [{"echo": True}],
    }
    send("PUT", f"{os.environ['KEYLATCH_TEST_PROVIDER_HTTP']}/_control/official", script)
    return f"{os.environ['KEYLATCH_TEST_PROVIDER_HTTPS']}/official"


def make_project(name: str, upstream: str) -> str:
    """A project of its own, where Stripe is the upstream; answers with the id of an integration for it."""
    server = os.environ["KEYLATCH_TEST_COMPOSIO"]
    stripe = json.loads((ROOT / "core/catalog/stripe.json").read_text(encoding="utf-8"))
    stripe["schemes"][0]["base_url"] = upstream
    send("PUT", f"{server}/_control/{name}", {"toolkits": [stripe]})
    if not name.endswith("page"):
        return ""
    config = {"useComposioAuth": False, "name": "page", "authScheme": "API_KEY"}
    body = {"app": {"uniqueKey": "stripe"}, "config": config}
    made = send("POST", f"{server}/api/v2/integrations/create", body, **{"x-api-key": f"ak_{name}"})
    return str(made["integrationId"])


def environment(sdk: Sdk, project: str, upstream: str, folder: str) -> dict[str, str]:
    """Nothing of the user's settings, and no way to anybody's telemetry."""
    server, dead = os.environ["KEYLATCH_TEST_COMPOSIO"], os.environ["KEYLATCH_TEST_DEAD"]
    proxies = [name for pair in ("http_proxy", "https_proxy", "all_proxy") for name in (pair, pair.upper())]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COMPOSIO_", "XDG_"))},
        **dict.fromkeys(proxies, dead),
        "HOME": folder,
        "PYTHONPATH": str(HERE),
        "COMPOSIO_API_KEY": f"ak_{project}",
        "COMPOSIO_BASE_URL": server + sdk.base_path,
        "COMPOSIO_CACHE_DIR": f"{folder}/cache",
        "COMPOSIO_DISABLE_SENTRY": "true",
        "COMPOSIO_DISABLE_VERSION_CHECK": "true",
        "COMPOSIO_LOGGING_LEVEL": "error",
        "COMPOSIO_LOG_LEVEL": "warn",
        "TELEMETRY_DISABLED": "true",
        "OFFICIAL_CONTROL": f"{server}/_control/{project}",
        "OFFICIAL_REPORT": f"{folder}/report",
        "OFFICIAL_UPSTREAM": upstream,
        "OFFICIAL_KEY": KEY,
        "OFFICIAL_INTEGRATION": make_project(project, upstream),
    }


def run(sdk: Sdk, program: str, upstream: str) -> tuple[list[Json], list[Json]]:
    """The lines of the program's report, and the requests that it made."""
    print(f"{sdk.title}: {program}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        env = environment(sdk, f"official_{sdk.name}_{program}", upstream, folder)
        done = subprocess.run(
            sdk.program(program),
            cwd=folder if sdk.is_python else sdk.home,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
        )
        report = Path(env["OFFICIAL_REPORT"])
        lines = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
        if done.returncode != 0:
            at = lines[-1]["step"] if lines else "its start"
            raise SystemExit(f"failed at {at}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return lines, record(env["OFFICIAL_CONTROL"], upstream)


def keep(path: Path, text: str, write: bool) -> list[str]:
    """Writes the file, or says that it is not what it should be."""
    if write:
        path.write_text(text, encoding="utf-8")
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    return [f"{path.relative_to(ROOT)} says something else; `ARGS=--write` renews it, `git diff` shows what"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew wire.json and the tables of the document")
    write = parser.parse_args().write
    for sdk in SDKS:
        install(sdk)
    upstream = start_upstream()
    flows: dict[str, list[Json]] = {}
    pages: dict[str, list[Json]] = {}
    wire: list[Json] = []
    for sdk in SDKS:
        flows[sdk.name], requests = run(sdk, "flow", upstream)
        if sdk.is_old:
            pages[sdk.name], _ = run(sdk, "page", upstream)
        else:
            wire += by_step(sdk.name, requests, flows[sdk.name])

    head = DOCUMENT.read_text(encoding="utf-8").partition(GENERATED)[0]
    # A line for each request, so that a changed one is a changed line.
    lines = ",\n".join(json.dumps(request) for request in wire)
    problems = keep(WIRE, f"[\n{lines}\n]\n", write)
    problems += keep(DOCUMENT, head + tables(flows, pages, SDKS), write)
    for sdk in SDKS:
        print(f"\n{sdk.title}")
        for step in flows[sdk.name]:
            print(f"  {step['outcome']:16}  {step['step']}")
    outcomes = [line["outcome"] for lines in flows.values() for line in lines]
    done = outcomes.count("ok")
    print(f"\n{len(SDKS)} SDKs, {done} steps completed, {len(outcomes) - done} expected failures")
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
