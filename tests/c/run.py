"""Builds and runs the C and C++ tests: plainly, under valgrind, under ASan and UBSan; checks header, exports, linking.

Started beside the servers: `python tests/servers/run.py --localstripe -- python tests/c/run.py [--profile release]`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INCLUDE = ROOT / "include"
CASES = ROOT / "tests" / "cases"
CC = os.environ.get("CC", "cc").split()
CXX = os.environ.get("CXX", "c++").split()
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
C99 = ["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-D_DEFAULT_SOURCE"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
# A canary that the examples' output must not show.
KEY = "sk_test_canary_7Qm2"
# Under valgrind a case of the debug build takes more than a second; every seventh still comes by all topics. On
# Composio's API that is longer than some cases allow a call to take. The release build is quicker, but not quick; the
# address sanitizer sees every case.
VALGRIND_CASES = {"debug": ["7", "embedded"], "release": ["3"]}

PROGRAMS = {
    "conformance": [
        "conformance.c",
        "servers.c",
        "opening.c",
        "calls.c",
        "use.c",
        "vault.c",
        "known.c",
        "match.c",
        "json.c",
        "http.c",
        "telling.c",
    ],
    "abuse": ["abuse.c", "abuse_calls.c", "json.c", "http.c"],
    "hpp_test": ["hpp_test.cpp", "json.c", "http.c"],
    "composio_test": ["composio_test.cpp", "json.c", "http.c"],
    "e2e_stripe_c": ["e2e_stripe.c", "json.c"],
    "e2e_stripe_cpp": ["e2e_stripe.cpp", "json.c"],
    "quickstart_c": ["quickstart.c"],
    "quickstart_cpp": ["quickstart.cpp"],
    "control": ["control.c"],
}
if shutil.which(CXX[0]) is None:
    # Only a C compiler is asked for; `tests/all.py` names what is missing.
    PROGRAMS = {name: sources for name, sources in PROGRAMS.items() if not sources[0].endswith(".cpp")}
# Sources that a program writes, from the header.
WRITTEN = {"abuse_calls.c": "abuse.py", "telling.c": "telling.py"}
ARGUMENTS = {"conformance": [str(CASES)]}
STRIPE = {"e2e_stripe_c", "e2e_stripe_cpp", "quickstart_c", "quickstart_cpp"}


class Failed(Exception):
    """A check that did not hold; says why."""


def run(command: list[str], timeout: float = 600, **env: str) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{Path(command[0]).name} took longer than {timeout:.0f} seconds") from None
    return done.returncode, done.stdout


def must(command: list[str], timeout: float = 600, **env: str) -> str:
    code, output = run(command, timeout, **env)
    if code != 0:
        raise Failed(f"exit {code}\n{output}")
    return output


class Tests:
    def __init__(self, profile: str, folder: Path) -> None:
        self.profile = profile
        self.folder = folder
        self.libraries = folder / "lib"
        self.passed = self.failed = 0
        self.conformance: list[str] = []

    def check(self, name: str, work: object, *arguments: object) -> None:
        start = time.monotonic()
        try:
            said = work(*arguments)  # type: ignore[operator]
        except (Failed, OSError) as error:
            self.failed += 1
            print(f"FAILED {name}: {error}", flush=True)
            return
        self.passed += 1
        seconds = time.monotonic() - start
        print(f"ok     {name}{f' - {said}' if said else ''} ({seconds:.1f} s)", flush=True)

    def take_libraries(self) -> None:
        """Copies them, so that a build meanwhile changes nothing, and gives the shared one its SONAME's name."""
        self.libraries.mkdir()
        for name, copy in (("libkeylatch.so", "libkeylatch.so.0"), ("libkeylatch.a", "libkeylatch.a")):
            built = ROOT / "target" / self.profile / name
            if not built.exists():
                flag = " --release" if self.profile == "release" else ""
                sys.exit(f"tests/c/run.py: {name} is missing: cargo build -p keylatch-ffi{flag}")
            shutil.copy(built, self.libraries / copy)
        (self.libraries / "libkeylatch.so").symlink_to("libkeylatch.so.0")

    # ---- Header, exports, linking ----

    def header_alone(self, compiler: list[str], language: str, standard: str, header: str) -> None:
        suffix = {"c": ".c", "c++": ".cpp"}[language]
        source = self.folder / f"alone{suffix}"
        source.write_text(f'#include "{header}"\nint main(void) {{ return 0; }}\n')
        must([*compiler, f"-std={standard}", *WARNINGS, f"-I{INCLUDE}", "-fsyntax-only", str(source)])

    @staticmethod
    def header_is_current() -> str:
        program = ["-p", "keylatch-ffi", "--features", "header", "--bin", "keylatch-header", "--", "--check"]
        return must(["cargo", "run", "-q", "--locked", *program]).strip()

    def native_libraries(self) -> None:
        wanted = ["-p", "keylatch-ffi", "--lib", "--crate-type", "staticlib", "--", "--print", "native-static-libs"]
        output = must(["cargo", "rustc", "--locked", *wanted])
        found = re.search(r"native-static-libs: (.*)", output)
        if not found:
            raise Failed(f"the compiler did not say which they are:\n{output}")
        if found[1].split() != self.private_libraries():
            raise Failed(f"keylatch.pc.in says {self.private_libraries()}, the compiler {found[1].split()}")

    @staticmethod
    def private_libraries() -> list[str]:
        text = (ROOT / "ffi-c" / "keylatch.pc.in").read_text()
        found = re.search(r"^Libs\.private: (.*)$", text, re.M)
        assert found
        return found[1].split()

    def declared(self) -> set[str]:
        code = re.sub(r"/\*.*?\*/|//[^\n]*|#[^\n]*", "", (INCLUDE / "keylatch.h").read_text(), flags=re.S)
        return set(re.findall(r"\b(keylatch_\w+)\(", code))

    def exported(self) -> set[str]:
        output = must(["nm", "-D", "--defined-only", str(self.libraries / "libkeylatch.so.0")])
        return {line.split()[-1] for line in output.splitlines()}

    def exports(self) -> str:
        exported, declared = self.exported(), self.declared()
        if exported != declared:
            raise Failed(f"only exported: {sorted(exported - declared)}; only declared: {sorted(declared - exported)}")
        return f"{len(exported)} functions"

    def soname(self) -> None:
        if "[libkeylatch.so.0]" not in must(["readelf", "-d", str(self.libraries / "libkeylatch.so.0")]):
            raise Failed("the SONAME is not libkeylatch.so.0")

    def all_abused(self) -> None:
        listed = set(must([str(self.folder / "plain" / "abuse"), "--list"]).split())
        if listed != self.exported():
            raise Failed(
                f"not exercised: {sorted(self.exported() - listed)}; unknown: {sorted(listed - self.exported())}"
            )

    # ---- Building ----

    def source(self, name: str) -> Path:
        if name.startswith("quickstart"):
            return ROOT / "examples" / name
        return self.folder / name if name in WRITTEN else HERE / name

    def write_sources(self) -> None:
        for source, writer in WRITTEN.items():
            must([sys.executable, str(HERE / writer), str(INCLUDE / "keylatch.h"), str(self.folder / source)])

    def build(self, kind: str, programs: Iterable[str] = PROGRAMS) -> None:
        flags = SANITIZE if kind == "sanitized" else []
        to = self.folder / kind
        to.mkdir()
        for name in programs:
            sources = PROGRAMS[name]
            objects = []
            for source in sources:
                target = to / f"{source}.o"
                objects.append(str(target))
                if target.exists():
                    continue
                compiler = [*CXX, "-std=c++17"] if source.endswith(".cpp") else [*CC, *C99]
                includes = [f"-I{INCLUDE}", f"-I{HERE}"]
                must([*compiler, "-g", *WARNINGS, *flags, *includes, "-c", str(self.source(source)), "-o", str(target)])
            linker = CXX if sources[0].endswith(".cpp") else CC
            search = [f"-L{self.libraries}", f"-Wl,-rpath,{self.libraries}"]
            must([*linker, *flags, *objects, *search, "-lkeylatch", "-lpthread", "-lm", "-o", str(to / name)])

    def static_program(self) -> str:
        program = self.folder / "static_quickstart"
        source = ROOT / "examples" / "quickstart.c"
        archive = str(self.libraries / "libkeylatch.a")
        must([*CC, *C99, f"-I{INCLUDE}", str(source), archive, *self.private_libraries(), "-o", str(program)])
        return self.judged("quickstart_c", [str(program)], 120)

    # ---- Running ----

    def judged(self, name: str, command: list[str], timeout: float, **env: str) -> str:
        code, output = run(command, timeout, KEYLATCH_EXAMPLE_KEY=KEY, **env)
        lines = output.strip().splitlines()
        said = [line for line in lines if line.startswith("conformance ")] or lines[-1:]
        if name == "conformance" and not env and len(command) == 2:  # the plain and whole run
            self.conformance = said
        if "KEYLATCH_TEST_TRACE" in os.environ:
            print(output, file=sys.stderr)  # for tests/leaks.py
        if code != 0:
            raise Failed(f"exit {code}\n{output}")
        if KEY in output:
            raise Failed("the key is in the output")
        if name.startswith("quickstart") and not re.search(r"^4 active     ACTIVE", output, re.M):
            raise Failed(f"the quickstart did not get there:\n{output}")
        return "; ".join(said)

    def plain(self, name: str) -> str:
        return self.judged(name, [str(self.folder / "plain" / name), *ARGUMENTS.get(name, [])], 600)

    def sanitized(self, name: str) -> str:
        command = [str(self.folder / "sanitized" / name), *ARGUMENTS.get(name, [])]
        return self.judged(name, command, 1200, ASAN_OPTIONS="detect_leaks=1:exitcode=99")

    def valgrind(self, name: str) -> str:
        arguments, flags = ARGUMENTS.get(name, []), self.under_valgrind()
        if name == "conformance":
            arguments = [*arguments, *VALGRIND_CASES[self.profile]]
            if self.profile == "release":
                # valgrind.supp goes by names, which the release build lacks; leaks and bad accesses are still found.
                flags.append("--undef-value-errors=no")
        return self.judged(name, [*flags, str(self.folder / "plain" / name), *arguments], 3000)

    @staticmethod
    def under_valgrind() -> list[str]:
        leaks = [
            "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect",
            "--show-leak-kinds=definite,indirect",
        ]
        known = f"--suppressions={HERE / 'valgrind.supp'}"
        # Deep enough to reach from the system call to the library that the suppressions name.
        return ["valgrind", "-q", "--error-exitcode=99", "--num-callers=40", *leaks, known]

    def finds(self, mistake: str, command: list[str]) -> None:
        code, output = run([*command, mistake], ASAN_OPTIONS="detect_leaks=1:exitcode=99")
        if code != 99:
            raise Failed(f"the {mistake} was not found: exit {code}\n{output}")

    def sanitizer_is_linked(self) -> None:
        program = str(self.folder / "sanitized" / "conformance")
        if "libasan" not in must(["ldd", program]) and "__asan_init" not in must(["nm", program]):
            raise Failed("conformance is not linked with the address sanitizer")

    def conformance_alone(self) -> None:
        """Builds and runs that one program: for the vault in PostgreSQL."""
        self.write_sources()
        self.check("build, plain", self.build, "plain", ["conformance"])
        self.check("conformance", self.plain, "conformance")

    # ---- All ----

    def run_all(self, kinds: list[str], cargo: bool) -> None:
        compilers = [(CC, "c", "c99")]
        if shutil.which(CXX[0]):
            compilers.append((CXX, "c++", "c++17"))
        if shutil.which("clang"):
            compilers += [(["clang"], "c", "c99"), (["clang++"], "c++", "c++17")]
        for compiler, language, standard in compilers:
            for header in ["keylatch.h"] + (["keylatch.hpp"] if language == "c++" else []):
                what = f"{header} alone as {standard} with {compiler[0]}"
                self.check(what, self.header_alone, compiler, language, standard, header)
        if cargo:
            self.check("keylatch.h is what the sources say", self.header_is_current)
            self.check("keylatch.pc.in lists the native libraries", self.native_libraries)
        self.check("exports are the header's functions", self.exports)
        self.check("SONAME", self.soname)

        self.write_sources()
        stripe = "KEYLATCH_TEST_STRIPE" in os.environ
        if not stripe:
            print("note: no localstripe, so the end-to-end tests and the quickstarts are left out")
        names = [n for n in PROGRAMS if n != "control" and (stripe or n not in STRIPE)]
        self.check("build, plain", self.build, "plain")
        self.check("every function is abused", self.all_abused)
        if "plain" in kinds:
            for name in names:
                self.check(f"{name}", self.plain, name)
            if stripe:
                self.check("a program with the static library", self.static_program)
        if "sanitized" in kinds:
            self.check("build, sanitized", self.build, "sanitized")
            self.check("the sanitizer is linked", self.sanitizer_is_linked)
            for mistake in ("leak", "read-after-free", "overrun"):
                control = [str(self.folder / "sanitized" / "control")]
                self.check(f"the sanitizer finds: {mistake}", self.finds, mistake, control)
            for name in names:
                self.check(f"{name}, sanitized", self.sanitized, name)
        if "valgrind" in kinds and shutil.which("valgrind"):
            for mistake in ("leak", "read-after-free", "overrun"):
                control = [*self.under_valgrind(), str(self.folder / "plain" / "control")]
                self.check(f"valgrind finds: {mistake}", self.finds, mistake, control)
            for name in names:
                self.check(f"{name}, valgrind", self.valgrind, name)
        elif "valgrind" in kinds:
            print("note: valgrind is not installed, so its runs are left out")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=["debug", "release"], default="debug", help="which build to test")
    parser.add_argument("--kind", action="append", choices=["plain", "sanitized", "valgrind"], help="default: all")
    parser.add_argument("--no-cargo", action="store_true", help="leave out what needs cargo: header drift, libraries")
    args = parser.parse_args()
    if "KEYLATCH_TEST_PROVIDER_HTTP" not in os.environ:
        parser.error("start me with tests/servers/run.py")
    with tempfile.TemporaryDirectory(prefix="keylatch-c-") as folder:
        tests = Tests(args.profile, Path(folder))
        tests.take_libraries()
        if "KEYLATCH_TEST_POSTGRES" in os.environ:
            tests.conformance_alone()
        else:
            tests.run_all(
                args.kind or ["plain", "sanitized", "valgrind"], not args.no_cargo and shutil.which("cargo") is not None
            )
    for line in tests.conformance:
        print(line)
    print(f"c: {tests.passed} passed, {tests.failed} failed")
    return 0 if tests.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
