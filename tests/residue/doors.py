"""The hosts: which program is one, and which inputs it takes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from driving import HERE, ROOT

LIBRARY = Path(os.environ.get("RESIDUE_LIBRARY", ROOT / "target/release"))
# Without optimising, so that what the controls leave behind is left.
FLAGS = ["-std=c99", "-O0", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


@dataclass(frozen=True)
class Door:
    """A host program: the inputs that it takes turns with, and the ways in which it can leave a secret behind."""

    name: str
    command: tuple[str, ...]
    forms: tuple[str, ...]
    plants: tuple[str, ...] = ()
    cancels: bool = False
    panics: bool = False


@contextmanager
def doors() -> Iterator[list[Door]]:
    with TemporaryDirectory(prefix="keylatch-residue-") as folder:
        program = Path(folder) / "host"
        sources = [str(HERE / name) for name in ("host.c", "care.c", "plant.c")]
        links = [f"-L{LIBRARY}", "-lkeylatch", "-lpthread", f"-Wl,-rpath,{LIBRARY}"]
        cc = os.environ.get("CC", "cc").split()
        subprocess.run([*cc, *FLAGS, f"-I{ROOT / 'include'}", *sources, *links, "-o", str(program)], check=True)
        python, node = (sys.executable, str(HERE / "host.py")), ("node", str(HERE / "host.mjs"))
        views, buffers = ("bytearray", "memoryview", "Secret"), ("buffer", "Secret")
        yield [
            Door("Python", (*python, "sync"), views, ("bytes", "str", "connection")),
            Door("asyncio", (*python, "asyncio"), views, cancels=True),
            Door("Node", (*node, "main"), buffers, ("string", "alloc"), cancels=True),
            Door("Node worker", (*node, "worker"), buffers, cancels=True),
            # Its calls end in panics, which hosts in other languages cannot bring about.
            Door("Rust", (str(ROOT / "target/debug/residue_host"),), ("Secret",), panics=True),
            Door("C", (str(program),), ("char*", "Secret"), ("stack", "thread", "leaked", "freed", "part", "shred")),
        ]
