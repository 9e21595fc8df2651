"""A vault with very many connections: what opening, getting, listing and initiating cost, against a small one."""

from __future__ import annotations

from building import rust
from measuring import Command, in_turn, running
from results import Demand, Part
from setting import Setting

SMALL = 1000
OPERATIONS = ("open", "get", "list", "initiate", "dsn")
DEMANDED = OPERATIONS[:4]
MOST = 2


def run(setting: Setting) -> Part:
    large = setting.effort.large
    part = Part(
        "large",
        f"{large:,} connections in one vault",
        ["Operation", f"p50 at {SMALL:,}, µs", f"p50 at {large:,}, µs", "ratio"],
    )
    part.bars_title = f"At {large:,} connections, × the cost at {SMALL:,} (less is better)"
    environments = {str(count): setting.vault(f"large-{count}", count) for count in (SMALL, large)}
    with running({count: Command(rust("keylatch"), env) for count, env in environments.items()}) as programs:
        for operation in OPERATIONS:
            times = in_turn(programs, 5 * setting.effort.rounds, operation, at_a_time(setting, operation))
            small, big = (spent.p50 / 1e3 for spent in times.values())
            part.rows.append([operation, small, big, big / small])
            part.bars[operation] = big / small
            if operation in DEMANDED:
                says = f"{operation} with {large:,} connections, × its cost at {SMALL:,}"
                part.demands.append(Demand("6", says, big / small, MOST))
        few, many = (program.memory() for program in programs.values())
        part.note = memory(few, many, large)
    return part


def at_a_time(setting: Setting, operation: str) -> int:
    """A few of what waits for the disk, which is busy with other things from moment to moment; more of what is read."""
    return max(1, setting.effort.pairs // 5) if operation in ("open", "initiate") else 5 * setting.effort.pairs


def memory(few: int, many: int, large: int) -> str:
    """What standing in memory the connections cost, which stay in the file."""
    each = max(0, many - few) / (large - SMALL) * 100_000
    both = f"{few / 1e6:.1f} MB and {many / 1e6:.1f} MB"
    return f"Memory of the process: {both}, {each / 1e6:.2f} MB for each 100,000 connections."
