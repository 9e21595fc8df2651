"""Shows that one more app is one more file: with `one_file/acme_notes.json` beside the others and no other change, its
field is known in Rust, C, Python and Node.

Node's JavaScript is taken from `bindings-node/dist`, which `make node` makes; all else is built here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from small_catalogue import ROOT, built, small_folder

HERE = Path(__file__).resolve().parent / "one_file"
APP = HERE / "acme_notes.json"
FIELDS = ["workspace_key"]
MOST_LINES = 20

PYTHON = """
import sys
from keylatch import Keylatch
with Keylatch(sys.argv[1]) as client:
    for field in client.get_expected_params_for_user(app=sys.argv[2]).expected_params:
        print(field.name)
"""
NODE = """
const { Keylatch } = require(process.argv[1])
Keylatch.open({ path: process.argv[2] }).then(async (client) => {
  const info = await client.getExpectedParamsForUser({ app: process.argv[3] })
  for (const field of info.expectedParams) console.log(field.name)
  await client.close()
})
"""


def c(libraries: Path, folder: Path) -> list[str]:
    shutil.copy(libraries / "libkeylatch.so", folder / "libkeylatch.so.0")
    (folder / "libkeylatch.so").symlink_to("libkeylatch.so.0")
    program = folder / "discover"
    compiler = [os.environ.get("CC", "cc"), "-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include"]
    linked = [f"-L{folder}", "-lkeylatch", f"-Wl,-rpath,{folder}"]
    subprocess.run([*compiler, HERE / "discover.c", "-o", program, *linked], check=True)
    return [str(program)]


def python(libraries: Path, folder: Path) -> list[str]:
    package = folder / "python/keylatch"
    shutil.copytree(ROOT / "bindings-python/python/keylatch", package)
    shutil.copy(libraries / "libkeylatch_python.so", package / "_native.abi3.so")
    return ["env", f"PYTHONPATH={package.parent}", sys.executable, "-c", PYTHON]


def node(libraries: Path, folder: Path) -> list[str]:
    dist = ROOT / "bindings-node/dist"
    if not (dist / "index.js").exists():
        sys.exit("bindings-node/dist is missing: make node")
    package = folder / "node"
    shutil.copytree(dist, package, ignore=shutil.ignore_patterns("*.node"))
    shutil.copy(libraries / "libkeylatch_node.so", package / "keylatch.node")
    return ["node", "-e", NODE, str(package)]


def main() -> int:
    lines = len(APP.read_text(encoding="utf-8").splitlines())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        apps = small_folder(folder / "apps")
        shutil.copy(APP, apps)
        begun = time.monotonic()
        libraries = built(apps)
        print(f"{APP.name}: {lines} lines, at most {MOST_LINES}; built in {time.monotonic() - begun:.0f} s")
        programs = {
            "rust": [str(libraries / "discover_once")],
            "c": c(libraries, folder),
            "python": python(libraries, folder),
            "node": node(libraries, folder),
        }
        failed = 0 if lines <= MOST_LINES else 1
        for language, program in programs.items():
            command = [*program, str(folder / f"{language}.db"), APP.stem]
            done = subprocess.run(command, capture_output=True, text=True)
            good = done.returncode == 0 and done.stdout.split() == FIELDS
            failed += not good
            print(f"{language}: {done.stdout.split()}" + ("" if good else f" FAILED\n{done.stderr[-1000:]}"))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        built(None)  # target/debug is for all apps again
