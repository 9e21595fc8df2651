"""What a part of the bench finds: a table, bars for the plot, and what was demanded of it."""

from __future__ import annotations

from dataclasses import dataclass, field

Cell = str | float


@dataclass
class Demand:
    """A line of what must be shown: `seen` is at most the limit, or at least."""

    line: str
    says: str
    seen: float
    limit: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.seen >= self.limit if self.at_least else self.seen <= self.limit

    def text(self) -> str:
        bound = f"{'≥' if self.at_least else '≤'} {number(self.limit)}"
        return f"line {self.line}: {self.says}: {number(self.seen)}, must be {bound}"


@dataclass
class Part:
    """`bars` are the numbers of the table that the plot shows, in `bars_unit`; short ones are better, or long ones."""

    name: str
    title: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)
    bars: dict[str, float] = field(default_factory=dict)
    bars_title: str = ""
    note: str = ""


def number(value: float) -> str:
    """Three digits that count."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
