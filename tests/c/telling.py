"""Writes the C source that reads every getter of keylatch.h for what its text tells: `telling.py HEADER OUTPUT`.

One function a handle: `tell_error(error)` appends all that an error's getters give to `told`, for tests/leaks.py. A
getter of a shape that is not known here ends the build, so that none is left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

from abuse import Function, functions

# What programs give, and get nothing out of save what `keylatch_secret_expose` says by its name.
GIVEN = ("keylatch_client", "keylatch_options", "keylatch_secret", "keylatch_params")
# Numbers and truths cannot hold a credential.
PLAIN = {"bool", "size_t", "uint32_t", "uint64_t", "int64_t", "keylatch_status"}
TEXT, BYTES = "const char *", "const uint8_t *"

SAY = """buffer told;

void say(const void *text, size_t length) {
    buffer_add(&told, text, length);
    buffer_puts(&told, "\\n");
}
"""


def reading(getter: Function) -> str:
    """The C block that appends what the getter gives, for each index if it takes one; nothing where that is no text."""
    _, *others = getter.parameters
    indexed = bool(others) and others[0].type == "size_t"
    outs = [p.out or "" for p in others[1 if indexed else 0 :]]
    handle = outs[0].removesuffix(" *")
    if set(outs) <= PLAIN:
        return ""
    if outs in ([TEXT, "size_t"], [BYTES, "size_t"]):
        declared, given = f"{outs[0]}text = NULL; size_t length = 0;", "&text, &length"
        used = "if (text != NULL) say(text, length);"
    elif len(outs) == 1 and handle.startswith("keylatch_"):
        declared, given = f"{handle} *part = NULL;", "&part"
        used = f"tell_{handle.removeprefix('keylatch_')}(part); {handle}_free(part);"
    else:
        raise SystemExit(f"telling.py: cannot read {getter.name}, which gives {outs}")
    call = f"{getter.name}(handle{', i' if indexed else ''}, {given})"
    if indexed:
        return f"    for (size_t i = 0;; i++) {{ {declared} if ({call} != KEYLATCH_OK) break; {used} }}\n"
    return f"    {{ {declared} if ({call} == KEYLATCH_OK) {{ {used} }} }}\n"


def main() -> int:
    header, output = map(Path, sys.argv[1:])
    getters: dict[str, list[Function]] = {}
    for function in functions(header.read_text(encoding="utf-8")):
        first = function.parameters[0] if function.parameters else None
        # Setters take a handle that is not const.
        if first and first.handle and first.type.startswith("const") and first.handle not in GIVEN:
            getters.setdefault(first.handle, []).append(function)
    parts = ['/* Made by tests/c/telling.py: what every getter of keylatch.h tells. */\n#include "telling.h"\n', SAY]
    # Again for some, so that those that only others lead to are declared too.
    parts += [f"void tell_{h.removeprefix('keylatch_')}(const {h} *handle);" for h in getters]
    for handle, its in getters.items():
        body = "".join(map(reading, its))
        parts.append(f"\nvoid tell_{handle.removeprefix('keylatch_')}(const {handle} *handle) {{\n{body}}}")
    output.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
