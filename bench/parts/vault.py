"""The embedded vault: initiating, alone and many at once, against raw inserts as durable, and using a credential."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from building import node, python, rust
from measuring import Command, Program, Times, in_turn, running
from results import Demand, Part
from setting import Setting

HOSTS = {"Keylatch, Rust": rust("keylatch"), "Keylatch, Python": python("host.py"), "Keylatch, Node": node("host.mjs")}
RAW = "raw SQLite insert"
RUST = "Keylatch, Rust"
THREADS = 8
PROCESSES = (1, 2, 4, 8)
MOST_TO_RAW, LEAST_BY_THREADS = 1.5, 3
# Microseconds to look a connection up, open it and put its credential into a connection string.
MOST_TO_USE = {"Rust": 20, "Python": 30, "Node": 30}


def run(setting: Setting) -> Part:
    columns = ["Program", "operation", "p50, µs", "p99, µs", "a second", "compared"]
    part = Part("vault", "Vault on this disk: every initiation synced", columns)
    part.bars_title = "Initiations a second into a vault (more is better)"
    part.note = (
        "Initiations do not ask the provider. `dsn` looks a connection up, opens its record and puts the credential"
        " where it belongs, without a network: what `request` does before it sends."
    )
    environments = {name: setting.vault(f"vault-{number}", 1000) for number, name in enumerate([*HOSTS, RAW])}
    commands = {**HOSTS, RAW: rust("sqlite")}
    with running({name: Command(words, environments[name]) for name, words in commands.items()}) as programs:
        one_by_one(setting, part, programs)
        by_threads(setting, part, {name: programs[name] for name in (RUST, RAW)})
        using(setting, part, {name: programs[name] for name in HOSTS})
    by_processes(setting, part, environments)
    return part


def add(part: Part, name: str, operation: str, times: Times, compared: str) -> None:
    part.rows.append([name, operation, times.p50 / 1e3, times.p99 / 1e3, times.rate, compared])


def one_by_one(setting: Setting, part: Part, programs: Mapping[str, Program]) -> None:
    # A few each time: how long the disk takes to sync changes from moment to moment.
    times = in_turn(programs, 5 * setting.effort.rounds, "initiate", max(1, setting.effort.pairs // 5))
    for name, spent in times.items():
        ratio = spent.p50 / times[RAW].p50
        add(part, name, "insert" if name == RAW else "initiate", spent, f"{ratio:.2f} × raw")
        part.bars[name] = spent.rate
    ratio = times[RUST].p50 / times[RAW].p50
    part.demands.append(Demand("5", "embedded initiate, p50, × a raw SQLite insert", ratio, MOST_TO_RAW))


def by_threads(setting: Setting, part: Part, programs: Mapping[str, Program]) -> None:
    """One thread and eight in turn, so that both meet the same disk."""
    effort = setting.effort
    times = {(name, threads): Times() for name in programs for threads in (1, THREADS)}
    for number in range(effort.rounds // 2 + 2):
        for (name, threads), spent in times.items():
            count = effort.pairs * threads
            programs[name].order("initiate", count, threads, spent if number else None)
    for name in programs:
        ratio = times[name, THREADS].rate / times[name, 1].rate
        add(part, name, f"{THREADS} threads", times[name, THREADS], f"{ratio:.2f} × one thread's rate")
        if name == RUST:
            part.bars[f"{name}, {THREADS} threads"] = times[name, THREADS].rate
            says = f"{THREADS} threads initiate in one process, × one thread's rate"
            part.demands.append(Demand("5", says, ratio, LEAST_BY_THREADS, at_least=True))


def by_processes(setting: Setting, part: Part, environments: Mapping[str, Mapping[str, str]]) -> None:
    for name, words in ((RUST, HOSTS[RUST]), (RAW, rust("sqlite"))):
        command = Command(words, environments[name])
        with running({str(number): command for number in range(max(PROCESSES))}) as started:
            programs = list(started.values())
            alone = 0.0
            for processes in PROCESSES:
                times, rate = together(setting, programs[:processes])
                alone = alone or rate
                times.rates = [rate]
                add(part, name, f"{processes} processes", times, f"{rate / alone:.2f} × one's rate")


def together(setting: Setting, programs: list[Program]) -> tuple[Times, float]:
    """What all do at once, and how much that is in a second."""
    all, rates = Times(), []
    for number in range(setting.effort.waves + 1):
        some = Times()
        for program in programs:
            program.send("initiate", setting.effort.pairs)
        for program in programs:
            program.receive(some)
        if number:
            all.each += some.each
            rates.append(sum(some.rates))
    return all, statistics.median(rates)


def using(setting: Setting, part: Part, programs: Mapping[str, Program]) -> None:
    times = in_turn(programs, setting.effort.rounds, "dsn", 10 * setting.effort.pairs)
    for name, spent in times.items():
        add(part, name, "dsn", spent, "")
        language = name.rpartition(" ")[2]
        says = f"{language}: look up, open and put in, µs"
        part.demands.append(Demand("5", says, spent.p50 / 1e3, MOST_TO_USE[language]))
