"""Shows that the wiping allocator matters: the same test with doors that were built without it has to fail.

`make residue-unwiped`. It builds the doors anew, which takes minutes, so `make test` leaves it out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from driving import HERE, ROOT

TARGET = ROOT / "target/unwiped"
DOORS = ("keylatch-ffi", "keylatch-python", "keylatch-node")
# Those who load them; a Rust program has an allocator of its own.
HOSTS = ("Python", "asyncio", "Node", "Node worker", "C")


def build() -> None:
    """The release build of all doors, with the system's allocator."""
    packages = [word for door in DOORS for word in ("-p", door)]
    features = ",".join(f"{door}/system-allocator" for door in DOORS)
    command = [
        "cargo",
        "build",
        "--release",
        "--locked",
        "--target-dir",
        str(TARGET),
        *packages,
        "--features",
        features,
    ]
    subprocess.run(command, cwd=ROOT, check=True)


def install(folder: Path) -> dict[str, str]:
    """Packages made of those libraries; the variables by which hosts find them."""
    libraries = TARGET / "release"
    shutil.copy(libraries / "libkeylatch.so", folder / "libkeylatch.so")
    (folder / "libkeylatch.so.0").symlink_to("libkeylatch.so")
    package = shutil.copytree(ROOT / "bindings-python/python/keylatch", folder / "python/keylatch")
    shutil.copy(libraries / "libkeylatch_python.so", package / "_native.abi3.so")
    dist = shutil.copytree(ROOT / "bindings-node/dist", folder / "dist")
    shutil.copy(libraries / "libkeylatch_node.so", dist / "keylatch.node")
    return {
        "RESIDUE_LIBRARY": str(folder),
        "RESIDUE_NODE": str(dist / "index.mjs"),
        "PYTHONPATH": str(folder / "python"),
    }


def main() -> int:
    build()
    with TemporaryDirectory(prefix="keylatch-residue-") as name:
        command = [sys.executable, str(HERE / "run.py"), *(sys.argv[1:] or HOSTS)]
        done = subprocess.run(command, env={**os.environ, **install(Path(name))}, text=True, stdout=subprocess.PIPE)
    print(done.stdout, end="")
    checks = [
        line for line in done.stdout.splitlines() if line.startswith(("ok ", "FAILED ")) and ": finds" not in line
    ]
    passed = [line for line in checks if line.startswith("ok ")]
    print(
        f"unwiped: without the wiping allocator {len(checks) - len(passed)} of {len(checks)} cases fail, as they must"
    )
    return 0 if checks and not passed else 1


if __name__ == "__main__":
    sys.exit(main())
