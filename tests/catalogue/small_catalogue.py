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


def cargo(command: list[str], catalogue: Path | None) -> subprocess.CompletedProcess[str]:
    """Runs cargo for the apps of this folder, else for all; the former in a place of its own, so that what others
    build stays as it is."""
    env = dict(os.environ)
    if catalogue is not None:
        env |= {"KEYLATCH_CATALOG_DIR": str(catalogue), "CARGO_TARGET_DIR": str(target(catalogue))}
    return subprocess.run(["cargo", *command, "--quiet", "--locked"], cwd=ROOT, env=env, capture_output=True, text=True)


def target(catalogue: Path | None) -> Path:
    return ROOT / ("target" if catalogue is None else "target/catalogue")


def built(packages: list[str], catalogue: Path | None) -> Path:
    """Builds these packages, unoptimised; the folder where they are then."""
    done = cargo(["build", *packages], catalogue)
    if done.returncode != 0:
        sys.exit(f"cargo build {' '.join(packages)} failed:\n{done.stderr}")
    return target(catalogue) / "debug"
