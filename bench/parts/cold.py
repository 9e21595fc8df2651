"""The cold flow on Composio's API, as a whole process: load, discover, initiate, confirm."""

from __future__ import annotations

from building import OFFICIAL, node, node_peer, official_env, python, python_peer
from measuring import Command, Times
from results import Demand, Part
from setting import Setting

OFFICIALS = {"Python": ("composio, Python", 20), "Node": ("@composio/core, Node", 5)}
MOST_REQUESTS, MOST_CONNECTIONS = 3, 1


def run(setting: Setting) -> Part:
    server = setting.server
    remote = setting.remote(server)
    commands = {
        "Keylatch, Python": Command(python("cold.py"), remote),
        "Keylatch, Node": Command(node("cold.mjs"), remote),
    }
    if setting.effort.peers:
        env = official_env(setting, server)
        commands["composio, Python"] = Command(python_peer("cold_official.py"), env)
        commands["@composio/core, Node"] = Command(node_peer("cold_official.mjs", OFFICIAL["node_new"].home), env)
    times = {name: Times() for name in commands}
    seen: dict[str, tuple[int, int]] = {}
    for number in range(setting.effort.starts + 1):
        for name, command in commands.items():
            server.seen()
            command.run(times[name] if number else Times())
            counts = server.seen()
            seen[name] = max(seen.get(name, (0, 0)), (counts["requests"], counts["connections"]))

    columns = ["Program", "wall, ms", "CPU, ms", "wall, × Keylatch's", "requests", "connections"]
    part = Part("cold", "Cold flow: a new process discovers, initiates and confirms", columns)
    part.bars_title = "Cold flow: wall time, ms (less is better)"
    for name, spent in times.items():
        language = name.rpartition(" ")[2]
        ratio = spent.p50 / times[f"Keylatch, {language}"].p50
        part.rows.append([name, spent.p50 / 1e6, spent.cpu_each / 1e6, ratio, *seen[name]])
        part.bars[name] = spent.p50 / 1e6
    for language, (official, times_less) in OFFICIALS.items():
        requests, connections = seen[f"Keylatch, {language}"]
        part.demands.append(Demand("2", f"{language}: requests of the cold flow", requests, MOST_REQUESTS))
        part.demands.append(Demand("2", f"{language}: connections of the cold flow", connections, MOST_CONNECTIONS))
        if official in times:
            ratio = times[official].p50 / times[f"Keylatch, {language}"].p50
            says = f"{language}: wall time of {official.partition(',')[0]}, × Keylatch's"
            part.demands.append(Demand("2", says, ratio, times_less, at_least=True))
    return part
