"""What the parts have in common: how much is measured, the server with its answers, vaults, and environments."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

Json = Any
ROOT = Path(__file__).resolve().parent.parent
MADE = ROOT / "target/bench"
PEERS = MADE / "cargo/release"
TIME_LIMIT = 3600
API = "/api/v3.1"


@dataclass
class Effort:
    """How much is measured. With `peers` from package registries, or only with what this checkout builds."""

    name: str
    starts: int
    rounds: int
    pairs: int
    waves: int
    large: int
    peers: bool = True


FULL = Effort("full", starts=20, rounds=40, pairs=30, waves=8, large=1_000_000)
SHORT = Effort("short", starts=7, rounds=12, pairs=20, waves=4, large=50_000)
SMOKE = Effort("smoke", starts=1, rounds=1, pairs=3, waves=1, large=2_000, peers=False)


@dataclass
class Server:
    """The bench's server while it runs."""

    url: str

    def seen(self) -> Json:
        """What it saw since it was last asked."""
        with urllib.request.urlopen(f"{self.url}/_bench") as answer:
            seen = json.load(answer)
        if seen["unknown"]:
            raise SystemExit(f"the server has no answer to some of {[one['target'] for one in seen['first']]}")
        return seen


@dataclass
class Setting:
    """One run of the bench. `folder` is on the disk that the checkout is on: what is synced there is really synced."""

    effort: Effort
    folder: Path
    stack: ExitStack = field(default_factory=ExitStack)
    _samples: int = 0

    def env(self, **more: str) -> dict[str, str]:
        """Nothing of the user's own settings of Composio's."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSIO_", "XDG_"))}
        return {**own, "HOME": str(self.folder), **more}

    def remote(self, server: Server) -> dict[str, str]:
        """For programs that talk to the server."""
        return self.env(
            BENCH_SERVER=server.url,
            BENCH_SAMPLES=self.samples,
            BENCH_PAIR=str(self.folder / "pair.json"),
            BENCH_INTEGRATION=self.integration,
        )

    @cached_property
    def server(self) -> Server:
        return self.stack.enter_context(self.served(latency_ms=0))

    @cached_property
    def distant_server(self) -> Server:
        return self.stack.enter_context(self.served(latency_ms=20))

    @contextmanager
    def served(self, latency_ms: int) -> Iterator[Server]:
        replies = self.folder / "replies.json"
        env = self.env(BENCH_REPLIES=str(replies), BENCH_LATENCY_MS=str(latency_ms))
        process = subprocess.Popen([PEERS / "server"], env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            yield Server(process.stdout.readline().strip())
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def prepare(self) -> None:
        """Asks the test server, which answers by the contract, for the answers that the fast one will give."""
        test = os.environ["KEYLATCH_TEST_COMPOSIO"]
        send("PUT", f"{test}/_control/bench", {})
        replies: list[Json] = []

        def reply(method: str, path: str, body: Json = None) -> Json:
            status, answer = send(method, f"{test}{API}{path}", body)
            replies.append({"method": method, "path": API + path, "status": status, "body": answer})
            return answer

        auth = {"type": "use_custom_auth", "authScheme": "API_KEY", "credentials": {}}
        made = reply("POST", "/auth_configs", {"toolkit": {"slug": "stripe"}, "auth_config": auth})
        self.integration = made["auth_config"]["id"]
        reply("GET", "/toolkits/stripe")
        reply("GET", f"/auth_configs/{self.integration}")
        reply("GET", "/connected_accounts")
        state = {"authScheme": "API_KEY", "val": {"status": "ACTIVE", "api_key": "sk_test_0123456789abcdefghijklmn"}}
        connection = {"user_id": "user-1", "state": state}
        account = reply(
            "POST", "/connected_accounts", {"auth_config": {"id": self.integration}, "connection": connection}
        )
        reply("GET", f"/connected_accounts/{account['id']}")
        self.keep("replies.json", replies)
        self.samples = self.keep("remote-samples.json", {"integration": self.integration, **NO_SAMPLES})

    def keep(self, name: str, content: Json) -> str:
        (self.folder / name).write_text(json.dumps(content), encoding="utf-8")
        return str(self.folder / name)

    def vault(self, name: str, count: int) -> dict[str, str]:
        """The environment for programs on a vault with so many connections."""
        file = self.folder / f"{name}.db"
        # Filled where syncing costs nothing, if there is such a place.
        memory = Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else self.folder) as scratch:
            draft = Path(scratch) / "vault.db"
            samples = self.filled(str(draft), count)
            file.write_bytes(draft.read_bytes())
        return self.env(BENCH_VAULT=str(file), BENCH_SAMPLES=samples, BENCH_RAW=str(file) + "-raw")

    def filled(self, vault: str, count: int) -> str:
        """Adds so many connections to a vault; gives the file that names samples of what is in it then."""
        env = self.env(BENCH_VAULT=vault, BENCH_COUNT=str(count))
        told = subprocess.run([PEERS / "fill"], env=env, stdout=subprocess.PIPE, check=True, timeout=TIME_LIMIT)
        self._samples += 1
        return self.keep(f"samples-{self._samples}.json", json.loads(told.stdout))


NO_SAMPLES: dict[str, list[str]] = {"ids": [], "cursors": [], "revealed": []}


def send(method: str, url: str, body: Json) -> tuple[int, Json]:
    headers = {"content-type": "application/json", "x-api-key": "ak_bench"}
    content = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method)) as answer:
        return answer.status, json.load(answer)


@contextmanager
def setting(effort: Effort) -> Iterator[Setting]:
    MADE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MADE, prefix="run-") as folder, ExitStack() as stack:
        one = Setting(effort, Path(folder), stack)
        one.prepare()
        yield one
