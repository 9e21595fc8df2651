"""The HTTP servers that come from PyPI and npm, below `.env`: installed once, from pinned versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENV = HERE / ".env"
PYTHON = ENV / "python"
NODE = ENV / "node"


def install() -> None:
    """Installs what is missing; a changed list of packages starts afresh."""
    for home, pinned, fill in (
        (PYTHON, HERE / "requirements.txt", install_python),
        (NODE, HERE / "package-lock.json", install_node),
    ):
        made = home / "installed"
        if made.exists() and made.read_text() == pinned.read_text():
            continue
        print(f"installing the packages of {pinned.name}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        fill()
        made.write_text(pinned.read_text())


def install_python() -> None:
    subprocess.run([sys.executable, "-m", "venv", str(PYTHON)], check=True)
    quiet = ["--quiet", "--disable-pip-version-check"]
    pip = [str(PYTHON / "bin/python"), "-m", "pip", "install", *quiet]
    subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True)


def install_node() -> None:
    NODE.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, NODE)
    # Without scripts: none of these packages has anything to build.
    quiet = ["--loglevel=error", "--no-progress", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(["npm", "ci", *quiet], cwd=NODE, check=True)
