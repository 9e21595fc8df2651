"""What an app may answer to an entry's checks: all that must lead to a verdict, as answers for the double to give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from entries import Scheme, same_request
from rules import Answer, at, expected, holds, keys, rules_of, same, texts_of, verdict

REFUSAL = {"the double": "says no"}
RETRY_AFTER = 7
# Stands where the double puts the token of whoever asks.
TOKEN = "the token of whoever asks"
ELSEWHERE = "elsewhere.example"
USUAL_STATUSES = (403, 429, 503)
HTML = Answer(200, b"<!doctype html><title>Welcome</title>", (("content-type", "text/html"),))
MOVED = Answer(302, b"", (("location", f"https://{ELSEWHERE}/login"),))
SILENCE = Answer(None)


@dataclass(frozen=True)
class Situation:
    """One way in which an attempt to connect may go. `good` and `bad` are each check's answers to the right key and to
    any other; `must` is the verdict without which the entry contradicts itself."""

    name: str
    key: str
    good: tuple[Answer, ...]
    bad: tuple[Answer, ...]
    check: int = 0
    required: bool = False
    optional: bool = True
    must: str | None = None

    def answer(self, check: int, key: str) -> Answer:
        return (self.good if key == "right" else self.bad)[check]


def situations(scheme: Scheme) -> Iterator[Situation]:
    """All situations of a scheme with checks."""
    checks = scheme.checks
    refusals = _refusals(scheme)
    no = tuple(choices[0] for choices in refusals)
    spare = next((n for n in range(len(checks)) if _is_asked_last(scheme, n)), None)
    for number, check in enumerate(checks):
        if "trade" in check and len(checks) > 1:
            continue
        for status in check.get("accept") or [200]:
            good = tuple(
                accepting(check, status, scheme)
                if same_request(other, check)
                else accepting(other, (other.get("accept") or [200])[0], scheme)
                if "trade" in other
                else no[place]
                for place, other in enumerate(checks)
            )
            name = f"right key, {status}" + (f" to check {number + 1}" if len(checks) > 1 else "")
            right = Situation(name, "right", good, no, check=number, must="accepted")
            yield right
            if number == spare and any(not field.get("required", True) for field in scheme.fields):
                yield Situation(f"{name}, no optional fields", "right", good, no, optional=False, must="accepted")
            yield Situation(f"{status} to anybody, check {number + 1}", "wrong", good, good, check=number)
    for variant in range(max(map(len, refusals))):
        bad = tuple(choices[min(variant, len(choices) - 1)] for choices in refusals)
        said = ", ".join(dict.fromkeys(_told(answer) for answer in bad))
        good = tuple(accepting(checks[0], (checks[0].get("accept") or [200])[0], scheme) for _ in checks)
        yield Situation(f"wrong key, {said}", "wrong", good, bad, must="rejected")
    named = {int(status) for check in checks for status in check.get("verdicts", {})}
    for status in sorted(named.union(USUAL_STATUSES)):
        wait = [("retry-after", str(RETRY_AFTER))] if status == 429 else []
        yield _whoever_asks(scheme, f"status {status}", Answer.json(status, REFUSAL, *wait), required=status == 429)
    yield _whoever_asks(scheme, "redirect elsewhere", MOVED)
    yield _whoever_asks(scheme, "garbage", HTML)
    yield _whoever_asks(scheme, "no answer in time", SILENCE)


def impossible(scheme: Scheme, situation: Situation) -> str | None:
    """Why an entry is wrong in itself, whatever Keylatch makes of it."""
    found = expected(scheme, situation.key, situation.answer, optional=situation.optional).verdict
    if situation.must in (None, found):
        return None
    return f"by the entry's own rules this is {found}, never {situation.must}"


def accepting(check: dict[str, Any], status: int, scheme: Scheme) -> Answer:
    """An answer that meets all conditions of a check."""
    if _is_json(check):
        return Answer.json(status, _meeting(check, scheme))
    texts = [texts_of(condition)[0] for condition in check.get("when", [])]
    return Answer(status, " ".join(texts or ["fine"]).encode())


def _whoever_asks(scheme: Scheme, name: str, answer: Answer, required: bool = False) -> Situation:
    answers = (answer,) * len(scheme.checks)
    return Situation(name, "right", answers, answers, required=required)


def _refusals(scheme: Scheme) -> list[list[Answer]]:
    """For each check the answers to a wrong key, all that the entry knows of."""
    checks = scheme.checks
    found: list[list[Answer]] = []
    for check in checks:
        alike = [other for other in checks if same_request(other, check)]
        answers = [answer for other in alike for answer in _refusals_of(other, scheme)]
        # What another check on the same request accepts is no refusal.
        fit = [a for a in answers if all(verdict(c, a, scheme.host_is_typed) != "accepted" for c in alike)]
        found.append(list(dict.fromkeys(fit)) or [Answer.json(401, REFUSAL)])
    return found


def _refusals_of(check: dict[str, Any], scheme: Scheme) -> Iterator[Answer]:
    statuses = [int(status) for status, said in check.get("verdicts", {}).items() if said == "rejected"]
    candidates = [Answer.json(status, REFUSAL) for status in [*statuses, 401] if not 300 <= status < 400]
    for status in sorted(map(int, check.get("verdicts", {}))):
        for conditions, said in rules_of(check, status):
            texts = [text for condition in conditions if "text_has" in condition for text in texts_of(condition)]
            candidates += [Answer.json(status, {"code": text}) for text in texts if said == "rejected"]
    for status in check.get("accept") or [200]:
        met = _meeting(check, scheme)
        candidates += [Answer.json(status, _breaking(condition, met)) for condition in _of_json(check)]
    for answer in candidates:
        if verdict(check, answer, scheme.host_is_typed) == "rejected":
            yield answer


def _told(answer: Answer) -> str:
    said = "" if json.loads(answer.body) == REFUSAL else f" {answer.body.decode()}"
    return f"{answer.status}{said}"


def _is_json(check: dict[str, Any]) -> bool:
    return check.get("json") is not False or any("text_has" not in condition for condition in check.get("when", []))


def _is_asked_last(scheme: Scheme, check: int) -> bool:
    """Whether a check is made without optional fields, and its yes is the last word."""
    if "trade" in scheme.checks[check] and len(scheme.checks) > 1:
        return False
    return scheme.is_asked(check, optional=False)


def _meeting(check: dict[str, Any], scheme: Scheme) -> Any:
    document: Any = None
    if "trade" in check:
        document = _put(document, keys(check["trade"]["token"]), TOKEN)
    if "account" in check:
        document = _put(document, keys(check["account"]), f"Account at {scheme.slug}")
    for condition in sorted(_of_json(check), key=lambda c: len(keys(c["at"]))):
        place = keys(condition["at"])
        if "equals" in condition:
            document = _put(document, place, condition["equals"])
        elif "not_equals" in condition and same(at(document, condition["at"]), condition["not_equals"]):
            document = _put(document, place, _other(condition["not_equals"]))
        elif condition.get("present") and not holds(condition, json.dumps(document).encode()):
            document = _put(document, place, "here")
    return {"ok": "double"} if document is None else document


def _of_json(check: dict[str, Any]) -> list[dict[str, Any]]:
    return [condition for condition in check.get("when", []) if "text_has" not in condition]


def _breaking(condition: dict[str, Any], met: Any) -> Any:
    """The document changed so that this condition no longer holds."""
    place = keys(condition["at"])
    if "equals" in condition:
        return _put(met, place, _other(condition["equals"]))
    if "not_equals" in condition:
        return _put(met, place, condition["not_equals"])
    return _put(met, place, None if condition["present"] else "here")


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"not {value}" if isinstance(value, str) else ["something"]


def _put(document: Any, place: list[str], value: Any) -> Any:
    """A copy with this value at this place, and whatever it needs to stand in."""
    if not place:
        return value
    key, rest = place[0], place[1:]
    if key.isdigit() and not isinstance(document, dict):
        items = list(document) if isinstance(document, list) else []
        items += [{}] * (int(key) + 1 - len(items))
        items[int(key)] = _put(items[int(key)], rest, value)
        return items
    members = dict(document) if isinstance(document, dict) else {}
    members[key] = _put(members.get(key), rest, value)
    return members
