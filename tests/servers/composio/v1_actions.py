"""The actions of v2: what there is, and execution."""

from __future__ import annotations

from typing import Any

from calls import Call, Route
from executing import account_for, auth_for, input_schema, of_answer, output_schema, proxied, run, tool_of
from refusals import Refusal
from toolkits import VERSIONS, Toolkit
from v1_apps import number, several

Json = Any
VALUE = (str, int, float, bool)
PARAMETERS = [{"name": str, "in": {"query", "header"}, "value": VALUE}]
EXECUTE = {
    "connectedAccountId?": (str, None),
    "entityId?": (str, None),
    "appName?": (str, None),
    "input?": (dict, None),
    "text?": (str, None),
    "version?": (str, None),
    "authConfig?": ({"base_url?": (str, None), "parameters?": PARAMETERS, "body?": (dict, None)}, None),
    "sessionInfo?": (dict, None),
    "allowTracing?": bool,
}
PROXY = {
    "connectedAccountId": str,
    "endpoint": str,
    "method": {"GET", "POST", "PUT", "PATCH", "DELETE"},
    "parameters?": (PARAMETERS, None),
    "body?": (dict, None),
}


def shown(toolkit: Toolkit, tool: Json) -> Json:
    return {
        "name": tool["name"],
        "displayName": tool["name"].replace("_", " ").capitalize(),
        "description": tool["description"],
        "parameters": input_schema(tool),
        "response": output_schema(tool),
        "appName": toolkit.slug,
        "appKey": toolkit.slug,
        "appId": toolkit.id,
        "version": VERSIONS[0],
        "available_versions": VERSIONS,
        "tags": [],
        "no_auth": toolkit.modes == ["NO_AUTH"],
        "logo": toolkit.logo,
        "enabled": True,
        "deprecated": False,
    }


async def list_all(call: Call) -> Json:
    apps, names = several(call, "apps"), several(call, "actions")
    items = [
        shown(toolkit, tool)
        for toolkit in call.project.toolkits.values()
        for tool in toolkit.tools.values()
        if (apps is None or toolkit.slug in [name.lower() for name in apps])
        and (names is None or tool["name"].upper() in [name.upper() for name in names])
        and not several(call, "tags")
    ]
    at, size = number(call, "page", 1), number(call, "limit", max(1, len(items)))
    return {
        "items": items[(at - 1) * size : at * size],
        "page": at,
        "totalPages": max(1, -(-len(items) // size)),
    }


async def retrieve(call: Call) -> Json:
    return shown(*tool_of(call, call.params["id"]))


async def execute(call: Call) -> Json:
    toolkit, tool = tool_of(call, call.params["id"])
    body = call.json(EXECUTE)
    if body.get("text"):
        raise Refusal(501, "Text in place of input needs a language model, which is not here")
    # The entity only finds the account; a named account counts, whosesoever it is.
    id = body.get("connectedAccountId")
    user = None if id else body.get("entityId") or "default"
    auth = auth_for(call, toolkit, id, user, body.get("authConfig"), True)
    outcome = await run(call, auth, tool, body.get("input") or {})
    return {**outcome, "successfull": outcome["successful"]}


async def proxy(call: Call) -> Json:
    body = call.json(PROXY)
    account = account_for(call, None, body["connectedAccountId"], None, True)
    outcome = of_answer(await proxied(call, account, body, "in"))
    return {**outcome, "successfull": outcome["successful"]}


V2 = [
    Route("GET", "/actions", list_all),
    Route("POST", "/actions/proxy", proxy),
    Route("GET", "/actions/{id}", retrieve),
    Route("POST", "/actions/{id}/execute", execute),
]
