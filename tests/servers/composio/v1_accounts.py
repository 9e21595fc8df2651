"""Connected accounts of v1 and v2."""

from __future__ import annotations

from typing import Any

from calls import Call, Route
from projects import Account, AuthConfig
from refusals import Refusal, missing_fields
from shapes import Problem, invalid
from toolkits import OAUTH
from upstream import auth_of, masked_auth_of
from v1_apps import CONFIG, app_of, is_true, paged, picked, several

Json = Any
CREATE = {
    "integrationId": str,
    "userUuid?": (str, None),
    "entityId?": (str, None),
    "data?": (dict, None),
    "labels?": ([str], None),
    "redirectUri?": (str, None),
}
INITIATE = {
    "app": {"uniqueKey?": (str, None), "integrationId?": (str, None)},
    "config?": CONFIG,
    "connection": {
        "entityId?": (str, None),
        "initiateData?": (dict, None),
        "extra?": {"redirectURL?": (str, None), "labels?": ([str], None)},
    },
}
# v1 knows four statuses; being disabled is another matter there.
OLD_STATUSES = {"INITIALIZING": "INITIATED", "INACTIVE": "ACTIVE", "REVOKED": "EXPIRED"}


def old_status(one: Account) -> str:
    return OLD_STATUSES.get(one.status, one.status)


def connected(call: Call, config: AuthConfig, user: str | None, data: Json, labels: Json) -> Json:
    """Connects as v1 does: no status is asked for, and keys are ACTIVE at once."""
    if not config.enabled:
        raise Refusal(400, f"Integration {config.uuid} is disabled")
    oauth = config.scheme in OAUTH
    check_values(config, data or {})
    status = "INITIATED" if oauth else "ACTIVE"
    made = call.project.add_account(config, user or "default", status, data or {}, labels=labels)
    return connection(call, made, oauth)


def check_values(config: AuthConfig, data: dict[str, Json]) -> None:
    lacking = config.missing(data)
    if lacking:
        raise missing_fields(lacking)


def connection(call: Call, one: Account, redirect: bool = False) -> Json:
    return {
        "connectionStatus": old_status(one),
        "connectedAccountId": one.uuid,
        "redirectUrl": f"{call.origin}/link/{call.project.new_id('lk_')}" if redirect else None,
    }


def shown(one: Account) -> Json:
    config, auth = one.auth_config, masked_auth_of(one)
    fields = {field["name"] for field in config.toolkit.fields(config.scheme) if field.get("is_secret") is False}
    return {
        "id": one.uuid,
        "integrationId": config.uuid,
        "appUniqueId": config.toolkit.slug,
        "appName": config.toolkit.slug,
        "status": old_status(one),
        "clientUniqueUserId": one.user_id,
        "entityId": one.user_id,
        "enabled": not one.is_disabled,
        "deleted": False,
        "isDisabled": one.is_disabled,
        "labels": one.labels,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        "connectionParams": {
            **({"base_url": auth.base_url} if auth.base_url else {}),
            "headers": auth.headers,
            "queryParams": auth.query,
            **{name: value for name, value in one.filled.items() if name in fields and name != "base_url"},
        },
    }


async def create(call: Call) -> Json:
    body = call.json(CREATE)
    config = call.project.auth_config(body["integrationId"], old=True)
    user = body.get("userUuid") or body.get("entityId")
    return connected(call, config, user, body.get("data"), body.get("labels"))


async def initiate(call: Call) -> Json:
    body = call.json(INITIATE)
    target, given, is_new = body["app"], body["connection"], False
    if target.get("integrationId"):
        config = call.project.auth_config(target["integrationId"], old=True)
    elif target.get("uniqueKey"):
        config, is_new = picked(call.project, app_of(call.project, target["uniqueKey"]), body.get("config", {}))
    else:
        raise invalid([Problem("app", "needs uniqueKey or integrationId")])
    labels = given.get("extra", {}).get("labels")
    return {
        "integration": {"id": config.uuid, "isNewIntegration": is_new},
        "connectionResponse": connected(call, config, given.get("entityId"), given.get("initiateData"), labels),
    }


async def list_all(call: Call) -> Json:
    apps, labels, users = several(call, "appNames"), several(call, "labels"), several(call, "user_uuid", "entityId")
    statuses, configs, ids = several(call, "status"), several(call, "integrationId"), several(call, "connectionId")
    items = [
        shown(one)
        for one in sorted(call.project.accounts.values(), key=lambda one: one.created_at, reverse=True)
        if (not one.is_disabled or is_true(call, "showDisabled"))
        and (old_status(one) == "ACTIVE" or not is_true(call, "showActiveOnly"))
        and (apps is None or one.auth_config.toolkit.slug in [name.lower() for name in apps])
        and (labels is None or set(labels) & set(one.labels))
        and (users is None or one.user_id in users)
        and (statuses is None or old_status(one) in statuses)
        and (configs is None or one.auth_config.uuid in configs)
        and (ids is None or one.uuid in ids)
    ]
    return paged(call, items)


def named(call: Call) -> Account:
    return call.project.account(call.params["id"], old=True)


async def retrieve(call: Call) -> Json:
    return shown(named(call))


async def info(call: Call) -> Json:
    """The ready-made authentication: the one answer with the credential in clear."""
    auth = auth_of(named(call))
    return {
        "base_url": auth.base_url,
        "parameters": [
            *({"name": name, "in": "header", "value": value} for name, value in auth.headers.items()),
            *({"name": name, "in": "query", "value": value} for name, value in auth.query.items()),
        ],
        "body": {},
    }


async def delete(call: Call) -> Json:
    del call.project.accounts[named(call).id]
    return {"status": "success", "count": 1}


async def disable(call: Call) -> Json:
    one = named(call)
    one.status = "INACTIVE"
    call.project.touch(one)
    return {"status": "success"}


async def enable(call: Call) -> Json:
    one = named(call)
    one.status = "ACTIVE" if one.is_disabled else one.status
    call.project.touch(one)
    return {"status": "success"}


async def reinitiate(call: Call) -> Json:
    one = named(call)
    body = call.json({"data": dict, "redirectUri?": (str, None)})
    check_values(one.auth_config, body["data"])
    oauth = one.auth_config.scheme in OAUTH
    one.values, one.status = body["data"], "INITIATED" if oauth else "ACTIVE"
    call.project.touch(one)
    return connection(call, one, oauth)


async def set_labels(call: Call) -> Json:
    one = named(call)
    one.labels = call.json({"labels": [str]})["labels"]
    call.project.touch(one)
    return {"status": "success"}


V1 = [
    Route("GET", "/connectedAccounts", list_all),
    Route("POST", "/connectedAccounts", create),
    Route("GET", "/connectedAccounts/{id}", retrieve),
    Route("DELETE", "/connectedAccounts/{id}", delete),
    Route("GET", "/connectedAccounts/{id}/info", info),
    Route("POST", "/connectedAccounts/{id}/disable", disable),
    Route("POST", "/connectedAccounts/{id}/enable", enable),
    Route("POST", "/connectedAccounts/{id}/reinitiate", reinitiate),
    Route("POST", "/connectedAccounts/{id}/data", set_labels),
]
V2 = [Route("POST", "/connectedAccounts/initiateConnection", initiate)]
