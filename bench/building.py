"""Builds and installs what is compared, and says how each program is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setting import MADE, PEERS, ROOT, Effort, Server, Setting

sys.path.append(str(ROOT / "tests/official"))
from environments import SDKS, Sdk, install  # noqa: E402

PROGRAMS = ROOT / "bench/programs"
NODE_PEERS = MADE / "node"
OFFICIAL: dict[str, Sdk] = {sdk.name: sdk for sdk in SDKS}
C_HOST = MADE / "host-c"


def build(effort: Effort) -> None:
    """The Rust programs and the C program; the packages must have been built and installed before (`make build`)."""
    cargo = ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", "bench/peers/Cargo.toml"]
    subprocess.run([*cargo, "--target-dir", str(MADE / "cargo")], cwd=ROOT, check=True)
    library = ROOT / "target/release"
    links = [f"-L{library}", "-lkeylatch", "-lpthread", f"-Wl,-rpath,{library}"]
    source = str(PROGRAMS / "host.c")
    subprocess.run(["cc", "-std=c11", "-O2", f"-I{ROOT / 'include'}", source, *links, "-o", str(C_HOST)], check=True)
    if effort.peers:
        for sdk in SDKS:
            install(sdk)
        install_node_peers()


def install_node_peers() -> None:
    """undici, below `target`, and the programs beside what they import: Node looks for packages there."""
    NODE_PEERS.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PROGRAMS / name, NODE_PEERS)
    npm = ["npm", "ci", "--loglevel=error", "--no-progress", "--no-audit", "--no-fund"]
    subprocess.run(npm, cwd=NODE_PEERS, check=True, stdout=subprocess.DEVNULL)
    for place in (NODE_PEERS, OFFICIAL["node_new"].home):
        for program in PROGRAMS.glob("*.mjs"):
            shutil.copy(program, place)


def rust(name: str) -> list[str]:
    return [str(PEERS / name)]


def python(name: str, *args: str) -> list[str]:
    return [sys.executable, str(PROGRAMS / name), *args]


def node(name: str) -> list[str]:
    return ["node", str(PROGRAMS / name)]


def python_peer(name: str, *args: str) -> list[str]:
    """In the environment of the official SDK, which has `requests` and `httpx` too."""
    return [str(OFFICIAL["python_new"].home / "bin/python"), str(PROGRAMS / name), *args]


def node_peer(name: str, home: Path) -> list[str]:
    return ["node", str(home / name)]


def official_env(setting: Setting, server: Server) -> dict[str, str]:
    """The server instead of Composio's, and no way to anybody's telemetry."""
    dead = os.environ["KEYLATCH_TEST_DEAD"]
    proxies = [name for pair in ("http_proxy", "https_proxy", "all_proxy") for name in (pair, pair.upper())]
    return {
        **setting.remote(server),
        **dict.fromkeys(proxies, dead),
        "COMPOSIO_API_KEY": "ak_bench",
        "COMPOSIO_BASE_URL": server.url,
        "COMPOSIO_CACHE_DIR": str(setting.folder / "cache"),
        "COMPOSIO_DISABLE_SENTRY": "true",
        "COMPOSIO_DISABLE_VERSION_CHECK": "true",
        "COMPOSIO_LOGGING_LEVEL": "error",
        "COMPOSIO_LOG_LEVEL": "warn",
        "TELEMETRY_DISABLED": "true",
    }
