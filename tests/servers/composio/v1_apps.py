"""Apps and integrations of v1 and v2."""

from __future__ import annotations

from typing import Any

from calls import Call, Route
from projects import AuthConfig, Project
from refusals import Refusal, unknown_toolkit
from shapes import Problem, invalid
from states import is_masked
from toolkits import Toolkit, old_field

Json = Any
# Which scheme is meant when none is named.
PREFERRED = ("OAUTH2", "OAUTH1", "API_KEY", "BASIC", "BEARER_TOKEN", "BASIC_WITH_JWT")
CREATE = {
    "appId?": str,
    "appName?": str,
    "useComposioAuth?": bool,
    "name?": (str, None),
    "authScheme?": (str, None),
    "authConfig?": (dict, None),
    "forceNewIntegration?": bool,
    "limitedActions?": ([str], None),
}
CONFIG = {
    "useComposioAuth?": bool,
    "name?": (str, None),
    "authScheme?": (str, None),
    "integrationSecrets?": (dict, None),
}


def number(call: Call, name: str, default: int) -> int:
    values = call.query.get(name, [])
    return int(values[-1]) if values and values[-1].isdecimal() and int(values[-1]) else default


def is_true(call: Call, name: str) -> bool:
    return call.query.get(name, [""])[-1].lower() == "true"


def several(call: Call, *names: str) -> list[str] | None:
    """A comma list under any of its names; None when absent or empty."""
    items = [item for name in names for value in call.query.get(name, []) for item in value.split(",") if item]
    return items or None


