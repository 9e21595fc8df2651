"""Mutated copies of entries, each wrong in one place, to see that the test would notice such a mistake."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from entries import Scheme

PER_KIND = 7
Change = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Mutation:
    """An entry's scheme, what was changed in it, and the changed definition under another slug."""

    scheme: Scheme
    change: str
    definition: dict[str, Any]


def mutations(schemes: list[Scheme]) -> list[Mutation]:
    """Some of every kind, spread over all entries to which it can be done."""
    chosen = []
    for change, mutate in CHANGES.items():
        possible = [made for scheme in schemes if (made := _mutated(scheme, change, mutate))]
        # Neighbours differ in how they take their credential.
        possible.sort(key=lambda m: ([place["in"] for place in m.scheme.inject], m.scheme.slug))
        step = max(1, len(possible) // PER_KIND)
        chosen += possible[::step][:PER_KIND]
    return chosen


def _mutated(scheme: Scheme, change: str, mutate: Change) -> Mutation | None:
    data = copy.deepcopy(scheme.data)
    if not mutate(data):
        return None
    slug = f"{scheme.slug}_{scheme.name.lower()}_with_another_{change.replace(' ', '_')}"
    app = {key: value for key, value in scheme.app.items() if key != "actions"}
    return Mutation(scheme, change, {**app, "slug": slug, "schemes": [data]})


def _in_place(kind: str, part: str, change: Callable[[str], str]) -> Change:
    """Changes a part of the first injection of this kind."""

    def mutate(scheme: dict[str, Any]) -> bool:
        for place in scheme.get("inject", []):
            if place["in"] == kind:
                before = place[part]
                place[part] = change(before)
                return bool(place[part] != before)
        return False

    return mutate


def _in_check(part: str, change: Callable[[Any], Any]) -> Change:
    """Changes a part of the first check, where it has that part."""

    def mutate(scheme: dict[str, Any]) -> bool:
        check = scheme["checks"][0]
        if part not in check:
            return False
        check[part] = change(check[part])
        return True

    return mutate


def _elsewhere(condition: dict[str, Any]) -> dict[str, Any]:
    if "text_has" in condition:
        return {"text_has": "mutated"}
    return {**condition, "at": f"{condition['at']}/mutated"}


def _without(part: str) -> Change:
    def mutate(scheme: dict[str, Any]) -> bool:
        return scheme["checks"][0].pop(part, None) is not None

    return mutate


def _swapped_basic(scheme: dict[str, Any]) -> bool:
    for place in scheme.get("inject", []):
        if place["in"] == "basic":
            place["username"], place["password"] = place["password"], place["username"]
            return True
    return False


def _other_base(change: Callable[[str], str]) -> Change:
    def mutate(scheme: dict[str, Any]) -> bool:
        before = scheme["base_url"]
        scheme["base_url"] = change(before)
        return "://" in before

    return mutate


def _other_fixed_header(scheme: dict[str, Any]) -> bool:
    for name in scheme.get("headers", {}):
        scheme["headers"][name] += "0"
        return True
    return False


def _other_status(scheme: dict[str, Any]) -> bool:
    scheme["checks"][0]["accept"] = [299]
    return True


def _other_method(scheme: dict[str, Any]) -> bool:
    check = scheme["checks"][0]
    check["method"] = "GET" if check["method"] == "POST" else "POST"
    if check["method"] == "GET":
        check.pop("body", None)
    return True


def _other_query(scheme: dict[str, Any]) -> bool:
    check = scheme["checks"][0]
    check["path"] = check["path"].replace("?", "?mutated=1&")
    return "?" in check["path"]


def _takes_anything(scheme: dict[str, Any]) -> bool:
    check = scheme["checks"][0]
    # Of a trade, what is no JSON is noticed before any check.
    known = "json" in check or check.get("when") or check.get("accept") or "trade" in scheme
    check["json"] = False
    return not known


CHANGES: dict[str, Change] = {
    "header name": _in_place("header", "name", lambda name: f"{name}-Mutated"),
    "header prefix": _in_place("header", "value", lambda value: f"Mutated {value}"),
    "header filter": _in_place("header", "value", lambda value: value.replace("|base64", "")),
    "query name": _in_place("query", "name", lambda name: f"{name}_mutated"),
    "query value": _in_place("query", "value", lambda value: f"mutated{value}"),
    "basic order": _swapped_basic,
    "fixed header": _other_fixed_header,
    "host": _other_base(lambda url: url.replace("://", "://mutated-", 1)),
    "base path": _other_base(lambda url: f"{url}/mutated"),
    "path": _in_check("path", lambda path: f"/mutated{path}"),
    "query": _other_query,
    "method": _other_method,
    "body": _in_check("body", lambda body: {"mutated": body}),
    "accepted status": _other_status,
    "verdicts": _without("verdicts"),
    "conditions": _in_check("when", lambda when: [_elsewhere(c) for c in when]),
    "account": _in_check("account", lambda at: f"{at}/mutated"),
    "control": _without("control"),
    "json": _takes_anything,
}
