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


# What OAuth's errors mean where an entry says nothing else.
OAUTH = {
    "invalid_grant": "rejected",
    "invalid_client": "rejected",
    "unauthorized_client": "under_scoped",
    "invalid_scope": "under_scoped",
    "access_denied": "under_scoped",
}
NO_JSON = object()


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


def expected(scheme: Scheme, key: str, answers: Answers, *, optional: bool = True) -> Expected:
    """Runs through the scheme's checks as the README says."""
    asked: list[tuple[int, str]] = []
    evidence: list[tuple[str, int | None, str]] = []
    account = None
    weighed = 0
    for number, check in enumerate(scheme.checks):
        if not scheme.is_asked(number, optional=optional):
            continue
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
        if "trade" in check and found == "accepted" and len(scheme.checks) > 1:
            # What the token is then good for says more.
            weighed = 1
            continue
        if found == "accepted" or answer.status is None or "trade" in check:
            break
    return Expected(strongest(found for _, _, found in evidence[weighed:]), tuple(asked), tuple(evidence), account)


def strongest(verdicts: Iterable[str]) -> str:
    return min(verdicts, key=STRENGTH.index, default="not_checkable")


def verdict(check: dict[str, Any], answer: Answer, host_is_typed: bool) -> str:
    status = answer.status
    if status is None:
        return "unreachable"
    rules = rules_of(check, status)
    for conditions, said in rules:
        if all(holds(condition, answer.body) for condition in conditions):
            return said
    found = _usual(check, answer, status, host_is_typed)
    if "trade" not in check:
        return found
    if found == "accepted" and not at(document(answer.body), check["trade"]["token"]):
        return "wrong_host"
    if found == "not_checkable" and not rules:
        return OAUTH.get(at(document(answer.body), "/error"), found)
    return found


def rules_of(check: dict[str, Any], status: int) -> list[tuple[list[dict[str, Any]], str]]:
    """The verdicts for a status, each with its conditions."""
    named = check.get("verdicts", {}).get(str(status), [])
    return [([], named)] if isinstance(named, str) else [(rule["when"], rule["verdict"]) for rule in named]


def _usual(check: dict[str, Any], answer: Answer, status: int, host_is_typed: bool) -> str:
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
    needs_json = check.get("json") is not False or any("text_has" not in condition for condition in conditions)
    is_json = document(answer.body) is not NO_JSON
    met = all(holds(condition, answer.body) for condition in conditions)
    if check["method"] == "HEAD" or (met and (is_json or not needs_json)):
        return "accepted"
    return "rejected" if is_json or answer.status == 401 else "wrong_host"


def document(body: bytes) -> Any:
    """The JSON of an answer, or `NO_JSON`."""
    try:
        return json.loads(body)
    except ValueError:
        return NO_JSON


def holds(condition: dict[str, Any], body: bytes) -> bool:
    if "text_has" in condition:
        return any(text.encode() in body for text in texts_of(condition))
    found = document(body)
    value = at(found, condition["at"])
    if "present" in condition:
        return found is not NO_JSON and (value is not None) is condition["present"]
    if "equals" in condition:
        return value is not None and same(value, condition["equals"])
    return found is not NO_JSON and (value is None or not same(value, condition["not_equals"]))


def texts_of(condition: dict[str, Any]) -> list[str]:
    texts = condition["text_has"]
    return [texts] if isinstance(texts, str) else list(texts)


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
