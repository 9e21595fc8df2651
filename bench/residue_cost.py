"""What it costs to leave no residue: the C library beside itself built without any protection, call by call in turn.

`make bench-residue`. Times are medians over the calls of one interleaved run; what counts is their ratio.
"""

from __future__ import annotations

import os
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/residue")]
from doors import FLAGS  # noqa: E402
from driving import HERE, Host, canary  # noqa: E402
from worlds import World  # noqa: E402

BUILDS = {"protected": ROOT / "target/release", "unprotected": ROOT / "target/unprotected/release"}
WARM, ROUNDS = 20, 300
MOST = 1.15
Call = Callable[[], float]


def build_both() -> None:
    command = ["cargo", "build", "--release", "--locked", "-p", "keylatch-ffi"]
    subprocess.run(command, cwd=ROOT, check=True)
    features = ["--features", "keylatch-ffi/unprotected", "--target-dir", "target/unprotected"]
    subprocess.run([*command, *features], cwd=ROOT, check=True)


def program(folder: Path, name: str) -> str:
    """The C host, linked with one of the two libraries."""
    libraries = folder / name
    libraries.mkdir()
    (libraries / "libkeylatch.so").symlink_to(BUILDS[name] / "libkeylatch.so")
    (libraries / "libkeylatch.so.0").symlink_to(BUILDS[name] / "libkeylatch.so")
    links = [f"-L{libraries}", "-lkeylatch", "-lpthread", f"-Wl,-rpath,{libraries}"]
    sources = [str(HERE / "host.c"), str(HERE / "plant.c")]
    to = str(folder / f"{name}-host")
    subprocess.run(["cc", *FLAGS, f"-I{ROOT / 'include'}", *sources, *links, "-o", to], check=True)
    return to


def took(said: str) -> float:
    """Milliseconds, out of what the C host says of a call."""
    return int(said.split(" ")[-1]) / 1e6


def medians(calls: dict[str, Call]) -> dict[str, float]:
    """The median of each call, all of them made in turn."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(WARM + ROUNDS):
        for name, call in calls.items():
            spent = call()
            if number >= WARM:
                times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}


def initiating(host: Host) -> Call:
    """Initiates on Composio's API without asking the app: every request goes over the connection that is kept."""
    users = iter(range(10**9))
    return lambda: took(host.must("initiate", "char*", "off", f"user-{next(users)}", secret=canary()))


def timed(host: Host, *words: str) -> Call:
    return lambda: took(host.must(*words))


def handshake(address: str) -> Call:
    """A connection with TLS to the app, and nothing on it."""
    url = urlsplit(address)
    context = ssl.create_default_context(cafile=os.environ["KEYLATCH_TEST_CA"])

    def call() -> float:
        begun = time.perf_counter()
        with socket.create_connection((url.hostname or "", url.port or 0), 10) as plain:
            context.wrap_socket(plain, server_hostname=url.hostname).close()
        return (time.perf_counter() - begun) * 1000

    return call


def main() -> int:
    build_both()
    with TemporaryDirectory(prefix="keylatch-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        programs = {build: program(folder, build) for build in BUILDS}

        def host(build: str, backend: str, strict: str = "lax") -> tuple[Host, World]:
            own = folder / f"{build}-{backend}-{strict}"
            own.mkdir()
            around, started = World(backend, "https", own), stack.enter_context(Host(programs[build]))
            around.open(started, strict=strict)
            return started, around

        remote = {build: initiating(host(build, "composio")[0]) for build in BUILDS}
        calls: dict[str, Call] = {}
        for build in BUILDS:
            for strict, what in (("lax", "kept"), ("strict", "own")):
                used, around = host(build, "vault", strict)
                used.must("initiate", "char*", "off", "user-1", secret=canary())
                calls[f"{build}, request, {what} connection"] = timed(used, "request", "/v1/balance")
            calls[f"{build}, verify"] = timed(used, "verify")
        calls["handshake alone"] = handshake(around.app)

        initiate, rest = medians(remote), medians(calls)
    ratio = initiate["protected"] / initiate["unprotected"]
    print(
        f"remote initiate on a kept connection: {initiate['protected']:.2f} ms protected, "
        f"{initiate['unprotected']:.2f} ms without: {ratio:.3f} times (at most {MOST})"
    )
    for what, spent in rest.items():
        print(f"  {what:45} {spent:7.2f} ms")
    for build in BUILDS:
        extra = rest[f"{build}, request, own connection"] - rest[f"{build}, request, kept connection"]
        print(
            f"{build}: a connection of its own costs {extra:.2f} ms, a handshake alone {rest['handshake alone']:.2f} ms"
        )
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
