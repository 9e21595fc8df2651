"""Runs the conformance cases through `Keylatch` and `AsyncKeylatch`, with a vault and on Composio's API.

    python tests/servers/run.py -- python tests/python/conformance.py [WORDS]

WORDS runs only the cases whose names contain them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from double import Double, Project
from keylatch import (
    AsyncKeylatch,
    AsyncResponseStream,
    Expired,
    Keylatch,
    KeylatchError,
    Response,
    ResponseStream,
    Secret,
    Transit,
    diagnose,
    set_log,
)
from keylatch.models import Model
from matching import difference, error_difference
from sayings import note, note_control

CASES = Path(__file__).resolve().parent.parent / "cases"
DOORS: dict[str, type[Keylatch] | type[AsyncKeylatch]] = {"python-async": AsyncKeylatch, "python": Keylatch}
# Each backend with what it adds to a runner's name.
BACKENDS = {"embedded": "", "composio": "-composio"}
# The URL of the server, where the cases are to be run on a vault in PostgreSQL.
POSTGRES = os.environ.get("KEYLATCH_TEST_POSTGRES")
if POSTGRES:
    BACKENDS = {"postgres": "-postgres"}
# Options that only one backend has.
OF_THE_VAULT = {"path", "tenant", "key_hex", "key_file", "passphrase", "transit", "hold_for", "audit"}
# Of every runner's vaults; `tests/leaks.py` looks for it.
VAULT_KEY = b"keylatch-vault-key-of-the-runner"
VAULT_ARGUMENTS = {"path", "tenant", "key", "key_file", "passphrase", "transit", "extra_ca"}
OF_THE_PROJECT = {"api_key", "api_version", "base_url"}


class MismatchError(Exception):
    """A case does not hold; the text says where."""


def load() -> list[dict[str, Any]]:
    """All cases; an app that is a name stands for one of its file's apps."""
    cases = []
    for path in sorted(CASES.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        shared = content.get("apps", {})
        for case in content["cases"]:
            case["apps"] = [shared[app] if isinstance(app, str) else app for app in case.get("apps", [])]
            cases.append(case)
    return cases


def fill(value: Any, variables: dict[str, Any]) -> Any:
    """A copy with every ${name} filled in; a text that is one placeholder takes the variable's own type."""
    if isinstance(value, dict):
        return {fill(key, variables): fill(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, variables) for item in value]
    if not isinstance(value, str):
        return value
    if (whole := re.fullmatch(r"\$\{([^}]*)\}", value)) and whole[1] in variables:
        return variables[whole[1]]
    return re.sub(r"\$\{([^}]*)\}", lambda m: str(variables.get(m[1], m[0])), value)


def vault_options(given: dict[str, Any], folder: str, space: str) -> dict[str, Any]:
    made = {"path": POSTGRES or f"{folder}/vault.db", "key": VAULT_KEY}
    if "tenant" in given:
        made["tenant"] = given["tenant"]
    if POSTGRES and made.get("tenant") != "":
        made["tenant"] = f"{space}-{given.get('tenant', 'default')}"
    made |= {name: value for name, value in given.items() if name not in OF_THE_VAULT | OF_THE_PROJECT}
    made |= {name: given[name] for name in ("path", "hold_for", "audit") if name in given}
    if "key_hex" in given:
        made["key"] = bytearray.fromhex(given["key_hex"])
    for name in ("key_file", "passphrase"):
        if name in given:
            made |= {"key": None, name: given[name]}
    if "transit" in given:
        made |= {"key": None, "transit": Transit(**given["transit"])}
    return made


def project_options(given: dict[str, Any], project: Project) -> dict[str, Any]:
    made = {"api_key": project.api_key, "base_url": project.base_url}
    return made | {name: value for name, value in given.items() if name not in OF_THE_VAULT}


@contextmanager
def folder() -> Iterator[str]:
    """A folder for a vault, gone in the end, unless `tests/leaks.py` wants to look into it."""
    kept = os.environ.get("KEYLATCH_TEST_KEEP")
    if kept:
        yield tempfile.mkdtemp(prefix="keylatch-case-", dir=kept)
    else:
        with tempfile.TemporaryDirectory(prefix="keylatch-case-") as made:
            yield made


class Run:
    """One case at one of the two doors, on one of the two backends."""

    def __init__(
        self, case: dict[str, Any], space: str, door: type[Keylatch] | type[AsyncKeylatch], backend: str
    ) -> None:
        self.case = case
        self.door = door
        self.double = Double(space)
        self.expired: list[Expired] = []
        self.variables: dict[str, Any] = {**self.double.addresses(), "api_key": f"ak_{space}"}
        if POSTGRES:
            self.variables["postgres"] = POSTGRES
        self.double.script(fill(case.get("provider", {}), self.variables))
        self.project: Project | None = None
        self.apps: list[Any] = fill(case["apps"], self.variables)
        if backend == "composio":
            self.project = Project(space, {"toolkits": self.apps, **fill(case.get("composio", {}), self.variables)})
            self.apps = self.apps if case.get("register", True) else []

    async def all_steps(self) -> None:
        with folder() as self.folder:
            self.variables["folder"] = self.folder
            self.client = await self.open({})
            for number, step in enumerate(self.case["steps"], 1):
                try:
                    await self.step(step)
                except MismatchError as why:
                    raise MismatchError(f"step {number} ({step['call']}): {why}") from None
            note(self.client)
            await settled(self.client.close())

    async def open(self, also: dict[str, Any]) -> Keylatch | AsyncKeylatch:
        given = fill(self.case.get("client", {}), self.variables) | also | {"extra_ca": self.double.ca}
        if "timeout_ms" in given:
            given["timeout"] = given.pop("timeout_ms") / 1000
        if "hold_for_ms" in given:
            given["hold_for"] = given.pop("hold_for_ms") / 1000
        client: Keylatch | AsyncKeylatch
        if self.project is None:
            client = self.door(**vault_options(given, self.folder, self.double.name), on_expired=self.expired.append)
        else:
            client = self.door.composio(**project_options(given, self.project))
        if isinstance(client, AsyncKeylatch):
            await client
        for app in self.apps:
            await settled(client.apps.register(app))
        return client

    def diagnose(self, also: dict[str, Any]) -> dict[str, Any]:
        given = fill(self.case.get("client", {}), self.variables) | also | {"extra_ca": self.double.ca}
        options = vault_options(given, self.folder, self.double.name)
        found = diagnose(**{name: value for name, value in options.items() if name in VAULT_ARGUMENTS})
        note(found)
        return found.to_dict()

    async def step(self, step: dict[str, Any]) -> None:
        try:
            result = await self.call(step)
        except KeylatchError as error:
            note(error)
            if "error" not in step:
                raise MismatchError(f"failed: {error.code}: {error}") from None
            if why := error_difference(fill(step["error"], self.variables), error_as_json(error)):
                raise MismatchError(why) from None
            return
        if "error" in step:
            raise MismatchError(f"succeeded with {result}")
        for name, pointer in step.get("save", {}).items():
            self.variables[name] = at(result, pointer)
        if "expect" in step and (why := difference(fill(step["expect"], self.variables), result, "result")):
            raise MismatchError(why)

    async def call(self, step: dict[str, Any]) -> Any:
        name, args = step["call"], fill(step.get("args", {}), self.variables)
        if name == "client.close":
            await settled(self.client.close())
            return {}
        if name == "client.reopen":
            await settled(self.client.close())
            self.client = await self.open(args)
            return {}
        if name == "client.diagnose":
            return self.diagnose(args)
        if name == "client.log":
            set_log(LOGGER, level=args["level"])
            return {}
        if name == "client.logged":
            told, RECORDS[:] = list(RECORDS), []
            items = [as_record(record) for record in told]
            note(items)
            return {"items": items}
        if name == "client.expired":
            told, self.expired[:] = list(self.expired), []
            return as_json(told)
        if name == "provider.script":
            self.double.script(args)
            return {}
        if name == "provider.requests":
            return {"items": self.double.requests()}
        if name == "provider.keys":
            return self.double.keys()
        if self.project is not None and name.startswith("composio."):
            told: Any = getattr(self.project, name.removeprefix("composio."))(**args)
            return told or {}
        method: Any = self.client
        for part in name.split("."):
            method = getattr(method, part)
        values = {key: value_of(value) for key, value in fill(step.get("params") or {}, self.variables).items()}
        if name == "integrations.create":
            args["fixed_values"] = values
        elif name in ("initiate_connection", "connected_accounts.update_credentials"):
            args["connected_account_params"] = values
        elif name == "change_key" and "transit" in args:
            args["transit"] = Transit(**args["transit"], **values)
        elif name in ("apps.identify", "change_key", "export_vault", "import_vault"):
            args |= values
        elif name in ("request", "request_pages"):
            args["body"] = fill(step.get("body"), self.variables)
        elif name == "request_stream":
            args["body"] = pieces(step["pieces"]) if "pieces" in step else fill(step.get("body"), self.variables)
        for argument in ("timeout", "older_than", "pause"):
            if f"{argument}_ms" in args:
                args[argument] = args.pop(f"{argument}_ms") / 1000
        answer = await settled(method(**args))
        # What the app says through Composio may echo its credential (`echo-not-masked` in docs/backends.md).
        if self.project is None or name not in ("request", "request_pages", "execute_action"):
            note(answer)
        return as_json(answer)


class Listener(logging.Handler):
    """Keeps what it is told."""

    def emit(self, record: logging.LogRecord) -> None:
        RECORDS.append(record)


RECORDS: list[logging.LogRecord] = []
LOGGER = logging.Logger("keylatch", 1)
LOGGER.addHandler(Listener())


def as_record(record: Any) -> dict[str, Any]:
    """A record in the form that cases compare."""
    text, fields = record.getMessage(), record.keylatch_fields
    operation, target = record.keylatch_operation, record.keylatch_target
    # The text is the operation, what happened, and the fields.
    message = text.removeprefix(f"{operation}: ")
    for name, value in fields.items():
        message = message.replace(f" {name}={value}", "")
    level = {5: "trace", 10: "debug", 20: "info", 30: "warn", 40: "error"}[record.levelno]
    return {"level": level, "target": target, "operation": operation, "message": message, "fields": fields}


async def settled(answer: Any) -> Any:
    if inspect.isasyncgen(answer):
        return [item async for item in answer]
    if inspect.isgenerator(answer):
        return list(answer)
    answer = await answer if inspect.isawaitable(answer) else answer
    if isinstance(answer, ResponseStream):
        with answer:
            return Response(answer.status, answer.headers, b"".join(iter(lambda: answer.read(7), b"")), answer.tries)
    if isinstance(answer, AsyncResponseStream):
        async with answer:
            return Response(answer.status, answer.headers, b"".join([each async for each in answer]), answer.tries)
    return answer


def pieces(texts: list[str]) -> Iterator[bytes]:
    for text in texts:
        yield text.encode()


def value_of(value: Any) -> Any:
    """A credential value; `{"$bytes": text}` is one in a buffer that can be wiped."""
    if isinstance(value, dict) and set(value) == {"$bytes"}:
        return bytearray(value["$bytes"].encode())
    return value


def as_json(result: Any) -> Any:
    """A result in the form that cases compare."""
    if isinstance(result, Response):
        answer = {"status": result.status, "tries": result.tries, "headers": dict(result.headers.items())}
        answer["text"] = result.text
        try:
            return answer | {"json": result.json()}
        except KeylatchError:
            return answer
    if isinstance(result, Secret):
        return {"secret": result.expose().decode()}
    if isinstance(result, list):
        return {"items": [as_json(each) for each in result]}
    return result.to_dict() if isinstance(result, Model) else {}


def error_as_json(error: KeylatchError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": str(error),
        "fields": list(error.fields),
        "problems": [vars(problem) for problem in error.problems],
        "retry_after_ms": None if error.retry_after is None else round(error.retry_after * 1000),
        "connected_account_id": error.connected_account_id,
        "candidates": list(error.candidates),
        "near": list(error.near),
        "verdict": error.verdict,
        "upstream": None if error.upstream is None else dataclasses.asdict(error.upstream),
    }


def runs_on(case: dict[str, Any], backend: str) -> bool:
    """Whether the case is for this backend, where `embedded` is a vault in a file."""
    backends = case.get("backends", ["embedded", "composio"])
    return backend in backends or (backend == "postgres" and "embedded" in backends and "file_only" not in case)


def at(result: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        try:
            result = result[int(part) if isinstance(result, list) else part]
        except (KeyError, IndexError):
            raise MismatchError(f"nothing at {pointer} to save") from None
    return result


def run(name: str, door: type[Keylatch] | type[AsyncKeylatch], backend: str, cases: list[dict[str, Any]]) -> bool:
    """Whether all of these cases hold at this door, on this backend."""
    passed = 0
    for number, case in enumerate(cases):
        try:
            asyncio.run(Run(case, f"{name}-{number}", door, backend).all_steps())
            passed += 1
        except (MismatchError, KeylatchError) as why:
            print(f"FAILED {name}: {case['name']}: {why}")
    print(f"conformance {name}: {passed} passed, {len(cases) - passed} failed")
    return passed == len(cases)


def main() -> int:
    if "KEYLATCH_TEST_TRACE" in os.environ:
        logging.basicConfig(level=logging.NOTSET)
    note_control()
    words = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [case for case in load() if words in case["name"]]
    held = True
    for backend, suffix in BACKENDS.items():
        chosen = [case for case in cases if runs_on(case, backend)]
        for name, door in DOORS.items():
            held = run(name + suffix, door, backend, chosen) and held
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
