"""What a client sent: the requests of a project's log, in a form that two runs and two clients can be compared in."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

Json = Any
IDS = re.compile(r"\b(ca|ac)_[A-Za-z0-9]{12}\b")


def record(control: str, upstream: str) -> list[Json]:
    """The requests of the project whose control address this is, oldest first.

    Ids that the server makes up become `ca_1`, `ac_1` …, counted as they appear; the address of the upstream becomes
    `https://upstream.test`. Of headers only the names are kept.
    """
    with urllib.request.urlopen(f"{control}/requests") as answer:
        items = json.load(answer)["items"]
    seen: dict[str, list[str]] = {"ca": [], "ac": []}

    def number(found: re.Match[str]) -> str:
        known = seen[found[1]]
        if found[0] not in known:
            known.append(found[0])
        return f"{found[1]}_{known.index(found[0]) + 1}"

    def plain(item: Json) -> Json:
        kept = {key: item[key] for key in ("method", "path", "query", "body")}
        text = json.dumps(kept).replace(upstream, "https://upstream.test")
        return {**json.loads(IDS.sub(number, text)), "headers": sorted(item["headers"])}

    return [plain(item) for item in items]


def by_step(sdk: str, requests: list[Json], steps: list[Json]) -> list[Json]:
    """Says of each request whose it is and in which step; a step knows how many there were when it ended."""
    starts = [0, *(step["upto"] for step in steps)]
    return [
        {"sdk": sdk, "step": step["step"], **request}
        for start, step in zip(starts, steps, strict=False)
        for request in requests[start : step["upto"]]
    ]
