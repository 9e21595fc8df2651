"""Running tools and proxied requests with an account, for both API generations."""

from __future__ import annotations

from typing import Any

from calls import Call
from projects import Account, AuthConfig
from refusals import Refusal, bad_account, no_account, unknown_tool
from templates import NotFilled
from toolkits import Toolkit
from upstream import Answer, Auth, Unreachable, address, auth_of, custom_auth

Json = Any


def tool_of(call: Call, slug: str) -> tuple[Toolkit, Json]:
    for toolkit in call.project.toolkits.values():
        if slug.upper() in toolkit.tools:
            return toolkit, toolkit.tools[slug.upper()]
    raise unknown_tool(slug)


def input_schema(tool: Json) -> Json:
    params = tool.get("params", [])
    return {
        "type": "object",
        "title": tool["name"],
        "properties": {
            one["name"]: {"type": one.get("type", "string"), "description": one.get("description", "")}
            for one in params
        },
        "required": [one["name"] for one in params if one.get("required", False)],
    }


def output_schema(tool: Json) -> Json:
    return {
        "type": "object",
        "title": f"{tool['name']}_RESPONSE",
        "properties": {"data": {"type": "object"}, "error": {"type": "string"}, "successful": {"type": "boolean"}},
        "required": ["data", "successful"],
    }


def account_for(call: Call, toolkit: Toolkit | None, id: str | None, user_id: str | None, old: bool) -> Account:
    """The account that was named, or the user's newest ACTIVE one of the toolkit."""
    if id is None:
        if user_id is None:
            raise Refusal(400, "Either a connected account or a user must be named")
        account = call.project.newest(user_id, toolkit.slug if toolkit else None)
        if account is None:
            of = f" for toolkit {toolkit.slug}" if toolkit else ""
            raise no_account(f"No connected account found for user {user_id}{of}")
        return account
    account = call.project.account(id, old)
    if user_id is not None and account.user_id != user_id:
        raise no_account(f"Connected account {id} does not belong to user {user_id}")
    if toolkit is not None and account.auth_config.toolkit is not toolkit:
        raise bad_account(f"Connected account {id} is one of {account.auth_config.toolkit.slug}, not {toolkit.slug}")
    if account.status != "ACTIVE":
        raise Refusal(422, f"Connected account {id} is {account.status}, not ACTIVE")
    return account


def borrowed(toolkit: Toolkit, scheme: str, values: dict[str, Json]) -> Account:
    """An account for one call, which the project never has."""
    config = AuthConfig("", toolkit, scheme, "", False, {}, {}, "", "")
    return Account("", "", "", config, "ACTIVE", values, None, [], {}, "", "")


def auth_for(call: Call, toolkit: Toolkit, id: str | None, user_id: str | None, custom: Json, old: bool) -> Auth:
    """The authentication that a tool runs with; what the caller brings along comes before any account."""
    if custom is not None:
        auth = custom_auth(custom)
        auth.base_url = auth.base_url or toolkit.answer["base_url"] or ""
        return auth
    if toolkit.modes == ["NO_AUTH"] and id is None:
        return auth_of(borrowed(toolkit, "NO_AUTH", {}))
    return auth_of(account_for(call, toolkit, id, user_id, old))


async def run(call: Call, auth: Auth, tool: Json, arguments: dict[str, Json]) -> Json:
    """A tool's outcome; its failure is an outcome too, not a refusal."""
    missing = [name for name in input_schema(tool)["required"] if arguments.get(name) is None]
    if missing:
        return outcome({}, f"Missing required arguments: {', '.join(missing)}")
    try:
        answer = await call.upstream.run(auth, tool, arguments)
    except Unreachable as error:
        return outcome({}, str(error))
    except NotFilled as error:
        return outcome({}, f"Missing required arguments: {error}")
    return of_answer(answer)


def of_answer(answer: Answer) -> Json:
    return outcome(answer.data, None if answer.good else f"The app answered {answer.status} {answer.reason}".rstrip())


def outcome(data: Json, error: str | None) -> Json:
    if data is None:
        data = {}
    return {
        "data": data if isinstance(data, dict) else {"value": data},
        "error": error,
        "successful": error is None,
    }


async def proxied(call: Call, account: Account, request: Json, where: str) -> Answer:
    """A request of the caller's own; `where` is what the generation calls the place of a parameter."""
    auth = auth_of(account)
    url = address(auth, request["endpoint"])
    places: dict[str, list[tuple[str, str]]] = {"header": [], "query": []}
    for parameter in request.get("parameters") or []:
        places[parameter[where]].append((parameter["name"], str(parameter["value"])))
    return await call.upstream.send(
        auth, request["method"], url, query=places["query"], headers=dict(places["header"]), body=request.get("body")
    )
