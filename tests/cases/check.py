"""Checks the conformance cases: known keys, calls and matchers, unique names, every ${variable} defined."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = Any
HERE = Path(__file__).resolve().parent
BACKENDS_PAGE = HERE.parents[1] / "docs" / "backends.md"
POSTGRES_PAGE = HERE.parents[1] / "docs" / "postgresql.md"
sys.path[:0] = [str(HERE.parent / "servers"), str(HERE.parent / "servers" / "composio")]
from faults import BadFault, Fault  # noqa: E402  (the servers are beside us, in no package)
from scripts import BadScript, Script  # noqa: E402

# A vault, in a file as in PostgreSQL, and Composio's API: a case without `backends` runs on all of these.
BACKENDS = {"embedded", "composio"}
# What a case may name, for itself alone.
ALONE = {"embedded", "composio", "postgres"}
VARIABLES = {"provider", "provider_http", "dead", "other", "misnamed", "untrusted", "folder"}
# Only where Composio's API alone is the backend.
PROJECT_VARIABLES = {"composio", "composio_https", "api_key"}
# Only where a vault in PostgreSQL alone is the backend.
SERVER_VARIABLES = {"postgres"}
CLIENT_OPTIONS = {
    "timeout_ms", "max_response_bytes", "strict_secrets", "hold_for_ms", "audit", "path", "tenant",
    "key_hex", "key_file", "passphrase", "transit",
}  # fmt: skip
PROJECT_OPTIONS = {"api_version", "api_key", "base_url"}
FILE_KEYS = {"about", "apps", "cases"}
CASE_KEYS = {"name", "backends", "differs", "file_only", "client", "provider", "composio", "apps", "register", "steps"}
PROJECT_KEYS = {"toolkit_overrides", "faults"}
STEP_KEYS = {"call", "args", "params", "body", "pieces", "save", "expect", "error"}
TYPES = {"string", "number", "boolean", "array", "object", "null"}
ERROR_KEYS = {
    "code", "message", "message_has", "fields", "problems", "near", "candidates",
    "retry_after_ms", "connected_account_id", "verdict", "upstream",
}  # fmt: skip
ERROR_CODES = {
    "invalid_argument", "missing_fields", "unknown_field", "invalid_field", "unknown_app", "unsupported_scheme",
    "not_found", "ambiguous", "already_exists", "credentials_rejected", "provider_unreachable", "forbidden_host",
    "unauthorized", "rate_limited", "server", "timeout", "indeterminate", "cancelled", "vault_locked", "wrong_key",
    "corrupt_record", "storage", "closed", "internal", "action_failed",
}  # fmt: skip
# What an integration may allow, as core/src/allow.rs names it.
PERMISSIONS = {
    "loopback", "private", "link_local", "metadata", "reserved", "unencrypted", "ports", "international_names",
    "through_proxy", "reveal",
}  # fmt: skip
# Cases on network safety stand in files of this name; there are never fewer than this.
NETWORK_SAFETY = "network_*.json"
FEWEST_NETWORK_SAFETY = 60
# Call -> (arguments it must have, arguments it may have, whether it takes params).
CALLS: dict[str, tuple[str, str, bool]] = {
    "apps.list": ("", "", False),
    "apps.search": ("", "query category limit", False),
    "apps.identify": ("", "", True),
    "apps.get": ("app", "", False),
    "apps.register": ("definition", "", False),
    "integrations.create": ("app", "auth_scheme name base_url allow", True),
    "integrations.get": ("integration_id", "", False),
    "integrations.list": ("", "app", False),
    "integrations.delete": ("integration_id", "", False),
    "get_expected_params_for_user": ("", "app integration_id auth_scheme", False),
    "initiate_connection": (
        "entity_id",
        "integration_id app_name auth_scheme verify alias labels metadata allow_multiple replace callback_url",
        True,
    ),
    "connected_accounts.get": ("connected_account_id", "", False),
    "connected_accounts.list": ("", "entity_id app integration_id statuses labels limit cursor", False),
    "connected_accounts.verify": ("connected_account_id", "", False),
    "connected_accounts.verify_due": ("", "older_than_ms entity_id app limit pause_ms cursor", False),
    "connected_accounts.update_credentials": ("connected_account_id", "verify", True),
    "connected_accounts.enable": ("connected_account_id", "", False),
    "connected_accounts.disable": ("connected_account_id", "", False),
    "connected_accounts.wait_until_active": ("connected_account_id", "timeout_ms", False),
    "connected_accounts.set_alias": ("connected_account_id", "alias", False),
    "connected_accounts.dsn": ("connected_account_id", "", False),
    "connected_accounts.delete": ("connected_account_id", "revoke", False),
    "get_connection": ("entity_id app", "", False),
    "execute_action": ("action", "params connected_account_id entity_id timeout_ms", False),
    "backup": ("path", "", False),
    "change_key": ("", "key_file key_env transit", True),
    "rotate_data_key": ("", "limit cursor", False),
    "audit_log": ("", "after limit entity_id connected_account_id", False),
    "check_audit": ("", "head", False),
    "export_vault": ("path", "recipient", True),
    "import_vault": ("path", "dry_run", True),
    "diagnose": ("", "", False),
    "request": ("method path", "query headers timeout_ms retry entity_id app connected_account_id", False),
    "request_pages": (
        "method path",
        "query headers timeout_ms retry entity_id app connected_account_id paging",
        False,
    ),
    "request_stream": (
        "method path",
        "query headers timeout_ms retry entity_id app connected_account_id max_response_bytes content_length",
        False,
    ),
    "client.close": ("", "", False),
    "client.diagnose": ("", " ".join(sorted(CLIENT_OPTIONS)), False),
    "client.reopen": ("", " ".join(sorted(CLIENT_OPTIONS | PROJECT_OPTIONS)), False),
    "client.expired": ("", "", False),
    "client.log": ("level", "", False),
    "client.logged": ("", "", False),
    "provider.requests": ("", "", False),
    "provider.keys": ("", "", False),
    "composio.requests": ("", "", False),
    "composio.accounts": ("", "", False),
    "composio.faults": ("faults", "", False),
}


class Checker:
    """Collects what is wrong; each message begins with the file and the case."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        self.names: dict[str, str] = {}
        self.differences = headings(BACKENDS_PAGE)
        self.of_files = headings(POSTGRES_PAGE)
        self.counts = dict.fromkeys(sorted(ALONE), 0)
        self.where = ""

    def mistake(self, text: str) -> None:
        self.mistakes.append(f"{self.where}: {text}")

    def keys(self, what: str, value: Json, known: set[str], needed: set[str] | None = None) -> bool:
        if not isinstance(value, dict):
            self.mistake(f"{what} must be an object")
            return False
        for key in sorted(set(value) - known):
            self.mistake(f"{what} has an unknown key {key!r}; known are {', '.join(sorted(known))}")
        for key in sorted((needed or set()) - set(value)):
            self.mistake(f"{what} lacks {key!r}")
        return True

    def file(self, path: Path) -> int:
        self.where = path.name
        try:
            content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_duplicates)
        except ValueError as error:
            self.mistake(f"is not JSON: {error}")
            return 0
        if not self.keys("the file", content, FILE_KEYS, {"about", "cases"}):
            return 0
        shared = content.get("apps", {})
        used: set[str] = set()
        for slug, app in shared.items():
            if app.get("slug") != slug:
                self.mistake(f"shared app {slug!r} has another slug inside")
        for case in content["cases"]:
            self.where = f"{path.name}: {case.get('name', 'a case without a name')!r}"
            used |= self.case(case, shared)
            if case.get("name") in self.names:
                self.mistake(f"its name is used in {self.names[case['name']]} already")
            self.names[case.get("name", "")] = path.name
        self.where = path.name
        for slug in sorted(set(shared) - used):
            self.mistake(f"shared app {slug!r} is used by no case")
        return len(content["cases"])

    def case(self, case: Json, shared: Json) -> set[str]:
        if not self.keys("the case", case, CASE_KEYS, {"name", "steps"}):
            return set()
        remote = self.backends(case)
        for backend in self.counts:
            self.counts[backend] += runs_on(case, backend)
        self.keys("client", case.get("client", {}), CLIENT_OPTIONS | (PROJECT_OPTIONS if remote else set()))
        self.script(case.get("provider", {}), "provider")
        used = {app for app in case.get("apps", []) if isinstance(app, str)}
        for slug in sorted(used - set(shared)):
            self.mistake(f"app {slug!r} is not among the file's apps")
        known = VARIABLES | (PROJECT_VARIABLES if remote else set())
        known |= SERVER_VARIABLES if case.get("backends") == ["postgres"] else set()
        self.variables(
            [case.get("provider"), case.get("apps"), case.get("composio")], known, "provider, apps or composio"
        )
        if not case["steps"]:
            self.mistake("has no steps")
        for number, step in enumerate(case["steps"], 1):
            self.step(f"step {number}", step, known)
        return used

    def backends(self, case: Json) -> bool:
        """Whether the case runs on Composio's API alone, where its server can be scripted and asked."""
        backends = case.get("backends", sorted(BACKENDS))
        remote: bool = backends == ["composio"]
        if backends != sorted(BACKENDS) and backends not in [[each] for each in ALONE]:
            self.mistake(f"backends must be a list with one of {', '.join(sorted(ALONE))}")
        elif backends == ["embedded"] and case.get("differs") not in self.differences:
            self.mistake("runs on a vault only, so `differs` must name a difference of docs/backends.md")
        elif backends != ["embedded"] and "differs" in case:
            self.mistake("`differs` belongs to cases that run on a vault only")
        if "file_only" in case and (backends != ["embedded"] or case["file_only"] not in self.of_files):
            self.mistake("`file_only` belongs to cases on a vault only, and must name a heading of docs/postgresql.md")
        if not remote:
            for key in sorted({"composio", "register"} & set(case)):
                self.mistake(f"{key!r} needs backends to be composio alone")
            if any(step.get("call", "").startswith("composio.") for step in case["steps"]):
                self.mistake("asks the Composio server, which needs backends to be composio alone")
        self.keys("composio", case.get("composio", {}), PROJECT_KEYS)
        self.faults("composio", case.get("composio", {}).get("faults", []))
        if not isinstance(case.get("register", True), bool):
            self.mistake("register must be true or false")
        return remote

    def faults(self, what: str, faults: Json) -> None:
        try:
            for fault in faults:
                Fault.parse(fault)
        except BadFault as error:
            self.mistake(f"{what}: {error}")

    def step(self, what: str, step: Json, known: set[str]) -> None:
        if not self.keys(what, step, STEP_KEYS, {"call"}):
            return
        self.variables({key: value for key, value in step.items() if key != "save"}, known, what)
        call, args = step["call"], step.get("args", {})
        if call == "provider.script":
            self.script(args, f"{what}: args")
        elif call not in CALLS:
            self.mistake(f"{what}: unknown call {call!r}")
        else:
            needed, optional, params = CALLS[call]
            self.keys(f"{what}: args of {call}", args, {*needed.split(), *optional.split()}, set(needed.split()))
            if "error" not in step:  # a wrong name is a case of its own
                self.exceptions(what, args.get("allow", []))
            if call == "composio.faults":
                self.faults(what, args.get("faults", []))
            if "params" in step and not params:
                self.mistake(f"{what}: {call} takes no params")
        if "body" in step and call not in ("request", "request_pages", "request_stream"):
            self.mistake(f"{what}: {call} takes no body")
        if "pieces" in step and (call != "request_stream" or "body" in step):
            self.mistake(f"{what}: pieces are for request_stream without a body")
        for name, value in step.get("params", {}).items():
            text = isinstance(value, dict) and set(value) == {"$bytes"} and isinstance(value["$bytes"], str)
            if not text and not isinstance(value, str | int | float | bool):
                self.mistake(f"{what}: param {name!r} must be a text, number, boolean or {{'$bytes': text}}")
        if "expect" in step and "error" in step:
            self.mistake(f"{what} has both expect and error")
        self.matchers(what, step.get("expect"))
        if "error" in step and self.keys(f"{what}: error", step["error"], ERROR_KEYS, {"code"}):
            if step["error"]["code"] not in ERROR_CODES:
                self.mistake(f"{what}: unknown error code {step['error']['code']!r}")
            self.matchers(what, step["error"])
        for name, pointer in step.get("save", {}).items():
            if not isinstance(pointer, str) or not pointer.startswith("/"):
                self.mistake(f"{what}: save {name!r} needs a JSON pointer")
            if "error" in step:
                self.mistake(f"{what}: nothing can be saved from an error")
            known.add(name)

    def exceptions(self, what: str, allow: Json) -> None:
        for name in allow:
            if name not in PERMISSIONS:
                self.mistake(f"{what}: allow has {name!r}; known are {', '.join(sorted(PERMISSIONS))}")

    def script(self, routes: Json, what: str) -> None:
        try:
            Script.parse(routes)
        except BadScript as error:
            self.mistake(f"{what}: {error}")

    def variables(self, value: Json, known: set[str], what: str) -> None:
        for text in texts(value):
            for name in re.findall(r"\$\{([^}]*)\}", text):
                if name not in known:
                    self.mistake(f"{what} uses ${{{name}}}, which is not defined before it")

    def matchers(self, what: str, value: Json) -> None:
        if isinstance(value, list):
            for item in value:
                self.matchers(what, item)
        elif isinstance(value, dict):
            name = next(iter(value), "")
            if len(value) == 1 and name.startswith("$"):
                self.matcher(what, name, value[name])
            else:
                for item in value.values():
                    self.matchers(what, item)

    def matcher(self, what: str, name: str, value: Json) -> None:
        fits = {
            "$type": isinstance(value, str) and value in TYPES,
            "$has": isinstance(value, str),
            "$lacks": isinstance(value, str) and len(value) > 0,
            "$len": isinstance(value, int) and value >= 0,
            "$contains": True,
            "$all": isinstance(value, list) and len(value) > 0,
            "$absent": value is True,
            "$not": not isinstance(value, dict | list),
            "$min": isinstance(value, int | float),
        }
        if name not in fits:
            self.mistake(f"{what}: unknown matcher {name}")
        elif not fits[name]:
            self.mistake(f"{what}: {name} cannot be {json.dumps(value)}")
        elif name in ("$contains", "$all"):
            self.matchers(what, value)


