"""The cells: which program runs, and what must have been done when it has ended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MOMENTS = ("before", "after")
WHATS = ("exit", "call", "drop")
# From 3.12 on Python warns of every fork in a process with threads, and a client has some.
EXPECTED_WARNING = "ignore:This process:DeprecationWarning"
INTERPRETER = (sys.executable, "-W", "error", "-W", EXPECTED_WARNING)
PYTHON = (*INTERPRETER, str(HERE / "host.py"))
NODE = ("node", str(HERE / "host.mjs"))
C = ("{folder}/host",)
# What each row is called, how its program is started, on which backends, and when the client may be made. A child that
# is a new program has nothing of the parent's, on whichever backend.
BOTH = ("vault", "composio")
ROWS = [
    ("Python, multiprocessing fork", (*PYTHON, "fork"), BOTH, MOMENTS),
    ("Python, multiprocessing spawn", (*PYTHON, "spawn"), ("vault",), MOMENTS),
    ("Python, prefork", (*PYTHON, "prefork"), BOTH, MOMENTS),
    ("Python, asyncio", (*PYTHON, "asyncio"), BOTH, MOMENTS),
    ("Python, busy threads", (*PYTHON, "busy"), BOTH, ("before",)),
    ("Node, cluster", (*NODE, "cluster"), ("vault",), MOMENTS),
    ("Node, child_process.fork", (*NODE, "fork"), ("vault",), MOMENTS),
    ("Node, worker_threads", (*NODE, "worker"), BOTH, MOMENTS),
    ("C", (*C, "fork"), BOTH, MOMENTS),
    ("C, busy threads", (*C, "busy"), BOTH, ("before",)),
]
DONE_BY_CHILD = {"exit": set(), "call": {"child"}, "drop": {"late"}}


@dataclass(frozen=True)
class Cell:
    """One program, run once."""

    name: str
    command: tuple[str, ...]
    backend: str
    # The users, by how their names begin, who must have been connected and have asked the app something.
    roles: frozenset[str]
    row: str = ""
    moment: str = ""
    what: str = ""
    # What the program says besides.
    says: str = field(default="", compare=False)


def matrix_cell(title: str, command: tuple[str, ...], backend: str, moment: str, what: str) -> Cell:
    roles = set(DONE_BY_CHILD[what])
    if moment == "before":
        roles.add("first")
    if what != "drop":
        roles.add("parent")
    if command[-1] == "busy":
        roles.add("busy")
    row = f"{title}: {backend}"
    return Cell(
        f"{row} {moment} {what}", (*command, moment, what), backend, frozenset(roles), row=row, moment=moment, what=what
    )


MATRIX = [
    matrix_cell(title, command, backend, moment, what)
    for title, command, backends, moments in ROWS
    for backend in backends
    for moment in moments
    for what in WHATS
]


def end(title: str, program: str, case: str, roles: str, says: str = "") -> Cell:
    command = {"ends.py": (*INTERPRETER, str(HERE / "ends.py")), "ends.mjs": ("node", str(HERE / "ends.mjs"))}
    started = command.get(program, ("{folder}/ends",))
    return Cell(title, (*started, case), "vault", frozenset(roles.split()), says=says)


ENDS = [
    end("Python: Ctrl-C during a call of the main thread", "ends.py", "interrupt", "later", "interrupted"),
    end("Python: Ctrl-C while another thread calls", "ends.py", "interrupt_beside", "later", "interrupted, answered"),
    end("Python: the program ends, a thread is in a call", "ends.py", "end_in_thread", "first"),
    end("Python: the program ends, and then a thread has its answer", "ends.py", "answer_at_the_end", "first"),
    end("Python: the program ends, asyncio is in a call", "ends.py", "end_in_task", "first"),
    end("Python: os._exit during a call", "ends.py", "leave_at_once", "first"),
    end("Python: sys.exit in a child, its parent is in a call", "ends.py", "exit_in_child", "first child later"),
    end("Python: subprocesses during calls", "ends.py", "subprocesses", "busy later"),
    end("Python: signals all the time", "ends.py", "signals", "first"),
    end("Node: process.exit during a call", "ends.mjs", "exit", "first"),
    end("Node: a call keeps the process alive until it is answered", "ends.mjs", "alive", "first", "answered"),
    end("Node: two workers at once", "ends.mjs", "workers", "one two later"),
    end("Node: a worker is ended during a call", "ends.mjs", "terminate", "first later"),
    end("Node: a cluster's worker is killed during a call", "ends.mjs", "kill", "first later"),
    end("C: signals all the time", "ends.c", "signals", "first"),
    end("C: the program ends, a detached thread is in a call", "ends.c", "detached", "first"),
    end("C: pthread_exit in every thread", "ends.c", "pthread_exit", "first thread"),
    end("C: a fork on another thread than the first", "ends.c", "fork_in_thread", "first child later"),
]


def build_c(folder: Path) -> None:
    """Compiles the C programs beside a copy of the library, so that a build meanwhile changes nothing."""
    shutil.copy(ROOT / "target/release/libkeylatch.so", folder / "libkeylatch.so.0")
    flags = ["-std=c11", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{ROOT / 'include'}"]
    for program in ("host", "ends"):
        sources = [
            str(HERE / f"{program}.c"),
            *(str(HERE / source) for source in ("client.c", "../c/http.c", "../c/json.c")),
        ]
        linked = [str(folder / "libkeylatch.so.0"), f"-Wl,-rpath,{folder}"]
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, *flags, *sources, *linked, "-o", str(folder / program)], check=True)
