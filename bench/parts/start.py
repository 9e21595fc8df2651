"""What a program costs before it can ask its user anything: import, open, discover; net of the bare interpreter."""

from __future__ import annotations

from building import OFFICIAL, node, official_env, python
from measuring import Command, Times, ran_in_turn
from results import Cell, Demand, Part
from setting import Setting

BARE = {"Python": "bare Python", "Node": "bare Node"}
OLD_AND_NEW = {
    "python_new": ("Python", "import composio"),
    "python_old": ("Python", "import composio (composio-core)"),
    "node_new": ("Node", "load @composio/core"),
    "node_old": ("Node", "load composio-core"),
}


def run(setting: Setting) -> Part:
    vault = setting.vault("start", 1000)
    plain = setting.env()
    commands = {
        "bare Python": Command(python_says("pass"), plain),
        "Keylatch, Python": Command(python("start.py"), vault),
        "bare Node": Command(node_says(""), plain),
        "Keylatch, Node": Command(node("start.mjs"), vault),
    }
    of = {name: name.rpartition(" ")[2] for name in commands}
    if setting.effort.peers:
        env = official_env(setting, setting.server)
        for sdk, (language, says) in OLD_AND_NEW.items():
            one = OFFICIAL[sdk]
            package = "@composio/core" if sdk == "node_new" else "composio-core"
            words = [str(one.home / "bin/python"), "-c", "import composio"]
            commands[says] = Command(words if one.is_python else node_says(f"import {package!r}"), env, one.home)
            of[says] = language
    times = ran_in_turn(commands, setting.effort.starts)

    def net(name: str) -> tuple[float, float]:
        """Milliseconds of wall and of processor time."""
        bare = times[BARE[of[name]]]
        return (times[name].p50 - bare.p50) / 1e6, (times[name].cpu_each - bare.cpu_each) / 1e6

    part = Part("start", "Start: import, open, discover", ["Program", "wall, ms", "CPU, ms", "CPU, × Keylatch's"])
    part.note = f"Net of the bare interpreter: {bare_times(times)}."
    for name in (name for name in commands if name not in BARE.values()):
        ours = net(f"Keylatch, {of[name]}")
        wall, cpu = net(name)
        row: list[Cell] = [name, wall, cpu, cpu / ours[1]]
        part.rows.append(row)
        part.bars[name] = cpu
        if name.startswith("Keylatch"):
            part.demands.append(Demand("1", f"{of[name]}: import, open and discover, ms", wall, 25))
    part.bars_title = "Start: processor time, ms (less is better)"
    for name, language, times_less in (("import composio", "Python", 100), ("load @composio/core", "Node", 10)):
        if name in commands:
            ratio = net(name)[1] / net(f"Keylatch, {language}")[1]
            part.demands.append(
                Demand("1", f"{language}: CPU of `{name}`, × Keylatch's", ratio, times_less, at_least=True)
            )
    return part


def python_says(code: str) -> list[str]:
    return [*python("")[:1], "-c", code]


def node_says(code: str) -> list[str]:
    return ["node", "--input-type=module", "--eval", code]


def bare_times(times: dict[str, Times]) -> str:
    return ", ".join(f"{name} {times[name].p50 / 1e6:.1f} ms" for name in BARE.values())
