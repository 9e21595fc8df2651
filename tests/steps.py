"""The steps of a whole test run, each with what it shares with others.

Those that use something keep their order towards the one that changes it, and do not run beside it. Otherwise the order
is free: first come those that others wait for, then the long ones.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

PYTHON = sys.executable
SERVERS = [PYTHON, "tests/servers/run.py", "--localstripe", "--"]
# For the cases, each of which has a client of its own.
FEW_ROOTS = [*SERVERS[:-1], "--few-roots", "--"]
# Stands for the folder with what the languages' runs of the conformance cases left behind.
KEPT = "KEPT"

# What steps share. Of those that use the same at once, none changes it.
PACKAGES = "what `make build` makes: the C library, .venv, bindings-node"
PROGRAMS = "target/debug, where some steps build for other apps and then for all again"
DOORS = "the folder that KEPT stands for"


@dataclass
class Step:
    title: str
    command: list[str]
    uses: tuple[str, ...] = (PACKAGES,)
    changes: tuple[str, ...] = ()
    # Programs without which it does less.
    needs: tuple[str, ...] = ()
    # Runs the conformance cases of this language: keeps and says everything, for `tests/leaks.py`.
    door: str = ""

    def waits_for(self, earlier: Step) -> bool:
        """Whether it cannot run before, or beside, this earlier one."""
        ours, theirs = {*self.uses, *self.changes}, {*earlier.uses, *earlier.changes}
        return bool(ours & set(earlier.changes) or theirs & set(self.changes))


STEPS = [
    Step("the cases are well-formed", [PYTHON, "tests/cases/check.py"], uses=()),
    Step(
        "the README's first command: build all packages, run the four steps",
        ["make", "quickstart"],
        changes=(PACKAGES,),
    ),
    # The whole workspace each time: for a part of it cargo would choose other features of the dependencies, and compile
    # them anew.
    Step(
        "Rust: units, properties, tampering, documentation",
        ["cargo", "test", "--quiet", "--locked", "--workspace"],
        uses=(),
        changes=(PROGRAMS,),
    ),
    Step("build: Rust test programs", ["cargo", "build", "--locked", "--workspace"], uses=(), changes=(PROGRAMS,)),
    Step("the test servers", [PYTHON, "-m", "pytest", "-q", "tests/servers"], uses=()),
    Step("conformance: Rust", [*FEW_ROOTS, "target/debug/conformance"], uses=(PROGRAMS, DOORS), door="rust"),
    Step(
        "a vault in PostgreSQL: conformance, what the server refuses, restarts",
        [*FEW_ROOTS, PYTHON, "tests/postgres/run.py", "--keep", KEPT],
        uses=(PACKAGES, PROGRAMS, DOORS),
        needs=("postgres",),
    ),
    Step(
        "C and C++: conformance, abuse, end to end, sanitizers, valgrind",
        [*FEW_ROOTS, PYTHON, "tests/c/run.py", "--profile", "release"],
        uses=(PACKAGES, PROGRAMS, DOORS),
        needs=("valgrind", "c++"),
        door="c",
    ),
    # Beside the build it would only have to share the processors.
    Step("Rust under the address, leak and thread sanitizers", ["make", "test-sanitizers"], uses=(PACKAGES,)),
    Step(
        "conformance: Python",
        [*FEW_ROOTS, PYTHON, "tests/python/conformance.py"],
        uses=(PACKAGES, DOORS),
        door="python",
    ),
    Step(
        "no copy of a credential in memory, registers and dumps",
        ["make", "test-residue"],
        uses=(PACKAGES, PROGRAMS),
    ),
    Step(
        "conformance: Node",
        [*FEW_ROOTS, "node", "tests/node/conformance.mjs"],
        uses=(PACKAGES, DOORS),
        door="node",
    ),
    Step("every snippet and command of the docs", [*SERVERS, PYTHON, "tests/docs.py"], needs=("postgres",)),
    Step("every entry of the catalogue against a double of its app", [PYTHON, "tests/catalogue/test_catalogue.py"]),
    Step("bodies of any size in constant memory", ["make", "test-streams"], uses=(PACKAGES, PROGRAMS)),
    Step("Python: behaviour and types", [*SERVERS, PYTHON, "-m", "pytest", "-q", "tests/python"]),
    Step("Node: behaviour and types", [*SERVERS, "make", "test-node"]),
    Step("forks, threads, signals and ends of programs", ["make", "test-fork"]),
    Step(
        "the vault's key in the system's keyring",
        ["make", "test-keyring"],
        uses=(PACKAGES, PROGRAMS),
        needs=("dbus-daemon", "gnome-keyring-daemon", "secret-tool"),
    ),
    Step(
        "one vault, many processes: at once, killed at random, on a full disk",
        ["target/debug/vault_stress"],
        uses=(PROGRAMS,),
    ),
    Step(
        "a rotation that is killed twice, while others read and write",
        ["target/debug/rotation_stress"],
        uses=(PROGRAMS,),
    ),
    Step("one vault, four languages", [*SERVERS, PYTHON, "tests/interop/run.py"], uses=(PACKAGES, PROGRAMS)),
    Step("real servers: right and wrong credentials, closed ports, wrong names, no rights", ["make", "test-live"]),
    Step("Composio: requests as the official SDKs send them", [*SERVERS, PYTHON, "tests/official/compare.py"]),
    Step("logins: doubles of servers, protocol by protocol", [PYTHON, "-m", "pytest", "-q", "tests/protocols"]),
    Step("Python: end to end", [*SERVERS, PYTHON, "tests/python/e2e_stripe.py"]),
    Step("Node: end to end", [*SERVERS, "node", "tests/node/e2e_stripe.mjs"]),
    Step("sizes of the packages", ["make", "test-sizes"]),
    Step("the catalogue has no gaps", ["make", "catalogue-report"]),
    Step(
        "no credential in vaults, logs, errors and reprs",
        [*SERVERS, PYTHON, "tests/leaks.py", KEPT],
        uses=(PACKAGES, PROGRAMS),
        changes=(DOORS,),
    ),
    Step("formatting and warnings", ["make", "lint"], uses=(PACKAGES, PROGRAMS)),
    Step(
        "every kind of mistake in an app's file fails the build",
        [PYTHON, "tests/catalogue/test_mistakes.py"],
        uses=(),
        changes=(PROGRAMS,),
    ),
    Step(
        "one more file is one more app in every language",
        [PYTHON, "tests/catalogue/test_one_file.py"],
        changes=(PROGRAMS,),
    ),
    Step(
        "many apps cost what few do",
        [PYTHON, "tests/catalogue/test_cost.py"],
        uses=(),
        changes=(PROGRAMS,),
        needs=("valgrind",),
    ),
]
