"""The connected accounts of v3.1."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import states
from calls import Call, Route
from projects import Account, AuthConfig
from refusals import Refusal, bad_account, missing_fields
from shapes import Problem, invalid, words
from toolkits import OAUTH

Json = Any
EXPERIMENTAL = {
    "account_type?": {"PRIVATE", "SHARED"},
    "acl_config_for_shared?": {
        "allow_all_users?": bool,
        "allowed_user_ids?": [str],
        "not_allowed_user_ids?": [str],
    },
}
CREATE = {
    "auth_config": {"id": str},
    "connection": {
        "user_id?": str,
        "state?": dict,
        "callback_url?": str,
        "alias?": str,
        "experimental?": EXPERIMENTAL,
        "data?": dict,
        "redirect_uri?": str,
        "deprecated_is_v1_rerouted?": bool,
    },
    "validate_credentials?": bool,
}
LINK = {
    "auth_config_id": str,
    "user_id": str,
    "callback_url?": str,
    "alias?": str,
    "connection_data?": dict,
    "experimental?": EXPERIMENTAL,
}
ROTATABLE = ("BEARER_TOKEN", "API_KEY", "BASIC", "BASIC_WITH_JWT", "GOOGLE_SERVICE_ACCOUNT", "SERVICE_ACCOUNT")
ROTATED = words(
    "api_key generic_api_key api_key_prefix bearer_token basic_encoded token username password credentials_json "
    "application_id installation_id private_key generic_id generic_secret generic_token user_agent"
)


async def create(call: Call) -> Json:
    body = call.json(CREATE, *states.BAD)
    auth_config = call.project.auth_config(body["auth_config"]["id"])
    connection = body["connection"]
    user_id = connection.get("user_id", "default")
    check_open(auth_config)
    check_alias(call, auth_config, user_id, connection.get("alias"))
    state = connection.get("state")
    if auth_config.managed and auth_config.scheme in OAUTH:
        raise bad_account(
            "Composio-managed OAuth is no longer supported on this endpoint; use /api/v3/connected_accounts/link"
        )
    values: dict[str, Json] = {}
    if state is None and auth_config.scheme in OAUTH:
        status = "INITIALIZING"
    else:
        flat = {"authScheme": auth_config.scheme, "val": {"status": "ACTIVE", **connection.get("data", {})}}
        status, values = states.read(auth_config, flat if state is None else state)
    redirect = None
    if auth_config.scheme in OAUTH and status == "INITIALIZING":
        status, redirect = "INITIATED", link_url(call, call.project.new_id("lk_"))
    made = call.project.add_account(
        auth_config,
        user_id,
        status,
        values,
        alias=connection.get("alias"),
        settings=connection.get("experimental", {}),
    )
    val = made.val()
    return {
        "id": made.id,
        "connectionData": {
            "authScheme": auth_config.scheme,
            "val": {**val, "redirectUrl": redirect} if redirect else val,
        },
        "status": made.status,
        "redirect_url": redirect,
        "redirect_uri": redirect,
        "deprecated": {"uuid": made.uuid, "authConfigUuid": auth_config.uuid},
    }


def link_url(call: Call, token: str) -> str:
    return f"{call.origin}/link/{token}"


def check_open(auth_config: AuthConfig) -> None:
    if not auth_config.enabled:
        raise bad_account(f"Auth config {auth_config.id} is disabled")


def check_alias(
    call: Call, auth_config: AuthConfig, user_id: str, alias: str | None, but: Account | None = None
) -> None:
    """An alias is one account's only, among those of a user in a toolkit."""
    for one in call.project.accounts.values():
        same = (one.user_id, one.auth_config.toolkit) == (user_id, auth_config.toolkit)
        if alias and one.alias == alias and same and one is not but:
            raise bad_account(f"Alias {alias!r} is already in use")


def shown(one: Account) -> Json:
    return {
        "id": one.id,
        "word_id": one.word_id,
        "alias": one.alias,
        "user_id": one.user_id,
        "status": one.status,
        "status_reason": one.status_reason,
        "is_disabled": one.is_disabled,
        "toolkit": {"slug": one.auth_config.toolkit.slug},
        "auth_config": {
            "id": one.auth_config.id,
            "auth_scheme": one.auth_config.scheme,
            "is_composio_managed": one.auth_config.managed,
            "is_disabled": not one.auth_config.enabled,
            "deprecated": {"uuid": one.auth_config.uuid},
        },
        "state": {"authScheme": one.auth_config.scheme, "val": one.val()},
        "data": one.val(),
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "deprecated": {"labels": one.labels, "uuid": one.uuid},
    }


async def list_all(call: Call) -> Json:
    users, configs, slugs = call.several("user_ids"), call.several("auth_config_ids"), call.several("toolkit_slugs")
    statuses, ids = call.several("statuses"), call.several("connected_account_ids")
    unknown = [status for status in statuses or [] if status not in states.STATUSES]
    if unknown:
        raise invalid([Problem("statuses", f"Invalid option: {status!r}") for status in unknown], *states.BAD)
    order = call.choice("order_by", ("created_at", "updated_at")) or "created_at"
    descending = call.choice("order_direction", ("asc", "desc")) != "asc"
    kind = call.choice("account_type", ("PRIVATE", "SHARED", "ALL")) or "PRIVATE"
    fitting = [
        one
        for one in call.project.accounts.values()
        if (users is None or one.user_id in users)
        and (configs is None or one.auth_config.id in configs)
        and (slugs is None or one.auth_config.toolkit.slug in [slug.lower() for slug in slugs])
        and (not one.is_disabled if statuses is None else one.status in statuses)
        and (ids is None or one.id in ids)
        and (kind == "ALL" or one.shared == (kind == "SHARED"))
    ]
    fitting.sort(key=lambda one: str(getattr(one, order)), reverse=descending)
    return call.page([shown(one) for one in fitting])