def paged(call: Call, items: list[Json]) -> Json:
    at, size = number(call, "page", 1), number(call, "pageSize", 20)
    total = max(1, -(-len(items) // size))
    return {"items": items[(at - 1) * size : at * size], "totalPages": total, "page": at}


def app_of(project: Project, name: str) -> Toolkit:
    """By key, or by id."""
    for toolkit in project.toolkits.values():
        if name.lower() in (toolkit.slug, toolkit.id):
            return toolkit
    raise unknown_toolkit(name)


async def client_info(call: Call) -> Json:
    return {"client": {"id": "client", "name": "test"}, "project": {"id": "project"}}


async def apps(call: Call) -> Json:
    categories = several(call, "category")
    items = [toolkit.app() for toolkit in call.project.toolkits.values()]
    if categories:
        items = [item for item in items if set(categories) & set(item["categories"])]
    if call.query.get("sortBy", [""])[-1] == "alphabet":
        items.sort(key=lambda item: str(item["key"]))
    return {"items": items, "totalPages": 1}


async def app(call: Call) -> Json:
    return app_of(call.project, call.params["name"]).app()


async def triggers(call: Call) -> Json:
    return []


def add(
    project: Project, toolkit: Toolkit, managed: bool, name: str | None, scheme: str | None, secrets: Json
) -> AuthConfig:
    """An integration. Old clients ask for Composio's own authentication even where there is none: then it is theirs."""
    if scheme is None:
        scheme = next((mode for mode in (*PREFERRED, *toolkit.modes) if mode in toolkit.modes), None)
    if scheme is None:
        raise Refusal(400, f"{toolkit.slug} offers no way to connect")
    managed = managed and scheme in toolkit.managed
    return project.add_auth_config(toolkit, scheme, name, secrets or {}, managed=managed)


def picked(project: Project, toolkit: Toolkit, config: Json) -> tuple[AuthConfig, bool]:
    """The newest enabled integration that fits, or a new one, as developer's values always need."""
    scheme = config.get("authScheme")
    for one in reversed(project.auth_configs.values()):
        fits = one.toolkit is toolkit and one.enabled and scheme in (None, one.scheme)
        if fits and not config.get("integrationSecrets"):
            return one, False
    return of_config(project, toolkit, config), True


def of_config(project: Project, toolkit: Toolkit, config: Json) -> AuthConfig:
    return add(
        project,
        toolkit,
        config.get("useComposioAuth", False),
        config.get("name"),
        config.get("authScheme"),
        config.get("integrationSecrets"),
    )


def listed(one: AuthConfig) -> Json:
    return {
        "id": one.uuid,
        "name": one.name,
        "authScheme": one.scheme,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        "enabled": one.enabled,
        "deleted": False,
        "appId": one.toolkit.id,
        "appName": one.toolkit.slug,
        "logo": one.toolkit.logo,
        "defaultConnectorId": None,
    }


def single(one: AuthConfig) -> Json:
    return {
        **listed(one),
        "authConfig": one.masked(one.credentials),
        "expectedInputFields": [old_field(field, True) for field in one.toolkit.fields(one.scheme)],
        "useComposioAuth": one.managed,
        "limitedActions": one.settings.get("limitedActions", []),
    }


async def integrations(call: Call) -> Json:
    ids, names = several(call, "appId"), several(call, "appName")
    items = [
        {
            **listed(one),
            "_count": {"connections": len(call.project.connections_of(one))},
            "connections": [],
            "member": {"id": "m1", "email": "dev@example.test", "name": "Dev", "role": "admin", "metadata": {}},
        }
        for one in reversed(call.project.auth_configs.values())
        if (one.enabled or is_true(call, "showDisabled"))
        and (ids is None or one.toolkit.id in ids)
        and (names is None or one.toolkit.slug in [name.lower() for name in names])
    ]
    return paged(call, items)


async def integration(call: Call) -> Json:
    return single(call.project.auth_config(call.params["id"], old=True))


async def create(call: Call) -> Json:
    body = call.json(CREATE)
    name = body.get("appId", body.get("appName"))
    if name is None:
        raise invalid([Problem("appId", "Required")])
    made = add(
        call.project,
        app_of(call.project, name),
        body.get("useComposioAuth", False),
        body.get("name"),
        body.get("authScheme"),
        body.get("authConfig"),
    )
    made.settings["limitedActions"] = body.get("limitedActions") or []
    return single(made)


async def update(call: Call) -> Json:
    one = call.project.auth_config(call.params["id"], old=True)
    body = call.json({"authConfig?": dict, "limitedActions?": [str], "enabled?": bool})
    secrets = body.get("authConfig", {})
    masked = [name for name, value in secrets.items() if is_masked(value)]
    if masked:
        raise invalid([Problem(f"authConfig.{name}", "is a masked value") for name in masked])
    one.credentials = {**one.credentials, **secrets}
    one.settings["limitedActions"] = body.get("limitedActions", one.settings.get("limitedActions", []))
    one.enabled = body.get("enabled", one.enabled)
    call.project.touch(one)
    return {"status": "success"}


async def delete(call: Call) -> Json:
    call.project.remove_auth_config(call.project.auth_config(call.params["id"], old=True))
    return {"status": "success", "count": 1}


async def create_v2(call: Call) -> Json:
    body = call.json({"app": {"uniqueKey": str}, "config?": CONFIG})
    toolkit = app_of(call.project, body["app"]["uniqueKey"])
    return {"integrationId": of_config(call.project, toolkit, body.get("config", {})).uuid}


async def get_or_create(call: Call) -> Json:
    body = call.json({"app": {"uniqueKey": str}, "config?": CONFIG})
    one, is_new = picked(call.project, app_of(call.project, body["app"]["uniqueKey"]), body.get("config", {}))
    return {"integrationId": one.uuid, "isNewIntegration": is_new}


V1 = [
    Route("GET", "/client/auth/client_info", client_info),
    Route("GET", "/apps", apps),
    Route("GET", "/apps/{name}", app),
    Route("GET", "/triggers", triggers),
    Route("GET", "/integrations", integrations),
    Route("POST", "/integrations", create),
    Route("GET", "/integrations/{id}", integration),
    Route("PATCH", "/integrations/{id}", update),
    Route("DELETE", "/integrations/{id}", delete),
]
V2 = [
    Route("POST", "/integrations/create", create_v2),
    Route("POST", "/integrations/get-or-create", get_or_create),
]
