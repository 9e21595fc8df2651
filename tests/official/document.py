"""The tables of docs/composio-official.md, as the SDKs' reports tell them."""

from __future__ import annotations

from typing import Any

from environments import Sdk

Json = Any
GENERATED = "## What each SDK completes\n"
MARKS = {"ok": "yes", "expected failure": "fails"}


def tables(flows: dict[str, list[Json]], pages: dict[str, list[Json]], sdks: list[Sdk]) -> str:
    """Everything from the generated heading to the end of the document."""
    text = [GENERATED, f"| Step | {' | '.join(sdk.title for sdk in sdks)} |", "|---" * (len(sdks) + 1) + "|"]
    outcomes = [{line["step"]: line["outcome"] for line in flows[sdk.name]} for sdk in sdks]
    for step in merged([list(one) for one in outcomes]):
        marks = [MARKS[one[step]] if step in one else "" for one in outcomes]
        text.append(f"| {step} | {' | '.join(marks)} |")
    text += ["", "Steps that fail in the SDK itself, whatever the server answers:", ""]
    text += ["| SDK | Step | Error | Why |", "|---|---|---|---|"]
    for sdk in sdks:
        text += [
            f"| {sdk.title} | {line['step']} | {code(line['error'])} | {line['reason']} |"
            for line in flows[sdk.name]
            if line["outcome"] == "expected failure"
        ]
    text += ["", "## What the official old SDKs make of the page"]
    for sdk in sdks:
        if sdk.name in pages:
            text += ["", f"### {sdk.title}", "", "| Call | Outcome |", "|---|---|"]
            text += [
                f"| {code(line['call'])} | {line['outcome'] if line['outcome'] == 'works' else code(line['outcome'])} |"
                for line in pages[sdk.name]
            ]
    return "\n".join(text) + "\n"


def merged(lists: list[list[str]]) -> list[str]:
    """All steps in one order: each stands behind the step that it follows in its own list."""
    order: list[str] = []
    for steps in sorted(lists, key=len, reverse=True):
        at = 0
        for step in steps:
            if step not in order:
                order.insert(at, step)
            at = order.index(step) + 1
    return order


def code(text: str) -> str:
    """As code in a table's cell, even if there are backticks in it."""
    return (f"`` {text} ``" if "`" in text else f"`{text}`").replace("|", "\\|")