def headings(page: Path) -> set[str]:
    """What the page explains of differences, each by its name."""
    return set(re.findall(r"^### `(.+)`$", page.read_text(encoding="utf-8"), re.MULTILINE))


def runs_on(case: Json, backend: str) -> bool:
    """Whether the runners run the case on this backend, where `embedded` is a vault in a file."""
    backends = case.get("backends", BACKENDS)
    return backend in backends or (backend == "postgres" and "embedded" in backends and "file_only" not in case)


def texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)


def no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"key {key!r} stands twice in one object")
    return dict(pairs)


def main() -> int:
    checker = Checker()
    counts = {path.name: checker.file(path) for path in sorted(HERE.glob("*.json"))}
    safety = sum(counts[path.name] for path in HERE.glob(NETWORK_SAFETY))
    if safety < FEWEST_NETWORK_SAFETY:
        checker.mistakes.append(f"{NETWORK_SAFETY}: {safety} cases, of which there must be {FEWEST_NETWORK_SAFETY}")
    for name in sorted(checker.of_files):
        if not any(case.startswith(f"postgres difference: {name}: ") for case in checker.names):
            checker.mistakes.append(
                f"docs/postgresql.md: no case `postgres difference: {name}: …` shows what holds instead"
            )
    for mistake in checker.mistakes:
        print(mistake, file=sys.stderr)
    if checker.mistakes:
        print(f"{len(checker.mistakes)} mistakes", file=sys.stderr)
        return 1
    for name, count in counts.items():
        print(f"{count:4}  {name}")
    print(f"{safety:4}  cases on network safety")
    for backend, count in checker.counts.items():
        print(f"{count:4}  cases run on {backend}")
    print(f"{sum(counts.values()):4}  cases in {len(counts)} files, all well-formed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
