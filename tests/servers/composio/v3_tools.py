"""The tools of v3.1: what there is, and execution, with the app's own API behind it."""

from __future__ import annotations

from typing import Any

from calls import Call, Route
from executing import account_for, auth_for, borrowed, input_schema, output_schema, proxied, run, tool_of
from refusals import Refusal
from states import SCHEMES
from toolkits import VERSIONS, Toolkit
from upstream import auth_of

Json = Any
VALUE = (str, int, float, bool)
EXECUTE = {
    "arguments?": dict,
    "text?": str,
    "user_id?": str,
    "connected_account_id?": str,
    "version?": str,
    "custom_auth_params?": {
        "base_url?": str,
        "parameters?": [{"name": str, "in": {"query", "header"}, "value": VALUE}],
        "body?": dict,
    },
    "custom_connection_data?": {"authScheme": set(SCHEMES), "toolkitSlug": str, "val": dict},
    "entity_id?": str,
    "allow_tracing?": bool,
}
PROXY = {
    "endpoint": str,
    "method": {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"},
    "connected_account_id?": str,
    "user_id?": str,
    "body?": object,
    "binary_body?": dict,
    "parameters?": [{"name": str, "type": {"header", "query"}, "value": VALUE}],
    "custom_connection_data?": {"authScheme": set(SCHEMES), "toolkitSlug": str, "val": dict},
}


def shown(toolkit: Toolkit, tool: Json) -> Json:
    title = tool["name"].replace("_", " ").capitalize()
    return {
        "slug": tool["name"],
        "name": title,
        "description": tool["description"],
        "human_description": tool["description"],
        "input_parameters": input_schema(tool),
        "output_parameters": output_schema(tool),
        "tags": [],
        "scopes": [],
        "scope_requirements": None,
        "no_auth": toolkit.modes == ["NO_AUTH"],
        "version": VERSIONS[0],
        "available_versions": VERSIONS,
        "is_deprecated": False,
        "toolkit": {"slug": toolkit.slug, "name": toolkit.name, "logo": toolkit.logo},
        "deprecated": {
            "available_versions": VERSIONS,
            "displayName": title,
            "version": VERSIONS[0],
            "toolkit": {"logo": toolkit.logo},
            "is_deprecated": False,
        },
    }


async def list_all(call: Call) -> Json:
    slug, slugs = call.text("toolkit_slug"), call.several("tool_slugs")
    ids, tags = call.several("auth_config_ids"), call.several("tags")
    wanted = None if ids is None else [call.project.auth_config(id).toolkit for id in ids]
    search = (call.text("query") or call.text("search") or "").lower()
    call.flag("important")
    items = [
        shown(toolkit, tool)
        for toolkit in call.project.toolkits.values()
        for tool in toolkit.tools.values()
        if (slug is None or toolkit.slug == slug.lower())
        and (slugs is None or tool["name"].upper() in [slug.upper() for slug in slugs])
        and (wanted is None or toolkit in wanted)
        and not tags
        and (search in tool["name"].lower() or search in tool["description"].lower())
    ]
    return call.page(items)


async def retrieve(call: Call) -> Json:
    return shown(*tool_of(call, call.params["slug"]))


async def execute(call: Call) -> Json:
    toolkit, tool = tool_of(call, call.params["slug"])
    body = call.json(EXECUTE)
    if "text" in body:
        if "arguments" in body:
            raise Refusal(400, "Send either arguments or text, not both")
        raise Refusal(501, "Text in place of arguments needs a language model, which is not here")
    user_id = body.get("user_id", body.get("entity_id"))
    brought = body.get("custom_connection_data")
    if brought is not None:
        if brought["toolkitSlug"].lower() != toolkit.slug:
            raise Refusal(400, f"custom_connection_data is for {brought['toolkitSlug']}, not {toolkit.slug}")
        auth = auth_of(borrowed(toolkit, brought["authScheme"], brought["val"]))
    else:
        auth = auth_for(call, toolkit, body.get("connected_account_id"), user_id, body.get("custom_auth_params"), False)
    outcome = await run(call, auth, tool, body.get("arguments", {}))
    return {**outcome, "log_id": call.project.new_id("log_"), "session_info": None}


async def proxy(call: Call) -> Json:
    if call.version == "v3":
        raise Refusal(410, "Proxy execution is not available on v3; use /api/v3.1/tools/execute/proxy")
    body = call.json(PROXY)
    if "binary_body" in body:
        raise Refusal(501, "binary_body is not supported")
    brought = body.get("custom_connection_data")
    if brought is not None:
        account = borrowed(call.project.toolkit(brought["toolkitSlug"]), brought["authScheme"], brought["val"])
    else:
        account = account_for(call, None, body.get("connected_account_id"), body.get("user_id"), False)
    answer = await proxied(call, account, body, "type")
    return {"status": answer.status, "data": answer.data, "headers": answer.headers}


ROUTES = [
    Route("GET", "/tools", list_all),
    Route("POST", "/tools/execute/proxy", proxy),
    Route("POST", "/tools/execute/{slug}", execute),
    Route("GET", "/tools/{slug}", retrieve),
]
