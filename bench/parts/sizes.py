"""What users download and install, and whether it needs anything else."""

from __future__ import annotations

import json
import sys
import tempfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from building import OFFICIAL
from results import Cell, Demand, Part
from setting import ROOT, Setting

sys.path.append(str(ROOT / "tests"))
import sizes  # noqa: E402

MOST = 6


def run(setting: Setting) -> Part:
    part = Part("sizes", "Sizes of packages", ["Package", "MB", "needs at run time"])
    part.note = "Keylatch's as users download them; the official SDKs' with all that they need, as installed."
    wheel, requires = python_wheel()
    npm = json.loads((ROOT / "bindings-node/package.json").read_text())
    needed = [*npm.get("dependencies", {}), *npm.get("peerDependencies", {})]
    ours: list[tuple[str, int, list[str]]] = [
        ("Keylatch, wheel", wheel, requires),
        ("Keylatch, npm package", sizes.npm_package(), needed),
    ]
    for name, size, needs in ours:
        row: list[Cell] = [name, size / 1e6, ", ".join(needs) or "nothing"]
        part.rows.append(row)
        part.demands.append(Demand("10", f"{name}, MB", size / 1e6, MOST))
        part.demands.append(Demand("10", f"{name}: packages that it needs", len(needs), 0))
    if setting.effort.peers:
        for sdk in OFFICIAL.values():
            size = installed(sdk.home)
            part.rows.append([sdk.title, size / 1e6, ""])
    return part


def python_wheel() -> tuple[int, list[str]]:
    """Its size, and what it requires."""
    with tempfile.TemporaryDirectory() as folder:
        path = sizes.built_wheel(Path(folder))
        with zipfile.ZipFile(path) as wheel:
            (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            head = HeaderParser().parsestr(wheel.read(metadata).decode())
        return path.stat().st_size, head.get_all("Requires-Dist", [])


def installed(home: Path) -> int:
    """Of the packages alone, without the interpreter and pip."""
    (packages,) = [*home.glob("lib/python3*/site-packages"), *home.glob("node_modules")]
    files = (file for file in packages.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(
        file.stat().st_size for file in files if file.relative_to(packages).parts[0] not in ("pip", "setuptools")
    )
