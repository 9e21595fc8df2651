"""Builds Keylatch with another folder of apps than `core/catalog`, for the tests that want one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALL_APPS = sorted((ROOT / "core/catalog").glob("*.json"))
FEW = 30
NEEDED = ("stripe", "openai")


def small_folder(folder: Path) -> Path:
    """A folder with `FEW` apps of the catalogue, spread over the alphabet."""
    spread = [file for file in ALL_APPS[:: len(ALL_APPS) // FEW] if file.stem not in NEEDED][: FEW - len(NEEDED)]
    folder.mkdir()
    for file in [*spread, *(ROOT / f"core/catalog/{name}.json" for name in NEEDED)]:
        shutil.copy(file, folder)
    return folder


def build(catalogue: Path | None) -> subprocess.CompletedProcess[str]:
    """Builds the workspace, unoptimised, for the apps of this folder, else for all.

    Always the whole workspace: for a part of it cargo would choose other features of the dependencies, and compile
    them anew.
    """
    env = dict(os.environ)
    if catalogue is not None:
        env["KEYLATCH_CATALOG_DIR"] = str(catalogue)
    command = ["cargo", "build", "--workspace", "--quiet", "--locked"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def built(catalogue: Path | None) -> Path:
    """The folder with what was built."""
    done = build(catalogue)
    if done.returncode != 0:
        sys.exit(f"cargo build failed:\n{done.stderr}")
    return ROOT / "target/debug"
