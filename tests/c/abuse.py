"""Writes the C source that calls every function of keylatch.h with hostile arguments: `abuse.py HEADER OUTPUT`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

# Where NULL stands for something: it must not crash, and need not be refused.
OPTIONAL = {
    ("keylatch_client_open", "options"),
    ("keylatch_diagnose", "options"),
    ("keylatch_client_change_key", "options"),
    ("keylatch_integrations_create", "fixed_values"),
    ("keylatch_initiate_connection", "params"),
    ("keylatch_request_pages", "paging"),
    ("keylatch_request_stream", "streaming"),
    ("keylatch_connected_accounts_update_credentials", "params"),
}
# Nothing is asked yet, so that it does not matter whether the client is closed.
LATER = "keylatch_request_pages"
# These would end what the other thread is working with: they get a handle of their own.
OWN_CLIENT = "keylatch_client_close"
# Texts that mean something, by parameter; see abuse.c for the fixtures.
GOOD_TEXT = {
    "path": "f->folder",
    "integration_id": "f->integration_id",
    "connected_account_id": "f->connected_account_id",
    "action": '"QUIET_ECHO"',
    "api_version": '"v1"',
    "app": '"quiet"',
    "audit": '"best_effort"',
    "level": '"info"',
    "head": '"0:"',
    "app_name": '"quiet"',
    "entity_id": '"user-1"',
    "json": '"{}"',
    "definition": '"{}"',
    "method": '"GET"',
    "next": '"/next"',
    "items": '"/items"',
    "more": '"/more"',
}
NUMBERS = {
    "uint32_t": ["0", "1", "UINT32_MAX"],
    "keylatch_status": ["0", "25", "26", "UINT32_MAX"],
    "uint64_t": ["1", "0", "UINT64_MAX"],
    "int64_t": ["0", "INT64_MIN", "INT64_MAX"],
    "size_t": ["0", "SIZE_MAX"],
    "double": ["1.5", "NAN", "-INFINITY", "DBL_MAX"],
    "bool": ["false", "true"],
    "keylatch_on_expired": ["NULL"],
    "keylatch_on_log": ["NULL"],
    "keylatch_reader": ["NULL"],
    "void *": ["NULL"],
}


@dataclass
class Parameter:
    type: str
    name: str

    @property
    def handle(self) -> str | None:
        """The handle type that goes in here."""
        match = re.fullmatch(r"(?:const )?(keylatch_\w+) \*", self.type)
        return match[1] if match and match[1] != "keylatch_status" else None

    @property
    def out(self) -> str | None:
        """The type that is written through this parameter."""
        if self.handle or self.type in ("const char *", "const void *", "void *"):
            return None
        return self.type[:-1].strip() if self.type.endswith("*") else None


@dataclass
class Function:
    result: str
    name: str
    parameters: list[Parameter]


def functions(header: str) -> list[Function]:
    code = re.sub(r"/\*.*?\*/|//[^\n]*|#[^\n]*", "", header, flags=re.S)
    found = []
    for result, name, inside in re.findall(r"(const char \*|[\w]+ )(keylatch_\w+)\(([^)]*)\);", code):
        parameters = []
        for text in inside.split(",") if inside.strip() != "void" else []:
            match = re.fullmatch(r"(.*?)(\w+)", " ".join(text.split()))
            assert match, f"{name}: cannot read {text!r}"
            parameters.append(Parameter(match[1].strip(), match[2]))
        found.append(Function(result.strip(), name, parameters))
    return found


class Writer:
    """One C function for each function of the header."""

    def __init__(self, function: Function) -> None:
        self.f = function
        self.lines: list[str] = []
        names = [p.name for p in function.parameters]
        # A pointer and its length are tried together.
        self.length_of = {p: f"{p}_length" for p in names if f"{p}_length" in names}
        if "buffer" in names:
            self.length_of["buffer"] = "length"
        self.lengths = set(self.length_of.values())

    def good(self, p: Parameter) -> str:
        if p.name in self.lengths:
            owner = next(k for k, v in self.length_of.items() if v == p.name)
            return "sizeof buffer" if owner == "buffer" else f"strlen({self.text(owner)})"
        if p.handle:
            short = p.handle.removeprefix("keylatch_")
            return f"f->own_{short}" if self.f.name == OWN_CLIENT else f"f->{short}"
        if p.type == "void *":
            return "buffer"
        if p.type in ("const char *", "const void *"):
            return self.text(p.name)
        return f"&out_{p.name}" if p.out else NUMBERS[p.type][0]

    @staticmethod
    def text(name: str) -> str:
        return GOOD_TEXT.get(name, '"some text"')

    def attempt(self, changes: dict[str, str], expected: str) -> None:
        arguments = ", ".join(changes.get(p.name, self.good(p)) for p in self.f.parameters)
        outs = [p for p in self.f.parameters if p.out]
        for p in outs:
            # Not what a cleared place holds: a call must clear it, whatever else is wrong.
            poison = "POISON" if p.out and p.out.endswith("*") else "1"
            self.lines.append(f"    out_{p.name} = {poison};")
        self.lines.append(f"    status = {self.f.name}({arguments});")
        said = ", ".join(f"{k} = {v}" for k, v in changes.items()).replace("\\", "\\\\").replace('"', '\\"') or "good"
        self.lines.append(f'    judge(status, {expected}, "{self.f.name}", "{said}");')
        given = [p for p in outs if changes.get(p.name) != "NULL"]
        if not any(changes.get(p.name) == "NULL" for p in outs if p.name not in ("length", "error")):
            for p in given:
                if p.name != "error":
                    zero = "NULL" if p.out and p.out.endswith("*") else "0"
                    self.lines.append(
                        f'    if (status != KEYLATCH_OK && out_{p.name} != {zero}) complain("{self.f.name}", '
                        f'"{p.name} was not cleared", "{said}");'
                    )
        for p in given:
            handle = re.fullmatch(r"(keylatch_\w+) \*", p.out or "")
            if handle:
                self.lines.append(f"    if (out_{p.name} != POISON) {handle[1]}_free(out_{p.name});")

    def write(self) -> str:
        f = self.f
        if f.result == "void":  # a _free; the fixtures are freed in the end
            body = f"    {f.name}(NULL);\n    (void)f;\n"
        elif f.result != "keylatch_status":
            body = f'    if ({f.name}() == 0) complain("{f.name}", "gives nothing", "");\n    (void)f;\n'
        else:
            self.attempts()
            outs = [p for p in f.parameters if p.out]
            declared = "".join(f"    {p.out}{'' if p.out.endswith('*') else ' '}out_{p.name};\n" for p in outs if p.out)
            buffer = '    char buffer[8] = "1234567";\n' if any(p.type == "void *" for p in f.parameters) else ""
            unused = "".join(f"    (void)out_{p.name};\n" for p in outs)
            body = (
                f"    keylatch_status status;\n{declared}{buffer}    (void)f;\n" + "\n".join(self.lines) + f"\n{unused}"
            )
        return f"static void try_{f.name}(const fixtures *f) {{\n{body}}}\n"

    def attempts(self) -> None:
        invalid = "KEYLATCH_INVALID_ARGUMENT"
        self.attempt({}, "ANY")
        for p in self.f.parameters:
            optional = (self.f.name, p.name) in OPTIONAL
            if p.handle:
                self.attempt({p.name: "NULL"}, "ANY" if optional else invalid)
                if p.handle == "keylatch_client" and self.f.name != OWN_CLIENT:
                    self.attempt({p.name: "f->closed_client"}, "ANY" if self.f.name == LATER else "KEYLATCH_CLOSED")
            elif p.out:
                may_be_null = p.name == "error" or (p.name == "length" and "text" in self.names())
                self.attempt({p.name: "NULL"}, "ANY" if may_be_null else invalid)
            elif p.name in self.length_of:
                length = self.length_of[p.name]
                self.attempt({p.name: "NULL", length: "0"}, "ANY")
                self.attempt({p.name: "NULL", length: "5"}, invalid)
                self.attempt({p.name: self.good(p), length: "0"}, "ANY")
                self.attempt({p.name: self.good(p), length: "SIZE_MAX"}, invalid)
                if p.type == "const char *":
                    self.attempt({p.name: r'"\xff\xfe"', length: "2"}, invalid)
                    self.attempt({p.name: r'"a\0b"', length: "3"}, "ANY")
                    self.attempt({p.name: r'"\xed\xa0\x80"', length: "3"}, invalid)
            elif p.name not in self.lengths:
                for number in NUMBERS[p.type]:
                    self.attempt(
                        {p.name: number}, invalid if self.f.name.endswith("_at") and number == "SIZE_MAX" else "ANY"
                    )
        nothing = {p.name: "NULL" for p in self.f.parameters if p.type.endswith("*")}
        if len(nothing) > 1:
            self.attempt(
                nothing | dict.fromkeys(self.lengths, "0"), "ANY" if self.f.name == "keylatch_client_open" else invalid
            )

    def names(self) -> set[str]:
        return {p.name for p in self.f.parameters}


def main() -> int:
    header, output = map(Path, sys.argv[1:])
    found = functions(header.read_text(encoding="utf-8"))
    parts = [
        '/* Made by tests/c/abuse.py: every function of keylatch.h with hostile arguments. */\n#include "abuse.h"\n'
    ]
    parts += [Writer(function).write() for function in found]
    rows = "".join(f'    {{"{f.name}", try_{f.name}}},\n' for f in found)
    parts.append(
        f"const attempt attempts[] = {{\n{rows}}};\nconst size_t attempt_count = sizeof attempts / sizeof *attempts;\n"
    )
    output.write_text("\n".join(parts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
