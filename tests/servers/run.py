"""Runs a command beside the test servers: `python tests/servers/run.py [--localstripe] [--few-roots] -- CMD…`."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

HERE = Path(__file__).resolve().parent
NEEDED = ("aiohttp", "trustme", "localstripe", "botocore", "jwt", "cryptography")
START_SECONDS = 30
STOP_SECONDS = 5
CHILD_SECONDS = 10


class Stopped(Exception):
    """A signal asked us to end before the command could be started."""


class Signals:
    """Turns SIGINT and SIGTERM into one orderly end, so that servers and files are always cleared away."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self.caught: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._catch)

    def _catch(self, number: int, _frame: FrameType | None) -> None:
        first, self.caught = self.caught is None, number
        if self.child is None:
            if first:
                raise Stopped
            return
        self.child.send_signal(number)
        if first:
            # A command that ignores the request must not keep the servers alive for ever.
            timer = threading.Timer(CHILD_SECONDS, self.child.kill)
            timer.daemon = True
            timer.start()

    def run(self, command: list[str], env: dict[str, str]) -> int:
        try:
            self.child = subprocess.Popen(command, env=env)
        except OSError as error:
            print(f"run.py: cannot start {command[0]}: {error.strerror}", file=sys.stderr)
            return 127
        if self.caught is not None:
            self.child.send_signal(self.caught)
        code = self.child.wait()
        return 128 - code if code < 0 else code


@contextmanager
def server(script: str, *args: str, cwd: str) -> Iterator[dict[str, int]]:
    """Starts a server script, waits for its READY line, gives its ports, and stops it in the end."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / script), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "HOME": cwd, "TMPDIR": cwd, "PYTHONDONTWRITEBYTECODE": "1"},
        # Ctrl-C in a terminal must reach the command first, and the servers only through us.
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if readable else b""
        if not line.startswith(b"READY "):
            raise SystemExit(f"run.py: {script} did not start within {START_SECONDS} seconds")
        yield json.loads(line[len(b"READY ") :])
    finally:
        process.stdin.close()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def wait_until_it_answers(name: str, port: int, path: str) -> None:
    """READY says that a server listens; this says that it answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"run.py: {name} does not answer") from None
            time.sleep(0.05)
        finally:
            connection.close()


def environment(ports: dict[str, int], composio: dict[str, int], ca: Path, stripe: int | None) -> dict[str, str]:
    env = {
        **os.environ,
        "KEYLATCH_TEST_PROVIDER_HTTP": f"http://127.0.0.1:{ports['http']}",
        "KEYLATCH_TEST_PROVIDER_HTTPS": f"https://localhost:{ports['https']}",
        "KEYLATCH_TEST_OTHER": f"https://127.0.0.1:{ports['other']}",
        "KEYLATCH_TEST_MISNAMED": f"https://localhost:{ports['misnamed']}",
        "KEYLATCH_TEST_UNTRUSTED": f"https://localhost:{ports['untrusted']}",
        "KEYLATCH_TEST_DEAD": f"http://127.0.0.1:{ports['dead']}",
        "KEYLATCH_TEST_COMPOSIO": f"http://127.0.0.1:{composio['http']}",
        "KEYLATCH_TEST_COMPOSIO_HTTPS": f"https://localhost:{composio['https']}",
        "KEYLATCH_TEST_CA": str(ca),
    }
    if stripe is not None:
        env["KEYLATCH_TEST_STRIPE"] = f"http://127.0.0.1:{stripe}"
    # A proxy of the machine cannot reach our loopback.
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join(filter(None, [env.get(name), "localhost,127.0.0.1"]))
    return env


def few_roots(file: Path) -> dict[str, str]:
    """The variables for a system with one authority: each of a thousand clients reads all that there are."""
    import trustme  # may be missing, which `main` says

    trustme.CA().cert_pem.write_to_path(str(file))
    return {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": str(file.with_name("none"))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--localstripe", action="store_true", help="start localstripe too")
    parser.add_argument("--few-roots", action="store_true", help="let the system's authorities be one of nobody's")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD …")
    args = parser.parse_args()
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        parser.error("give the command to run, after --")
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(f"run.py: {', '.join(missing)} missing: pip install -r tests/requirements.txt", file=sys.stderr)
        return 2

    signals = Signals()
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="keylatch-test-"))
            ca = Path(folder) / "ca.pem"
            ports = stack.enter_context(server("provider.py", "--ca", str(ca), cwd=folder))
            wait_until_it_answers("the provider double", ports["http"], "/")
            composio = stack.enter_context(server("composio/main.py", "--ca", str(ca), cwd=folder))
            wait_until_it_answers("the Composio server", composio["http"], "/")
            stripe = None
            if args.localstripe:
                stripe = stack.enter_context(server("run_localstripe.py", cwd=folder))["http"]
                wait_until_it_answers("localstripe", stripe, "/v1/balance")
            env = environment(ports, composio, ca, stripe)
            if args.few_roots:
                env |= few_roots(Path(folder) / "system.pem")
            return signals.run(command, env)
    except Stopped:
        return 128 + (signals.caught or 0)


if __name__ == "__main__":
    sys.exit(main())
