"""Runs Keylatch against real servers, each started for it on loopback: `make test-live`, with ARGS="NAME …" for some.

Every server has a file here with a table of situations; each is tried through the Python package.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from types import FrameType, ModuleType

import dovecot
import emulate
import environments
import exim
import jupyter
import localstripe
import mariadb
import mosquitto
import nats
import nginx
import packages
import postgresql
import pypiserver
import rabbitmq
import radicale
import redis
import servers
import slapd
import sshd
from keylatch import Keylatch, errors
from keylatch.models import Integration
from situations import Live, Situation

# The slowest to start first; on two cores four at once are as fast as more.
SERVERS: list[ModuleType] = [
    rabbitmq,
    mariadb,
    postgresql,
    jupyter,
    redis,
    mosquitto,
    nats,
    slapd,
    sshd,
    exim,
    dovecot,
    nginx,
    localstripe,
    emulate,
    radicale,
    pypiserver,
]
AT_ONCE = 4
REFUSED = {"rejected": "credentials_rejected", "wrong_host": "provider_unreachable"}
SECONDS = 20


@dataclass
class Outcome:
    title: str
    version: str = ""
    tried: int = 0
    failed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    seconds: float = 0


def integration(client: Keylatch, situation: Situation) -> Integration:
    """Servers on loopback are the developer's exception, made here and nowhere else."""
    return client.integrations.create(
        situation.app, auth_scheme=situation.scheme, base_url=situation.at, allow=["loopback"]
    )


def attempt(client: Keylatch, situation: Situation, entity: str) -> str | None:
    """Tries one situation; says what is wrong, if anything."""
    made = integration(client, situation)
    values = {name: bytearray(value, "utf-8") for name, value in situation.params.items()}
    user = client.entity(entity)
    try:
        connection = user.initiate_connection(integration_id=made.id, connected_account_params=values)
    except errors.KeylatchError as error:
        expected = (REFUSED.get(situation.verdict), situation.verdict)
        if (error.code, error.verdict) != expected:
            return f"{error.code}, verdict {error.verdict}: {error.message}"
        if len(user.connections()) > 0:
            return "refused, but something was stored"
        return None
    if connection.verdict != situation.verdict or situation.verdict in REFUSED:
        why = [item.detail for item in client.connected_accounts.verify(connection.connected_account_id).evidence]
        return f"stored with the verdict {connection.verdict} (asked again: {why})"
    return used(client, situation, connection.connected_account_id)


def used(client: Keylatch, situation: Situation, account: str) -> str | None:
    if situation.use is None:
        return None
    answer = client.request("GET", situation.use.path, connected_account_id=account)
    text = bytes(answer.body).decode(errors="replace")
    if answer.status != situation.use.status or situation.use.answer not in text:
        return f"the request got {answer.status} and not {situation.use.answer!r}"
    return None


def try_all(live: Live, place: servers.Place, outcome: Outcome) -> None:
    outcome.version = live.version
    ca, key = live.ca.encode() if live.ca else None, bytearray(os.urandom(32))
    with Keylatch(place.folder / "vault.db", key=key, extra_ca=ca, timeout=SECONDS) as client:
        for app in live.apps:
            client.apps.register(app)
        for number, situation in enumerate(live.situations):
            outcome.tried += 1
            try:
                wrong = attempt(client, situation, f"user-{number}")
            except errors.KeylatchError as error:
                wrong = f"{error.code}: {error.message}"
            if wrong is not None:
                outcome.failed.append(f"{situation.words}: wanted {situation.verdict}, {wrong}")
    outcome.failed += [f"in the server's log: {line}" for line in live.complaints()]


def run(module: ModuleType, authority: servers.Authority, processes: servers.Processes, closed: int) -> Outcome:
    outcome = Outcome(module.TITLE)
    outcome.missing = [name for name in module.NEEDS if packages.find(name) is None]
    if outcome.missing:
        return outcome
    begun = time.monotonic()
    try:
        with servers.place(module.TITLE, authority, processes, closed) as place, module.start(place) as live:
            try_all(live, place, outcome)
    except servers.Trouble as trouble:
        outcome.failed.append(str(trouble))
    except Exception:
        outcome.failed.append(traceback.format_exc())
    outcome.seconds = time.monotonic() - begun
    return outcome


def say(outcome: Outcome) -> None:
    if outcome.missing:
        print(f"{outcome.title}: not tried, {', '.join(outcome.missing)} missing", flush=True)
        return
    name = f"{outcome.title} {outcome.version}".strip()
    print(f"{name}: {outcome.tried} situations, {len(outcome.failed)} failed ({outcome.seconds:.0f} s)", flush=True)
    for line in outcome.failed:
        print(f"  {line}", flush=True)


def run_all(chosen: Sequence[ModuleType]) -> list[Outcome]:
    authority, processes = servers.Authority(), servers.Processes()
    outcomes = []
    with servers.closed_port() as closed, ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            running: list[Future[Outcome]] = [pool.submit(run, one, authority, processes, closed) for one in chosen]
            for done in as_completed(running):
                outcomes.append(done.result())
                say(outcomes[-1])
        finally:
            # After Ctrl-C the threads lose their servers, fail, and clear their folders away.
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop_all()
    return outcomes


def interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    names = sys.argv[1:]
    chosen = [module for module in SERVERS if not names or module.TITLE in names]
    unknown = set(names) - {module.TITLE for module in SERVERS}
    if unknown:
        print(f"no such server: {', '.join(sorted(unknown))}; there are {', '.join(one.TITLE for one in SERVERS)}")
        return 2
    environments.install()
    try:
        outcomes = run_all(chosen)
    except KeyboardInterrupt:
        return 130
    tried, failed = sum(one.tried for one in outcomes), sum(len(one.failed) for one in outcomes)
    missing = sorted({name for one in outcomes for name in one.missing})
    if missing and os.environ.get("CI") == "true":
        failed += len(missing)
        print(f"missing under CI: {', '.join(missing)}")
    print(f"\n{len(outcomes)} servers, {tried} situations, {failed} failed")
    print("missing here, install with `make servers`: " + (", ".join(missing) or "nothing"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
