"""The API's gate: finds the project, keeps its log, lets faults act, and leads to the handlers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import refusals
import v1_accounts
import v1_actions
import v1_apps
import v3_accounts
import v3_auth_configs
import v3_toolkits
import v3_tools
from aiohttp import web
from calls import Call, Route, find
from projects import Project
from refusals import Refusal, new_request_id
from upstream import Unreachable, Upstream

Json = Any
CREDENTIALS = ("x-api-key", "x-user-api-key", "x-org-api-key")
UNLOGGED = "common"  # A stray header of an old client, with the key in it.
V3 = [*v3_toolkits.ROUTES, *v3_auth_configs.ROUTES, *v3_accounts.ROUTES, *v3_tools.ROUTES]
ROUTES: dict[str, list[Route]] = {
    "v1": [*v1_apps.V1, *v1_accounts.V1],
    "v2": [*v1_apps.V2, *v1_accounts.V2, *v1_actions.V2],
    "v3": V3,
    "v3.1": V3,
}


@dataclass
class Api:
    projects: dict[str, Project]
    upstream: Upstream

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/api/{version}/{tail:.*}", self.answer), web.route("*", "/{tail:.*}", lost)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        version = request.match_info["version"]
        old = version in ("v1", "v2")
        target, _, query = request.raw_path.partition("?")
        path = target.removeprefix(f"/api/{version}")
        body = await request.read()
        request_id = new_request_id()
        project = self.projects.get(request.headers.get("x-api-key", "").removeprefix("ak_"))
        fault = None
        status, content = 0, None
        try:
            if project is not None:
                project.log.append(logged(request, project, target, query, body))
            project = authorised(request, project, old)
            fault = next((one for one in project.faults if one.meets(request.method, path)), None)
            if fault is None or fault.acts_first:
                origin = f"{request.scheme}://{request.host}"
                fields = parse_qs(query, keep_blank_values=True)
                call = Call(project, self.upstream, version, request.method, path, fields, body, origin, {})
                status, content = await act(call)
            else:
                status, content = usual_success(version, request.method, path), {}
        except Refusal as refusal:
            status, content = refusal.status, refusal.body(old, request_id)
        try:
            if fault is not None:
                return await fault.apply(request, old, status, content, request_id)
        except Refusal as refusal:
            status, content = refusal.status, refusal.body(old, request_id)
        except ConnectionError:
            # The client went while it was being answered, as clients with a time limit do.
            return web.Response()
        return web.json_response(content, status=status, headers={"x-request-id": request_id})


async def act(call: Call) -> tuple[int, Json]:
    if call.version not in ROUTES:
        raise Refusal(404, f"No API {call.version}")
    route, call.params = find(ROUTES[call.version], call.method, call.path)
    try:
        return route.status, await route.handler(call)
    except Unreachable as error:
        raise Refusal(502, str(error)) from None


def usual_success(version: str, method: str, path: str) -> int:
    try:
        return find(ROUTES.get(version, []), method, path)[0].status
    except Refusal:
        return 200


def authorised(request: web.Request, project: Project | None, old: bool) -> Project:
    sent = [name for name in CREDENTIALS if name in request.headers]
    if not sent:
        raise refusals.no_key()
    if len(sent) > 1 and not old:
        raise refusals.two_keys()
    if sent == ["x-user-api-key"]:
        raise Refusal(401, "Invalid user API key", code=2113, slug="UserApiKey_Unauthorized")
    if sent == ["x-org-api-key"]:
        raise Refusal(401, "Invalid organization API key", code=10401, slug="HTTP_Unauthorized")
    key = request.headers.get("x-api-key", "")
    if project is None or not key.startswith("ak_"):
        raise refusals.wrong_key(key)
    return project


def logged(request: web.Request, project: Project, target: str, query: str, body: bytes) -> Json:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    headers.pop(UNLOGGED, None)
    text = body.decode("utf-8", "replace")
    try:
        content = json.loads(text) if text else None
    except ValueError:
        content = text
    return {
        "http": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "path": target,
        "query": {
            name: values[0] if len(values) == 1 else values
            for name, values in parse_qs(query, keep_blank_values=True).items()
        },
        # aiohttp decodes header bytes with surrogates; JSON needs plain text.
        "headers": {
            name: value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name, value in headers.items()
        },
        "body": content,
        "connection": project.connection_number(request.protocol),
    }


async def lost(request: web.Request) -> web.Response:
    return web.json_response({"error": f"nothing at {request.path}; the API is at /api/v3.1"}, status=404)
