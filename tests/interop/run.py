"""One vault, every language: each makes a connection, and each lists, checks and uses those of all the others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIBRARY = ROOT / "target/release"


def compiled(source: str, compiler: str, standard: str, folder: Path) -> list[str]:
    program = folder / source.replace(".", "-")
    command = [compiler, standard, "-Wall", "-Wextra", "-Werror", "-I", str(ROOT / "include"), str(HERE / source)]
    subprocess.run([*command, "-o", str(program), f"-L{LIBRARY}", "-lkeylatch", f"-Wl,-rpath,{LIBRARY}"], check=True)
    return [str(program)]


def call(program: list[str], *args: str) -> str:
    return subprocess.run([*program, *args], check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    stripe = os.environ["KEYLATCH_TEST_STRIPE"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = {
            "rust": [str(ROOT / "target/debug/interop")],
            "python": [sys.executable, str(HERE / "interop.py")],
            "node": ["node", str(HERE / "interop.mjs")],
            "c": compiled("interop.c", os.environ.get("CC", "cc"), "-std=c99", folder),
        }
        cxx = os.environ.get("CXX", "c++")
        if shutil.which(cxx):
            programs["c++"] = compiled("interop.cpp", cxx, "-std=c++17", folder)
        vault = str(folder / "vault.db")
        ids = {language: call(program, "make", vault, stripe) for language, program in programs.items()}
        for language, program in programs.items():
            others = [made for maker, made in ids.items() if maker != language]
            listed = call(program, "use", vault, *others)
            assert listed == str(len(programs)), f"{language} lists {listed} connections"
            print(f"interop: {language} lists {listed} connections, checks and uses those of {len(others)} others")
    print(f"{len(programs)} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
