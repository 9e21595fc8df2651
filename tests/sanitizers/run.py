"""Runs the Rust tests under the address, leak and thread sanitizers: `run.py [address | thread]`.

The compiler is the stable one; RUSTC_BOOTSTRAP lets it take the flag. The standard library comes as it is, without
instrumentation. Each sanitizer is shown mistakes first, which it must find.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TRIPLE = "x86_64-unknown-linux-gnu"
FOUND = 66
# Functions of the standard library that unseen_sync.c is put around, by the ends of their symbols.
STD_SYNC = {
    "MUTEX_LOCK": "5mutex5futexNtB2_5Mutex14lock_contended",
    "RWLOCK_READ": "6rwlock5futexNtB2_6RwLock14read_contended",
    "RWLOCK_WRITE": "6rwlock5futexNtB2_6RwLock15write_contended",
    "CONDVAR_WAIT": "7condvar5futexNtB2_7Condvar4wait",
    "CONDVAR_WAIT_TIMEOUT": "7condvar5futexNtB2_7Condvar12wait_timeout",
    "ONCE_CALL": "4once5futexNtB5_4Once4call",
}
EPOLL = ["epoll_ctl", "epoll_wait"]
# Sanitizers make `mlock` do nothing, which this test would notice.
LOCKED = ["--skip=secrets_are_left_out_of_core_dumps_and_locked"]
# The overwriting calls the sanitizer's `memset`, which leaves more of its own below it than this test allows.
STACK = ["--skip=nothing_is_left_however_deep_a_call_wrote"]


@dataclass
class Sanitizer:
    name: str
    flags: list[str]
    mistakes: list[str]
    options: dict[str, str]
    # What of the tests is worth its time under it, as arguments of `cargo test`; at once, so that all is compiled once.
    tests: list[str]
    link: list[str] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return ROOT / "target" / self.name

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.options,
            "RUSTC_BOOTSTRAP": "1",
            "RUSTFLAGS": " ".join([*self.flags, *self.link]),
            # SQLite and ring are C: what they do with our memory counts too.
            f"CFLAGS_{TRIPLE.replace('-', '_')}": f"-fsanitize={self.name}",
            "CARGO_TARGET_DIR": str(self.out),
            "CARGO_INCREMENTAL": "0",
        }


SANITIZERS = [
    Sanitizer(
        "address",
        ["-Zsanitizer=address"],
        ["use-after-free", "leak"],
        # Frames stay on the stack, where the core overwrites what is left of them.
        {
            "ASAN_OPTIONS": f"detect_stack_use_after_return=0:detect_leaks=1:exitcode={FOUND}",
            "LSAN_OPTIONS": f"suppressions={HERE / 'leak.supp'}:print_suppressions=0",
        },
        ["-p", "keylatch", "-p", "keylatch-ffi", "-p", "keylatch-fuzz", "--lib", "--tests", "--", *LOCKED, *STACK],
    ),
    Sanitizer(
        "thread",
        ["-Zsanitizer=thread", "-Cunsafe-allow-abi-mismatch=sanitizer"],
        ["race"],
        {"TSAN_OPTIONS": f"exitcode={FOUND} suppressions={HERE / 'thread.supp'}"},
        # One test at a time: the harness's own threads talk through a channel of the standard library's. Logins to
        # servers that talk at random are long, and on one thread.
        ["-p", "keylatch", "-p", "keylatch-ffi", "--lib", "--test=threads", "--test=network"]
        + ["--", "--test-threads=1", "--skip=robustness", *LOCKED],
    ),
]


def compiled(sanitizer: Sanitizer) -> Path:
    program = sanitizer.out / "control"
    program.parent.mkdir(parents=True, exist_ok=True)
    flags = [*sanitizer.flags, *sanitizer.link]
    command = ["rustc", "--edition", "2024", "-g", *flags, str(HERE / "control.rs"), "-o", str(program)]
    subprocess.run(command, env=sanitizer.environment(), check=True)
    return program


def explain(sanitizer: Sanitizer) -> None:
    """Puts unseen_sync.c around the standard library's locks and epoll, for whatever is linked from now on."""
    symbols = subprocess.run(["nm", compiled(sanitizer)], capture_output=True, text=True, check=True).stdout
    named = []
    for name, end in STD_SYNC.items():
        found = set(re.findall(rf"\b(_R\w*3std3sys4sync{end})$", symbols, re.MULTILINE))
        if len(found) != 1:
            sys.exit(f"unseen_sync.c: the standard library has not one {end}, but {len(found)}")
        named.append((name, found.pop()))
    compiled_to = sanitizer.out / "unseen_sync.o"
    names = [f"-D{name}={symbol}" for name, symbol in named]
    subprocess.run(["cc", "-O1", "-c", *names, HERE / "unseen_sync.c", "-o", compiled_to], check=True)
    wraps = [f"-Clink-arg=-Wl,--wrap={symbol}" for symbol in [*(symbol for _, symbol in named), *EPOLL]]
    sanitizer.link = [f"-Clink-arg={compiled_to}", *wraps]


def control(sanitizer: Sanitizer) -> None:
    """What does not find a mistake that is there proves nothing."""
    program = compiled(sanitizer)
    for mistake in ["none", *sanitizer.mistakes]:
        done = subprocess.run([program, mistake], env=sanitizer.environment(), capture_output=True, text=True)
        wanted = FOUND if mistake != "none" else 0
        if done.returncode != wanted or ("Sanitizer" in done.stderr) != (mistake != "none"):
            sys.exit(f"the {sanitizer.name} sanitizer, shown {mistake}: exit {done.returncode}\n{done.stderr}")
        print(f"ok     control: {mistake}", flush=True)


def run(sanitizer: Sanitizer) -> None:
    begun = time.monotonic()
    command = ["cargo", "test", "--quiet", "--locked", "--target", TRIPLE, *sanitizer.tests]
    done = subprocess.run(command, cwd=ROOT, env=sanitizer.environment())
    if done.returncode != 0:
        sys.exit(f"the tests under the {sanitizer.name} sanitizer failed")
    print(f"ok     tests ({time.monotonic() - begun:.0f} s)", flush=True)


def main() -> int:
    wanted = sys.argv[1:] or [sanitizer.name for sanitizer in SANITIZERS]
    for sanitizer in SANITIZERS:
        if sanitizer.name in wanted:
            print(f"--- {sanitizer.name}", flush=True)
            if sanitizer.name == "thread":
                explain(sanitizer)
            control(sanitizer)
            run(sanitizer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
