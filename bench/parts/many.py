"""Many pairs at once against 20 ms of latency: what a program gets through, against bare hyper."""

from __future__ import annotations

from measuring import in_turn, running
from results import Demand, Part
from setting import Setting

from parts import remote

BASE = "bare hyper"
# How many at once, and the least share of hyper's rate, in percent.
LEAST = {
    64: {"Keylatch, Node": 90, "Keylatch, asyncio": 90, "Keylatch, Python": 80, "Keylatch, C": 80},
    1000: {"Keylatch, Node": 80, "Keylatch, asyncio": 80, "Keylatch, Python": 80, "Keylatch, C": 80},
}
WITH_THREADS = ("Keylatch, Python", "Keylatch, C")


def run(setting: Setting) -> Part:
    remote.record_pair(setting)
    names = [BASE, *LEAST[64]]
    columns = [
        "Program",
        *(f"{column}, {count} at once" for count in LEAST for column in ("pairs/s", "% of hyper's", "CPU, ms")),
    ]
    part = Part("many", "Many at once, 20 ms away", columns, [[labelled(name)] for name in names])
    part.bars_title = "64 at once, 20 ms away: pairs a second (more is better)"
    with running(remote.commands(setting, setting.distant_server, names)) as programs:
        for at_once, least in LEAST.items():
            # As long for all that run at once as for one.
            times = in_turn(programs, setting.effort.waves, "pair", 4 * at_once, at_once)
            for row, (name, spent) in zip(part.rows, times.items(), strict=True):
                share = 100 * spent.rate / times[BASE].rate
                row += [spent.rate, share, spent.cpu_each / 1e6]
                if name in least:
                    says = f"{labelled(name)}: {at_once} at once, % of hyper's rate"
                    part.demands.append(Demand("4", says, share, least[name], at_least=True))
            if at_once == min(LEAST):
                part.bars = {labelled(name): spent.rate for name, spent in times.items()}
    return part


def labelled(name: str) -> str:
    return f"{name} threads" if name in WITH_THREADS else name
