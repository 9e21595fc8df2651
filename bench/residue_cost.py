"""What it costs to leave no residue: the C library beside itself built without any protection, call by call in turn.

`make bench-residue`. Times are medians over the calls of one interleaved run; what counts is their ratio.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/residue")]
from doors import FLAGS  # noqa: E402
from driving import HERE, Host, canary  # noqa: E402
from worlds import SCHEMES, World  # noqa: E402

BUILDS = {"protected": ROOT / "target/release", "unprotected": ROOT / "target/unprotected/release"}
KEEPING = {"lax": "request over a kept connection", "strict": "request over one of its own"}
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
    sources = [str(HERE / name) for name in ("host.c", "care.c", "plant.c")]
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


def main() -> int:
    build_both()
    with TemporaryDirectory(prefix="keylatch-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        programs = {build: program(folder, build) for build in BUILDS}

        def host(build: str, backend: str, scheme: str, strict: str = "lax") -> Host:
            own = folder / f"{build}-{backend}-{scheme}-{strict}"
            own.mkdir()
            around, started = World(backend, scheme, own), stack.enter_context(Host(programs[build]))
            around.open(started, strict=strict)
            return started

        remote = {build: initiating(host(build, "composio", "https")) for build in BUILDS}
        used: dict[str, Call] = {}
        for build, scheme, strict in product(BUILDS, SCHEMES, KEEPING):
            user = host(build, "vault", scheme, strict)
            user.must("initiate", "char*", "off", "user-1", secret=canary())
            used[f"{build} {scheme} {strict}"] = timed(user, "request", "/v1/balance")
            used[f"{build} {scheme} verify"] = timed(user, "verify")
        return report(medians(remote), medians(used))


def report(initiate: dict[str, float], used: dict[str, float]) -> int:
    """Says what was measured; 1 where it is more than it may be."""
    ratio = initiate["protected"] / initiate["unprotected"]
    times = f"{initiate['protected']:.2f} ms protected, {initiate['unprotected']:.2f} ms without"
    print(f"initiating over a kept connection: {times}: {ratio:.3f} times, at most {MOST} allowed")
    for build in BUILDS:
        # A connection of its own without TLS, and what TLS adds to it.
        plain, whole = (used[f"{build} {scheme} strict"] - used[f"{build} {scheme} lax"] for scheme in SCHEMES)
        parts = f"{whole - plain:.2f} its handshake, {plain:.2f} the rest"
        print(f"{build}: a connection of its own costs {whole:.2f} ms: {parts}")
        for scheme, what in product(SCHEMES, ("lax", "strict", "verify")):
            print(f"  {scheme:5} {KEEPING.get(what, 'verification'):34} {used[f'{build} {scheme} {what}']:6.2f} ms")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