async def retrieve(call: Call) -> Json:
    one = call.project.account(call.params["id"])
    return {**shown(one), "params": one.val()}


async def update(call: Call) -> Json:
    """Rotates a credential in place, or renames."""
    one = call.project.account(call.params["id"])
    body = call.json(
        {
            "connection?": {"state": {"authScheme": str, "val": dict}},
            "alias?": str,
            "experimental?": EXPERIMENTAL,
        },
        *states.BAD,
    )
    alias = body.get("alias", one.alias)
    check_alias(call, one.auth_config, one.user_id, alias, but=one)
    if "connection" in body:
        one.values = rotated(one, body["connection"]["state"])
    one.alias = alias or None
    one.settings |= body.get("experimental", {})
    call.project.touch(one)
    return {"id": one.id, "status": one.status, "success": True}


def rotated(one: Account, state: Json) -> dict[str, Json]:
    states.check_scheme(one.auth_config, state)
    if one.auth_config.scheme not in ROTATABLE:
        raise bad_account(f"Credentials of {one.auth_config.scheme} cannot be changed in place")
    known = ROTATED | {field["name"] for field in one.auth_config.toolkit.fields(one.auth_config.scheme)}
    problems = []
    for name, value in state["val"].items():
        at = f"connection.state.val.{name}"
        if name not in known:
            problems.append(Problem(at, f"Unrecognized key: {name!r}"))
        elif states.is_masked(value):
            problems.append(Problem(at, "is a masked value"))
        elif not isinstance(value, (str, int, float, bool, type(None))):
            problems.append(Problem(at, "Invalid input: expected string"))
    if problems:
        raise invalid(problems, *states.BAD)
    values = {name: value for name, value in {**one.values, **state["val"]}.items() if value is not None}
    lacking = one.auth_config.missing(values)
    if lacking:
        raise missing_fields(lacking)
    return values


async def set_status(call: Call) -> Json:
    one = call.project.account(call.params["id"])
    switch(one, call.json({"enabled": bool}, *states.BAD)["enabled"])
    call.project.touch(one)
    return {"success": True}


def switch(one: Account, enabled: bool) -> None:
    if not enabled:
        one.status = "INACTIVE"
    elif one.is_disabled:
        one.status = "ACTIVE"


async def refresh(call: Call) -> Json:
    """Starts OAuth anew; a key has nothing to refresh."""
    one = call.project.account(call.params["id"])
    call.json({"redirect_url?": str}, *states.BAD)
    redirect = None
    if one.auth_config.scheme in OAUTH:
        one.status, redirect = "INITIATED", link_url(call, call.project.new_id("lk_"))
        call.project.touch(one)
    return {"id": one.id, "status": one.status, "redirect_url": redirect}


async def revoke(call: Call) -> Json:
    one = call.project.account(call.params["id"])
    if one.auth_config.scheme == "NO_AUTH":
        raise bad_account(f"{one.auth_config.toolkit.slug} has nothing to revoke")
    if one.status != "ACTIVE":
        raise Refusal(409, f"Connected account {one.id} is {one.status}, not ACTIVE")
    tokens = [name for name in ("access_token", "refresh_token") if name in one.values]
    one.status = "REVOKED"
    call.project.touch(one)
    return {
        "revoked_tokens": tokens or ["credential"],
        "connected_account": {"id": one.id, "status": one.status},
    }


async def delete(call: Call) -> Json:
    revoke_too = call.flag("revoke_on_delete")
    del call.project.accounts[call.project.account(call.params["id"]).id]
    return {"success": True, "revoke_job_id": call.project.new_id("job_")} if revoke_too else {"success": True}


async def link(call: Call) -> Json:
    body = call.json(LINK, *states.BAD)
    auth_config = call.project.auth_config(body["auth_config_id"])
    check_open(auth_config)
    check_alias(call, auth_config, body["user_id"], body.get("alias"))
    made = call.project.add_account(
        auth_config,
        body["user_id"],
        "INITIATED",
        body.get("connection_data", {}),
        alias=body.get("alias"),
        settings=body.get("experimental", {}),
    )
    token = call.project.new_id("lk_")
    expiry = datetime.now(UTC) + timedelta(minutes=10)
    return {
        "link_token": token,
        "redirect_url": link_url(call, token),
        "expires_at": expiry.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "connected_account_id": made.id,
    }


ROUTES = [
    Route("GET", "/connected_accounts", list_all),
    Route("POST", "/connected_accounts", create, 201),
    Route("POST", "/connected_accounts/link", link, 201),
    Route("GET", "/connected_accounts/{id}", retrieve),
    Route("PATCH", "/connected_accounts/{id}", update),
    Route("DELETE", "/connected_accounts/{id}", delete),
    Route("PATCH", "/connected_accounts/{id}/status", set_status),
    Route("POST", "/connected_accounts/{id}/refresh", refresh),
    Route("POST", "/connected_accounts/{id}/revoke", revoke),
]
