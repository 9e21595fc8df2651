"""The rules of core/catalog/README.md, apart from Keylatch's own code: what the answers to checks mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from entries import Scheme

STRENGTH = ("accepted", "under_scoped", "rejected", "wrong_host", "rate_limited", "unreachable", "not_checkable")
REFUSED = {"rejected": "credentials_rejected", "wrong_host": "provider_unreachable"}
REFUSED_WHERE_REQUIRED = REFUSED | {
    "unreachable": "provider_unreachable",
    "rate_limited": "rate_limited",
    "not_checkable": "invalid_argument",
}


@dataclass(frozen=True)
class Answer:
    """What the double says to a request; `status` None is silence."""

    status: int | None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def json(status: int, document: Any, *headers: tuple[str, str]) -> Answer:
        return Answer(status, json.dumps(document).encode(), (("content-type", "application/json"), *headers))


# Which answer a check gets from the app, for a caller with the key of the situation or with a made-up one.
Answers = Callable[[int, str], Answer]


@dataclass(frozen=True)
class Expected:
    """What must come of an attempt to connect."""

    verdict: str
    asked: tuple[tuple[int, str], ...]
    evidence: tuple[tuple[str, int | None, str], ...]
    account: str | None


def expected(scheme: Scheme, key: str, answers: Answers) -> Expected:
    """Runs through the scheme's checks as the README says."""
    asked: list[tuple[int, str]] = []
    evidence: list[tuple[str, int | None, str]] = []
    account = None
    for number, check in enumerate(scheme.checks):
        answer = answers(number, key)
        asked.append((scheme.first_alike(number), key))
        found = verdict(check, answer, scheme.host_is_typed)
        if found == "accepted" and check.get("control"):
            asked.append((scheme.first_alike(number), "made up"))
            if verdict(check, answers(number, "made up"), scheme.host_is_typed) not in ("rejected", "under_scoped"):
                continue
        evidence.append((f"{check['method']} {check['path']}", answer.status, found))
        if found == "accepted":
            account = account_of(check, answer.body)
        if found == "accepted" or answer.status is None:
            break
    return Expected(strongest(found for _, _, found in evidence), tuple(asked), tuple(evidence), account)


def strongest(verdicts: Iterable[str]) -> str:
    return min(verdicts, key=STRENGTH.index, default="not_checkable")


def verdict(check: dict[str, Any], answer: Answer, host_is_typed: bool) -> str:
    status = answer.status
    if status is None:
        return "unreachable"
    named = check.get("verdicts", {}).get(str(status))
    if named is not None:
        return str(named)
    good = 200 <= status < 300
    if status in check["accept"] if check.get("accept") else good:
        return _if_conditions_hold(check, answer)
    if good:
        return "not_checkable"
    if 300 <= status < 400 or (status == 404 and host_is_typed):
        return "wrong_host"
    if status >= 500:
        return "unreachable"
    return {401: "rejected", 403: "under_scoped", 429: "rate_limited"}.get(status, "not_checkable")


def _if_conditions_hold(check: dict[str, Any], answer: Answer) -> str:
    conditions = check.get("when", [])
    if check["method"] == "HEAD" or (check.get("json") is False and not conditions):
        return "accepted"
    try:
        document = json.loads(answer.body)
    except ValueError:
        return "wrong_host"
    return "accepted" if all(holds(condition, document) for condition in conditions) else "rejected"


def holds(condition: dict[str, Any], document: Any) -> bool:
    value = at(document, condition["at"])
    if "present" in condition:
        return (value is not None) is condition["present"]
    if "equals" in condition:
        return value is not None and same(value, condition["equals"])
    return value is None or not same(value, condition["not_equals"])


def same(one: Any, other: Any) -> bool:
    """Equal in JSON, where `true` is not 1."""
    return type(one) is type(other) and bool(one == other)


def keys(pointer: str) -> list[str]:
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]


def at(document: Any, pointer: str) -> Any:
    """What stands at a JSON pointer, or None."""
    for key in keys(pointer):
        if isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict):
            document = document.get(key)
        else:
            return None
    return document


def account_of(check: dict[str, Any], body: bytes) -> str | None:
    try:
        found = at(json.loads(body), check["account"]) if "account" in check else None
    except ValueError:
        return None
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else None


def error_code(verdict: str, required: bool) -> str | None:
    """The error with which such credentials are not taken, if they are not."""
    return (REFUSED_WHERE_REQUIRED if required else REFUSED).get(verdict)
