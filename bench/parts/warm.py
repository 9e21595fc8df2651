"""The warm pair on Composio's API, one at a time: initiate and get, with a client that has been used before."""

from __future__ import annotations

from measuring import in_turn, running
from results import Cell, Demand, Part
from setting import Setting

from parts import remote

BASE = "reqwest::blocking"
MOST = {"Rust": 1.15, "C": 1.15, "Python": 1.4, "Node": 1.6}
OFFICIALS = {"Python": "composio, Python", "Node": "@composio/core, Node"}
CPU_LESS = 8


def run(setting: Setting) -> Part:
    pair = remote.record_pair(setting)
    names = [*remote.HOSTS, *remote.FLOORS]
    if setting.effort.peers:
        names += [*remote.PEERS, *remote.OFFICIALS]
    with running(remote.commands(setting, setting.server, names)) as programs:
        for name, program in programs.items():
            if name in remote.FLOORS | remote.PEERS:
                remote.must_send(pair, name, program, setting.server)
        times = in_turn(programs, setting.effort.rounds, "pair", setting.effort.pairs)

    base, hyper = times[BASE], times["bare hyper"]
    columns = ["Program", "p50, ms", "p99, ms", "CPU, ms", f"p50, × {BASE}", "p50, × hyper", "CPU, × hyper"]
    part = Part("warm", f"Warm pair: initiate and get, {len(pair)} requests", columns)
    part.bars_title = "Warm pair: p50, ms (less is better)"
    for name, spent in times.items():
        ratios: list[Cell] = [spent.p50 / base.p50, spent.p50 / hyper.p50, spent.cpu_each / hyper.cpu_each]
        part.rows.append([name, spent.p50 / 1e6, spent.p99 / 1e6, spent.cpu_each / 1e6, *ratios])
        part.bars[name] = spent.p50 / 1e6
    for language, most in MOST.items():
        ratio = times[f"Keylatch, {language}"].p50 / base.p50
        part.demands.append(Demand("3", f"{language}: p50 of the warm pair, × {BASE}", ratio, most))
    for language, official in OFFICIALS.items():
        if official in times:
            ratio = times[official].cpu_each / times[f"Keylatch, {language}"].cpu_each
            says = f"{language}: CPU of a pair with {official.partition(',')[0]}, × Keylatch's"
            part.demands.append(Demand("3", says, ratio, CPU_LESS, at_least=True))
    return part
