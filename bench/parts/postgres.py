"""A vault in PostgreSQL: initiating against raw inserts as durable, and very many connections against a thousand."""

from __future__ import annotations

import sys

from building import rust
from measuring import Command, in_turn, running
from results import Demand, Part
from setting import ROOT, Setting

from parts.large import DEMANDED, MOST, SMALL, at_a_time

sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/live", "tests/postgres")]
from server import Server, started  # noqa: E402

RAW = "raw insert"
# Nobody could open the copies, since a seal tells whose it is; nobody opens them here.
COPIES = """
INSERT INTO keylatch.connections (tenant, id, entity_id, app, auth_scheme, integration_id, status, verdict, labels,
    metadata, record_version, key_id, sealed, created_at, updated_at)
SELECT tenant, id || '-' || copy, entity_id || '-' || copy, app, auth_scheme, integration_id, status, verdict, labels,
    metadata, record_version, key_id, sealed, created_at, updated_at
FROM keylatch.connections, generate_series(1, {copies}) AS copy ORDER BY copy;
ANALYZE;
"""


def run(setting: Setting) -> Part:
    large = setting.effort.large
    columns = ["Operation", f"p50 at {SMALL:,}, µs", f"p50 at {large:,}, µs", "ratio"]
    part = Part("postgres", f"{large:,} connections in PostgreSQL", columns)
    part.bars_title = f"PostgreSQL, at {large:,} connections: × the cost at {SMALL:,} (less is better)"
    with started(durable=True) as server:
        environments = {str(count): vault(setting, server, count) for count in (SMALL, large)}
        commands = {count: Command(rust("keylatch"), env) for count, env in environments.items()}
        commands[RAW] = Command(rust("postgres"), environments[str(SMALL)])
        with running(commands) as programs:
            raw = programs.pop(RAW)
            for operation in DEMANDED:
                measured = programs | {RAW: raw} if operation == "initiate" else programs
                times = in_turn(measured, setting.effort.rounds, operation, at_a_time(setting, operation))
                small, big = (times[str(count)].p50 / 1e3 for count in (SMALL, large))
                part.rows.append([operation, small, big, big / small])
                part.bars[operation] = big / small
                says = f"PostgreSQL: {operation} with {large:,} connections, × its cost at {SMALL:,}"
                part.demands.append(Demand("6", says, big / small, MOST))
            insert = times[RAW].p50 / 1e3
    part.note = f"A raw insert, as durable: {insert:.0f} µs; an initiation takes {small / insert:.2f} times as long."
    return part


def vault(setting: Setting, server: Server, count: int) -> dict[str, str]:
    """The environment for programs on a database of its own, with so many connections."""
    database = f"vault_{count}"
    server.sql(f"CREATE DATABASE {database} OWNER app")
    url = server.url("sslmode=disable", database=database)
    setting.filled(url, SMALL)
    if count > SMALL:
        server.sql(COPIES.format(copies=count // SMALL - 1), database)
    return setting.env(BENCH_VAULT=url, BENCH_RAW=url, BENCH_SAMPLES=setting.filled(url, 0))
