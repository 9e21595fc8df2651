"""The catalogue's files as the tests see them: JSON, and the line where each check stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = ROOT / "core" / "catalog"


@dataclass(frozen=True)
class Scheme:
    """One way to connect one app."""

    app: dict[str, Any]
    data: dict[str, Any]
    file: str
    lines: tuple[int, ...]

    @property
    def slug(self) -> str:
        return str(self.app["slug"])

    @property
    def name(self) -> str:
        return str(self.data["auth_scheme"])

    @property
    def fields(self) -> list[dict[str, Any]]:
        return list(self.data["fields"])

    @property
    def checks(self) -> list[dict[str, Any]]:
        """What the app is asked: a trade first, where there is one."""
        return [*([as_check(self.trade)] if self.trade else []), *self.data.get("checks", [])]

    @property
    def trade(self) -> dict[str, Any] | None:
        return self.data.get("trade")

    @property
    def inject(self) -> list[dict[str, Any]]:
        return list(self.data.get("inject", []))

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.data.get("headers", {}))

    @property
    def base_url(self) -> str:
        return str(self.data["base_url"])

    @property
    def secrets(self) -> list[str]:
        return [field["name"] for field in self.fields if field.get("secret")]

    @property
    def host(self) -> str:
        """The template of the host; all of `{base_url}`."""
        return self.base_url.split("://")[-1].split("/")[0]

    @property
    def host_is_typed(self) -> bool:
        return "{" in self.host

    def is_asked(self, check: int, *, optional: bool) -> bool:
        """Whether a check is made: its path needs what was given."""
        given = [f["name"] for f in self.fields if optional or f.get("required", True) or "default" in f]
        return all(name in given for name in re.findall(r"\{([^{}|]+)", self.checks[check]["path"]))

    def first_alike(self, check: int) -> int:
        """The first check that asks the same as this one: an app cannot tell them apart."""
        return next(n for n, other in enumerate(self.checks) if same_request(other, self.checks[check]))

    def place(self, check: int) -> str:
        """Where a check stands: file and line."""
        return f"{self.file}:{self.lines[check]}"


def as_check(trade: dict[str, Any]) -> dict[str, Any]:
    """A trade as the check that it is, too."""
    meaning: dict[str, Any] = {key: trade[key] for key in ("accept", "when", "verdicts") if key in trade}
    return {"method": trade.get("method", "POST"), "path": trade["url"], "trade": trade, **meaning}


def same_request(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(part) == other.get(part) for part in ("method", "path", "body", "form", "trade"))


def load() -> list[Scheme]:
    """Every scheme of every app, with checks or without."""
    schemes = []
    for path in sorted(CATALOGUE.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        app = json.loads(text)
        position = 0
        for data in app["schemes"]:
            lines = []
            if "trade" in data:
                position = text.index('"trade":', position)
                lines.append(text.count("\n", 0, position) + 1)
            if data.get("checks"):
                position = text.index('"checks":', position)
            for _ in data.get("checks", []):
                position = text.index('"method"', position + 1)
                lines.append(text.count("\n", 0, position) + 1)
            schemes.append(Scheme(app, data, str(path.relative_to(ROOT)), tuple(lines)))
    return schemes
