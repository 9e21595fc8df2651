"""The auth configs of v3.1."""

from __future__ import annotations

from typing import Any

from calls import Call, Route
from projects import AuthConfig
from refusals import Refusal
from shapes import Problem, invalid
from states import SCHEMES, is_masked
from toolkits import old_field

Json = Any
SETTINGS = {
    "tool_access_config?": dict,
    "shared_credentials?": dict,
    "is_enabled_for_tool_router?": bool,
    "proxy_config?": ({"proxy_url": str, "proxy_auth_key?": str}, None),
    "restrict_to_following_tools?": [str],
}
NAMES = {name.removesuffix("?") for name in SETTINGS}
MANAGED = {"type": {"use_composio_managed_auth"}, "name?": str, "credentials?": dict, **SETTINGS}
CUSTOM = {
    "type": {"use_custom_auth"},
    "authScheme": set(SCHEMES),
    "name?": str,
    "credentials?": dict,
    **SETTINGS,
}


async def create(call: Call) -> Json:
    body = call.json({"toolkit": {"slug": str}, "auth_config?": dict})
    wanted = body.get("auth_config", {"type": "use_composio_managed_auth"})
    custom = wanted.get("type") == "use_custom_auth"
    body = call.json({"toolkit": {"slug": str}, "auth_config?": CUSTOM if custom else MANAGED})
    toolkit = call.project.toolkit(body["toolkit"]["slug"])
    credentials = wanted.get("credentials", {})
    if custom:
        scheme = wanted["authScheme"]
    elif toolkit.managed:
        scheme = toolkit.managed[0]
    else:
        raise Refusal(400, f"Composio does not manage authentication of {toolkit.slug}", fix="Use use_custom_auth")
    settings = {name: wanted[name] for name in NAMES if name in wanted}
    made = call.project.add_auth_config(
        toolkit, scheme, wanted.get("name"), credentials, managed=not custom, settings=settings
    )
    return {
        "toolkit": {"slug": toolkit.slug},
        "auth_config": {
            "id": made.id,
            "auth_scheme": made.scheme,
            "is_composio_managed": made.managed,
            "restrict_to_following_tools": settings.get("restrict_to_following_tools", []),
        },
    }


def shown(call: Call, one: AuthConfig) -> Json:
    toolkit = one.toolkit
    access = one.settings.get("tool_access_config", {})
    return {
        "id": one.id,
        "uuid": one.uuid,
        "type": "default" if one.managed else "custom",
        "name": one.name,
        "status": "ENABLED" if one.enabled else "DISABLED",
        "no_of_connections": len(call.project.connections_of(one)),
        "toolkit": {
            "slug": toolkit.slug,
            "logo": toolkit.logo,
            "auth_guide_url": toolkit.answer["auth_guide_url"],
            "auth_hint_url": toolkit.hint(one.scheme),
        },
        "tool_access_config": {
            "tools_for_connected_account_creation": access.get("tools_for_connected_account_creation", []),
            "tools_available_for_execution": access.get("tools_available_for_execution", []),
        },
        "auth_scheme": one.scheme,
        "is_composio_managed": one.managed,
        "credentials": one.masked(one.credentials),
        "shared_credentials": one.masked(one.settings.get("shared_credentials", {})),
        "created_by": "dev@example.test",
        "created_at": one.created_at,
        "last_updated_at": one.updated_at,
        "is_enabled_for_tool_router": one.settings.get("is_enabled_for_tool_router", True),
        "restrict_to_following_tools": one.settings.get("restrict_to_following_tools", []),
        "deprecated_params": {"default_connector_id": None},
    }


async def list_all(call: Call) -> Json:
    slugs, managed = call.several("toolkit_slug"), call.flag("is_composio_managed")
    search, disabled = (call.text("search") or "").lower(), call.flag("show_disabled")
    items = [
        shown(call, one)
        for one in reversed(call.project.auth_configs.values())
        if (one.enabled or disabled)
        and (slugs is None or one.toolkit.slug in [slug.lower() for slug in slugs])
        and managed in (None, one.managed)
        and (search in one.name.lower() or search in one.toolkit.slug)
    ]
    return call.page(items)


async def retrieve(call: Call) -> Json:
    one = call.project.auth_config(call.params["id"])
    return {
        **shown(call, one),
        "expected_input_fields": [expected(field) for field in one.toolkit.fields(one.scheme)],
    }


def expected(field: Json) -> Json:
    """A field in the form of v1; a hidden one says so."""
    hidden = {} if field.get("user_visible", True) else {"user_visible": False}
    return {**old_field(field, True), **hidden}


async def update(call: Call) -> Json:
    one = call.project.auth_config(call.params["id"])
    kind = "default" if one.managed else "custom"
    body = call.json(
        {"type": {kind}, "name?": str, "credentials?": dict, "scopes?": (str, [str]), "user_scopes?": [str], **SETTINGS}
    )
    credentials = body.get("credentials", {})
    masked = [name for name, value in credentials.items() if is_masked(value)]
    if masked:
        raise invalid([Problem(f"credentials.{name}", "is a masked value") for name in masked])
    one.credentials = {name: value for name, value in {**one.credentials, **credentials}.items() if value is not None}
    one.settings |= {name: body[name] for name in NAMES if name in body}
    one.name = body.get("name", one.name)
    call.project.touch(one)
    return {"success": True, "message": "Auth config updated"}


async def set_status(call: Call) -> Json:
    one = call.project.auth_config(call.params["id"])
    if call.params["status"] not in ("ENABLED", "DISABLED"):
        raise Refusal(400, "status must be ENABLED or DISABLED")
    one.enabled = call.params["status"] == "ENABLED"
    call.project.touch(one)
    return {"success": True, "message": f"Auth config is {call.params['status']}"}


async def delete(call: Call) -> Json:
    revoke = call.flag("revoke_on_delete")
    call.project.remove_auth_config(call.project.auth_config(call.params["id"]))
    answer = {"success": True, "message": "Auth config deleted"}
    return {**answer, "revoke_job_id": call.project.new_id("job_")} if revoke else answer


ROUTES = [
    Route("GET", "/auth_configs", list_all),
    Route("POST", "/auth_configs", create, 201),
    Route("GET", "/auth_configs/{id}", retrieve),
    Route("PATCH", "/auth_configs/{id}", update),
    Route("DELETE", "/auth_configs/{id}", delete),
    Route("PATCH", "/auth_configs/{id}/{status}", set_status),
]
