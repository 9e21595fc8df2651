"""The control interface: scripts make projects, and show what happened to them. See README.md."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from faults import Fault
from projects import Project
from shapes import problems
from states import STATUSES
from toolkits import offered

Json = Any
SCRIPT = {"toolkits?": [dict], "toolkit_overrides?": dict, "faults?": [dict]}


class BadScript(ValueError):
    """A script that the server does not understand; the text says where."""


def checked(body: Json, shape: Json) -> Json:
    found = problems(body, shape)
    if found:
        raise BadScript("; ".join(f"{one.path}: {one.text}" for one in found))
    return body


def parse(body: Json) -> Project:
    script = checked(body, SCRIPT)
    try:
        toolkits = offered(script.get("toolkits", []), script.get("toolkit_overrides", {}))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadScript(f"toolkits: {type(error).__name__} {error}") from None
    unknown = set(script.get("toolkit_overrides", {})) - set(toolkits)
    if unknown:
        raise BadScript(f"toolkit_overrides of unknown toolkits {sorted(unknown)}")
    return Project(toolkits, [Fault.parse(one) for one in script.get("faults", [])])


def accounts(project: Project) -> list[Json]:
    return [
        {
            "id": one.id,
            "user_id": one.user_id,
            "auth_config_id": one.auth_config.id,
            "toolkit": one.auth_config.toolkit.slug,
            "auth_scheme": one.auth_config.scheme,
            "status": one.status,
            "alias": one.alias,
            "val": {"status": one.status, **one.values},
        }
        for one in project.accounts.values()
    ]


class Control:
    """`projects` is shared with the API, which finds a project by its key."""

    def __init__(self, projects: dict[str, Project]) -> None:
        self.projects = projects

    def routes(self) -> list[web.RouteDef]:
        base = "/_control/{name}"
        return [
            web.put(base, self.put),
            web.delete(base, self.delete),
            web.post(base + "/faults", self.faults),
            web.get(base + "/requests", self.requests),
            web.get(base + "/accounts", self.accounts),
            web.patch(base + "/accounts/{id}", self.set_account),
        ]

    def project(self, request: web.Request) -> Project:
        name = request.match_info["name"]
        if name not in self.projects:
            raise web.HTTPNotFound(text=f"no project {name!r}")
        return self.projects[name]

    async def put(self, request: web.Request) -> web.Response:
        try:
            self.projects[request.match_info["name"]] = parse(await request.json())
        except ValueError as error:
            return bad(error)
        return web.json_response({})

    async def delete(self, request: web.Request) -> web.Response:
        self.projects.pop(request.match_info["name"], None)
        return web.json_response({})

    async def faults(self, request: web.Request) -> web.Response:
        project = self.project(request)
        try:
            body = checked(await request.json(), {"faults": [dict]})
            project.faults = [Fault.parse(one) for one in body["faults"]]
        except ValueError as error:
            return bad(error)
        return web.json_response({})

    async def requests(self, request: web.Request) -> web.Response:
        project = self.project(request)
        return web.json_response({"items": list(project.log), "connections": len(project.connections)})

    async def accounts(self, request: web.Request) -> web.Response:
        return web.json_response({"items": accounts(self.project(request))})

    async def set_account(self, request: web.Request) -> web.Response:
        """What only time and apps can do: let a connection become active, expire, fail or be revoked."""
        project = self.project(request)
        try:
            body = checked(await request.json(), {"status": set(STATUSES), "status_reason?": (str, None)})
        except ValueError as error:
            return bad(error)
        one = project.accounts.get(request.match_info["id"])
        if one is None:
            raise web.HTTPNotFound(text="no such account")
        one.status, one.status_reason = body["status"], body.get("status_reason")
        project.touch(one)
        return web.json_response({})


def bad(error: Exception) -> web.Response:
    return web.json_response({"error": str(error)}, status=400)
