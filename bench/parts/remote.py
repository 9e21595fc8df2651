"""The programs that initiate and get on the server: Keylatch's hosts, what stands below them, and the official SDKs."""

from __future__ import annotations

from collections.abc import Iterable

from building import C_HOST, NODE_PEERS, OFFICIAL, node, node_peer, official_env, python, python_peer, rust
from measuring import Command, Program
from setting import Json, Server, Setting

HOSTS = {
    "Keylatch, Rust": rust("keylatch"),
    "Keylatch, C": [str(C_HOST)],
    "Keylatch, Python": python("host.py"),
    "Keylatch, Node": node("host.mjs"),
}
ASYNCIO = {"Keylatch, asyncio": python("host_async.py")}
FLOORS = {"bare hyper": rust("hyper"), "reqwest::blocking": rust("reqwest"), "libcurl": rust("libcurl")}
PEERS = {
    "requests, Python": python_peer("floor.py", "requests"),
    "httpx, Python": python_peer("floor.py", "httpx"),
    "undici, Node": node_peer("floor.mjs", NODE_PEERS),
}
OFFICIALS = {
    "composio, Python": python_peer("official.py"),
    "@composio/core, Node": node_peer("official.mjs", OFFICIAL["node_new"].home),
}
PROGRAMS = HOSTS | ASYNCIO | FLOORS | PEERS | OFFICIALS
# What every HTTP client sets for itself.
OF_THE_CLIENT = {"host", "content-length", "connection"}


def commands(setting: Setting, server: Server, names: Iterable[str]) -> dict[str, Command]:
    """How the programs are started on that server."""
    remote, official = setting.remote(server), official_env(setting, server)
    return {name: Command(PROGRAMS[name], official if name in OFFICIALS else remote) for name in names}


def record_pair(setting: Setting) -> list[Json]:
    """The requests of Keylatch's for one pair, which the floors send too."""
    server = setting.server
    with Program(Command(HOSTS["Keylatch, Rust"], setting.remote(server))) as host:
        host.order("pair", 2)  # the first pair asks for the integration too, and knows that it has no connections
        server.seen()
        host.order("pair", 1)
    pair: list[Json] = server.seen()["first"]
    for one in pair:
        one["headers"] = [[name, value] for name, value in one["headers"] if name not in OF_THE_CLIENT]
    setting.keep("pair.json", pair)
    return pair


def must_send(pair: list[Json], name: str, program: Program, server: Server) -> None:
    """Makes sure that a floor does the same work."""
    server.seen()
    program.order("pair", 1)
    sent = server.seen()["first"]
    for ours, theirs in zip(pair, sent, strict=True):
        same = all(ours[part] == theirs[part] for part in ("method", "target", "body"))
        if not (same and all(header in theirs["headers"] for header in ours["headers"])):
            raise SystemExit(f"{name} does not send what Keylatch sends:\n{ours}\n{theirs}")
