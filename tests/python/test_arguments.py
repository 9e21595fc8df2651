"""Arguments become the same JSON whether the native layer writes them or Python's encoder does."""

from __future__ import annotations

import enum
import json
import random
from typing import Any

import pytest
from keylatch import _native

TEXTS = ["", "user-1", 'a "quoted" \\ path', "line\nline\ttab\x00\x1f\x7f", "äöü € \u2028 😀", "null"]


class Text(str, enum.Enum):  # noqa: UP042 - what users have
    A = "a"


def test_what_is_plain_is_written_as_it_is() -> None:
    chance = random.Random(7)
    values: list[Any] = [*TEXTS, True, False, 0, -1, 2**63 - 1, -(2**63), None, [], TEXTS]
    for _ in range(500):
        args = {name: chance.choice(values) for name in chance.sample(TEXTS, chance.randrange(len(TEXTS)))}
        written = _native.plain_json(args)
        assert written is not None
        assert json.loads(written) == {name: value for name, value in args.items() if value is not None}


@pytest.mark.parametrize(
    "value", [1.5, 2**63, {"a": 1}, [1], [None], ("a",), "\ud800", ["\ud800"], b"x", Text.A, object(), float("nan")]
)
def test_the_rest_is_for_pythons_encoder(value: object) -> None:
    assert _native.plain_json({"before": "x", "value": value}) is None


def test_so_are_names_that_are_no_text() -> None:
    assert _native.plain_json({1: "x"}) is None  # type: ignore[dict-item]
