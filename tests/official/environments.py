"""The official SDKs, and the environment that each of them has below `.env`: made once, from pinned versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENV = HERE / ".env"


@dataclass
class Sdk:
    """`base_path` is what the SDK's COMPOSIO_BASE_URL has behind the host."""

    name: str
    title: str
    base_path: str = ""

    @property
    def source(self) -> Path:
        return HERE / self.name

    @property
    def home(self) -> Path:
        return ENV / self.name

    @property
    def is_python(self) -> bool:
        return self.name.startswith("python")

    @property
    def is_old(self) -> bool:
        return self.name.endswith("old")

    def program(self, name: str) -> list[str]:
        """The command that runs `flow`, or the page's calls one by one with `page`."""
        suffix = "py" if self.is_python else "mjs"
        runner = [f"calls.{suffix}"] if name == "page" else []
        if not self.is_python:
            return ["node", *runner, f"{name}.mjs"]
        return [
            str(self.home / "bin/python"),
            *(str(HERE / one) for one in runner),
            str(self.source / f"{name}.py"),
        ]


SDKS = [
    Sdk("python_new", "Python composio 0.30.0"),
    Sdk("python_old", "Python composio-core 0.7.22", base_path="/api"),
    Sdk("node_new", "npm @composio/core 0.21.0"),
    Sdk("node_old", "npm composio-core 0.5.39"),
]


def install(sdk: Sdk) -> None:
    """Installs what is missing. A changed list of packages starts afresh."""
    pinned = sdk.source / ("requirements.txt" if sdk.is_python else "package-lock.json")
    made = sdk.home / "installed"
    if not (made.exists() and made.read_text() == pinned.read_text()):
        print(f"installing {sdk.title}", flush=True)
        shutil.rmtree(sdk.home, ignore_errors=True)
        (install_python if sdk.is_python else install_node)(sdk)
        made.write_text(pinned.read_text())
    if not sdk.is_python:
        # Node looks for packages beside and above the program.
        for program in [*sdk.source.glob("*.mjs"), *HERE.glob("*.mjs")]:
            shutil.copy(program, sdk.home)


def install_python(sdk: Sdk) -> None:
    python = sdk.program("flow")[0]
    requirements = str(sdk.source / "requirements.txt")
    subprocess.run([sys.executable, "-m", "venv", str(sdk.home)], check=True)
    # Every package is listed, so there is nothing to resolve; the new SDK's own list asks for a newer certifi
    # than some package indexes have, and needs none here.
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([python, "-m", "pip", "install", *quiet, "-r", requirements], check=True)


def install_node(sdk: Sdk) -> None:
    sdk.home.mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(sdk.source / name, sdk.home)
    subprocess.run(["npm", "ci", "--loglevel=error", "--no-progress"], cwd=sdk.home, check=True)
