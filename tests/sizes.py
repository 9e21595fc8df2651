"""Measures what users download: the wheel, the npm package and the C library, compressed, against their budget."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 6 * 10**6


def wheel() -> int:
    with tempfile.TemporaryDirectory() as folder:
        return built_wheel(Path(folder)).stat().st_size


def built_wheel(folder: Path) -> Path:
    """The wheel, made in an empty folder."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(folder), "./bindings-python"], cwd=ROOT, check=True)
    (made,) = folder.glob("*.whl")
    return made


def npm_package() -> int:
    pack = ["npm", "pack", "--dry-run", "--json", "--ignore-scripts"]
    told = subprocess.run(pack, cwd=ROOT / "bindings-node", check=True, capture_output=True, text=True).stdout
    made = json.loads(told)
    # npm 12 answers with an object by package name, those before it with a list.
    (package,) = made.values() if isinstance(made, dict) else made
    assert any(file["path"].endswith(".node") for file in package["files"]), "the package lacks its addon"
    return int(package["size"])


def library() -> int:
    return len(gzip.compress((ROOT / "target/release/libkeylatch.so").read_bytes(), compresslevel=9))


def main() -> int:
    over = 0
    for name, measure in {"wheel": wheel, "npm package": npm_package, "libkeylatch.so, gzip": library}.items():
        size = measure()
        over += size > BUDGET
        print(f"{name:22} {size / 1e6:6.2f} MB of {BUDGET / 1e6:.0f}{'  TOO LARGE' if size > BUDGET else ''}")
    print(f"sizes: {over} over the budget")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
