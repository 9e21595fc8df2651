"""The conformance runner's own eyes: it sees what differs, and only that."""

from __future__ import annotations

from typing import Any

import pytest
from matching import difference, error_difference

FOUND: dict[str, Any] = {"a": 1, "b": [1, {"c": "text"}], "d": None, "e": True, "f": "sk_test"}
ERROR: dict[str, Any] = {"code": "invalid_field", "fields": ["x", "y"], "message": "`x` is empty"}


@pytest.mark.parametrize(
    "expected",
    [
        {}, {"a": 1}, {"a": 1.0}, {"b": [1, {}]}, {"d": None}, {"d": {"$absent": True}}, {"z": {"$absent": True}},
        {"f": {"$has": "sk_"}}, {"$has": "sk_test"}, {"$lacks": "pk_"}, {"b": {"$len": 2}}, {"a": {"$min": 1}},
        {"b": {"$contains": {"c": "text"}}}, {"b": {"$all": [{"$len": 2}, {"$contains": 1}]}}, {"a": {"$not": 2}},
        {"e": {"$type": "boolean"}}, {"a": {"$type": "number"}},
    ],
)  # fmt: skip
def test_what_fits(expected: Any) -> None:
    assert difference(expected, FOUND, "result") is None


@pytest.mark.parametrize(
    "expected",
    [
        {"a": 2}, {"a": "1"}, {"a": True}, {"e": 1}, {"b": [1]}, {"b": {"c": 1}}, {"z": 1}, {"a": {"$absent": True}},
        {"f": {"$has": "pk_"}}, {"$lacks": "sk_test"}, {"b": {"$len": 1}}, {"a": {"$min": 2}}, {"z": {"$min": 0}},
        {"b": {"$contains": {"c": "other"}}}, {"b": {"$all": [{"$len": 2}, {"$contains": 7}]}}, {"a": {"$not": 1}},
        {"z": {"$not": 1}}, {"e": {"$type": "number"}}, {"z": {"$has": ""}}, {"z": {"$lacks": "x"}},
    ],
)  # fmt: skip
def test_what_does_not(expected: Any) -> None:
    assert difference(expected, FOUND, "result") is not None


def test_errors() -> None:
    assert error_difference({"code": "invalid_field", "fields": ["y", "x"], "message_has": ["`x`"]}, ERROR) is None
    for wrong in ({"code": "not_found"}, {"fields": ["x"]}, {"message_has": ["`z`"]}, {"verdict": "rejected"}):
        assert error_difference(wrong, ERROR) is not None


def test_an_unknown_matcher_is_no_match() -> None:
    with pytest.raises(ValueError, match="unknown matcher"):
        difference({"a": {"$like": 1}}, FOUND, "result")
