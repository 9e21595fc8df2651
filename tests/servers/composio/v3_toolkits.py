"""The toolkits of v3.1, by which clients discover what users must fill in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from calls import Call, Route, page
from refusals import Refusal
from toolkits import Toolkit

Json = Any


def chosen(
    toolkits: Iterable[Toolkit], category: str | None, managed_by: str | None, sort_by: str | None
) -> list[Toolkit]:
    items = [
        one
        for one in toolkits
        if (category is None or category in [known["slug"] for known in one.answer["meta"]["categories"]])
        and (managed_by in (None, "all") or bool(one.managed) == (managed_by == "composio"))
    ]
    return sorted(items, key=lambda one: one.name.lower()) if sort_by == "alphabetically" else items


async def list_all(call: Call) -> Json:
    kind = call.choice("type", ("native", "custom", "all"))
    search = (call.text("search") or "").lower()
    items = chosen(
        call.project.toolkits.values(),
        call.text("category"),
        call.choice("managed_by", ("composio", "all", "project")),
        call.choice("sort_by", ("usage", "alphabetically")),
    )
    return call.page(
        [
            one.item()
            for one in items
            if kind in (None, "all", one.answer["type"]) and (search in one.slug or search in one.name.lower())
        ]
    )


async def retrieve(call: Call) -> Json:
    return call.project.toolkit(call.params["slug"]).answer


async def multi(call: Call) -> Json:
    body = call.json(
        {
            "toolkits": [str],
            "category?": str,
            "managed_by?": {"composio", "all", "project"},
            "sort_by?": {"usage", "alphabetically"},
            "limit?": int,
            "cursor?": str,
        }
    )
    known = [call.project.toolkits[slug.lower()] for slug in body["toolkits"] if slug.lower() in call.project.toolkits]
    items = chosen(known, body.get("category"), body.get("managed_by"), body.get("sort_by"))
    limit = body.get("limit")
    if limit is not None and limit < 1:
        raise Refusal(400, "limit: expected a positive integer")
    return page([one.item() for one in items], body.get("cursor"), limit)


async def categories(call: Call) -> Json:
    known = {
        category["slug"]: {"id": category["slug"], "name": category["name"]}
        for one in call.project.toolkits.values()
        for category in one.answer["meta"]["categories"]
    }
    return call.page(sorted(known.values(), key=lambda one: str(one["id"])))


async def changelog(call: Call) -> Json:
    return {"items": []}


ROUTES = [
    Route("GET", "/toolkits", list_all),
    Route("POST", "/toolkits/multi", multi),
    Route("GET", "/toolkits/categories", categories),
    Route("GET", "/toolkits/changelog", changelog),
    Route("GET", "/toolkits/{slug}", retrieve),
]
