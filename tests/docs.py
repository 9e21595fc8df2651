"""Runs every snippet and command in the README and the docs, as a new user would have them.

Each document's snippets run in order, in a folder of their own with a data folder of their own, where an integration
already leads `stripe` to the Stripe server of this test run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from keylatch import Keylatch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "live"), str(HERE / "postgres")]

import packages  # noqa: E402  (the servers are in folders beside us, in no package)
from server import Server, end_in_order, started  # noqa: E402

ROOT = HERE.parent
LIBRARY = ROOT / "target/release"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Commands that this very run consists of, that go on until Ctrl-C (tests/servers/test_composio.py runs it), or that
# download what the tests must do without.
RUNNING = {"make quickstart", "make test", "make composio", "make test-official"}
# What `make composio` serves, and on which address; here it is this run's server.
STAND_IN = "http://127.0.0.1:9900"
# The database of the documents, and what they find in KEYLATCH_KEY; here it is on a server that is started for them.
DATABASE = "postgres://app:password@db.example.com/production"
KEY = "07" * 32
# The documents' Transit server, and where the token for it is; here it is the provider double.
TRANSIT = "https://bao.example.com:8200"
TOKEN_FILE = "/run/secrets/bao-token"
TOKEN = "s.token-of-the-docs"


def run(command: list[str], folder: Path, env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)[:80]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def python(code: str, folder: Path, env: dict[str, str]) -> None:
    run([sys.executable, "-W", "error", "-c", code], folder, env)


def node(code: str, folder: Path, env: dict[str, str]) -> None:
    (folder / "node_modules").mkdir(exist_ok=True)
    link = folder / "node_modules/keylatch"
    if not link.exists():
        link.symlink_to(ROOT / "bindings-node")
    (folder / "snippet.mjs").write_text(code)
    run(["node", "snippet.mjs"], folder, env)


def c(code: str, folder: Path, env: dict[str, str]) -> None:
    (folder / "snippet.c").write_text(code)
    compiler = [os.environ.get("CC", "cc"), "-std=c99", "-Wall", "-Wextra", "-Werror", "snippet.c", "-o", "snippet"]
    run([*compiler, f"-I{ROOT}/include", f"-L{LIBRARY}", "-lkeylatch", f"-Wl,-rpath,{LIBRARY}"], folder, env)
    run(["./snippet"], folder, env)


def cpp(code: str, folder: Path, env: dict[str, str]) -> None:
    (folder / "snippet.cpp").write_text(code)
    compiler = [os.environ.get("CXX", "c++"), "-std=c++17", "-Wall", "-Werror", "snippet.cpp", "-o", "snippet-cpp"]
    run([*compiler, f"-I{ROOT}/include", f"-L{LIBRARY}", "-lkeylatch", f"-Wl,-rpath,{LIBRARY}"], folder, env)
    run(["./snippet-cpp"], folder, env)


def stand_in() -> None:
    """Makes the project of `make composio`, afresh."""
    url = f"{os.environ['KEYLATCH_TEST_COMPOSIO']}/_control/try"
    urllib.request.urlopen(urllib.request.Request(url, b"{}", method="PUT")).close()


def transit() -> str:
    """A server with the documents' Transit key; its address."""
    url = os.environ["KEYLATCH_TEST_PROVIDER_HTTP"]
    policy = {f"transit/{what}/keylatch": ["update"] for what in ("encrypt", "decrypt")}
    script = {"* *": [{"transit": {"keys": {"keylatch": {}}, "tokens": {TOKEN: policy}}}]}
    asking = urllib.request.Request(f"{url}/_control/docs", json.dumps(script).encode(), method="PUT")
    urllib.request.urlopen(asking).close()
    return f"{url}/docs"


def shell(code: str, _folder: Path, env: dict[str, str]) -> None:
    for line in code.splitlines():
        command = line.split("#")[0].strip()
        if command and command not in RUNNING:
            run(["bash", "-c", command], ROOT, env)


def definition(code: str, folder: Path, env: dict[str, str]) -> None:
    """A JSON block is an app's definition, which must register."""
    python(f"from keylatch import Keylatch\nimport json\nKeylatch().apps.register(json.loads({code!r}))", folder, env)


LANGUAGES: dict[str, Callable[[str, Path, dict[str, str]], None]] = {
    "python": python,
    "ts": node,
    "js": node,
    "c": c,
    "cpp": cpp,
    "sh": shell,
    "json": definition,
}


def database() -> AbstractContextManager[Server | None]:
    """A PostgreSQL server, if it is installed."""
    return started() if packages.find("postgres") else nullcontext()


def run_block(language: str, code: str, url: str) -> None:
    """Runs a block in a folder of its own, beside a vault that knows the Stripe server and a key for another."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {
            **os.environ,
            "XDG_DATA_HOME": str(folder / "data"),
            "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}",
            "KEYLATCH_KEY": KEY,
        }
        with Keylatch(str(folder / "data/keylatch/vault.db")) as client:
            client.integrations.create(app="stripe", base_url=os.environ["KEYLATCH_TEST_STRIPE"])
        stand_in()
        if TRANSIT in code:
            (folder / "bao-token").write_text(TOKEN)
            code = code.replace(TRANSIT, transit()).replace(TOKEN_FILE, str(folder / "bao-token"))
        here = code.replace(STAND_IN, os.environ["KEYLATCH_TEST_COMPOSIO"]).replace(DATABASE, url)
        LANGUAGES[language](here, folder, env)


def main() -> int:
    documents = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("bindings-*/README.md"))]
    documents += [ROOT / "core/catalog/README.md"]
    count = 0
    end_in_order()
    with database() as server:
        for document in documents:
            shown = document.relative_to(ROOT)
            for language, code in BLOCK.findall(document.read_text(encoding="utf-8")):
                if language not in LANGUAGES:
                    raise SystemExit(f"{shown}: nobody runs ```{language} blocks")
                if DATABASE in code and server is None:
                    print(f"docs: {shown}: a {language} block wants PostgreSQL, which is missing here: `make servers`")
                    continue
                run_block(language, code, server.url() if server else "")
                count += 1
                print(f"docs: {shown}: a {language} block runs")
    print(f"{count} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
