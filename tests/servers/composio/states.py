"""The state of a connected account as clients send it: schemes, statuses, and the checks of both."""

from __future__ import annotations

import re
from typing import Any

from projects import AuthConfig
from refusals import bad_account, missing_fields
from shapes import Problem, Shape, invalid, problems

Json = Any
OPENING = ("INITIALIZING", "INITIATED", "ACTIVE", "INACTIVE")
STATUSES = (*OPENING, "FAILED", "EXPIRED", "REVOKED")
# What `val` must have once its status is ACTIVE or INACTIVE.
SCHEMES: dict[str, tuple[str, ...]] = {
    "API_KEY": (),
    "BEARER_TOKEN": ("token",),
    "BASIC": ("username",),
    "BASIC_WITH_JWT": ("username", "password"),
    "GOOGLE_SERVICE_ACCOUNT": ("credentials_json",),
    "SERVICE_ACCOUNT": ("application_id", "installation_id", "private_key"),
    "BILLCOM_AUTH": ("sessionId", "devKey"),
    "NO_AUTH": (),
    "CALCOM_AUTH": (),
    "SAML": (),
    "S2S_OAUTH2": ("access_token",),
    "OAUTH2": ("access_token",),
    "OAUTH1": ("oauth_token", "oauth_token_secret"),
    "DCR_OAUTH": ("access_token", "client_id"),
    "CIMD_OAUTH": ("access_token", "client_id"),
}
KEY_SCHEMES = ("API_KEY", "BASIC", "BEARER_TOKEN")
NEED_REDIRECT = ("GOOGLE_SERVICE_ACCOUNT", "BILLCOM_AUTH")
TEXTS = (str, None)
NUMBERS = ("expires_in", "expires_at")
MASKED = re.compile(r"(.{1,4}\.\.\.|REDACTED)")
BAD = (600, "ConnectedAccount_BadRequest")


def is_masked(value: Json) -> bool:
    return isinstance(value, str) and MASKED.fullmatch(value) is not None


def statuses_of(scheme: str) -> tuple[str, ...]:
    if scheme in KEY_SCHEMES:
        return OPENING
    return STATUSES if scheme == "OAUTH2" else STATUSES[:-1]


def refuse(path: str, text: str) -> Exception:
    return invalid([Problem(path, text)], *BAD)


def check_scheme(auth_config: AuthConfig, state: Json) -> None:
    scheme = state.get("authScheme")
    if scheme is None:
        raise refuse("connection.state.authScheme", "Required")
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise refuse("connection.state.authScheme", f"Invalid option: expected one of {'|'.join(SCHEMES)}")
    if scheme != auth_config.scheme:
        raise bad_account(f"authScheme {scheme} is not that of the auth config, {auth_config.scheme}")


def read(auth_config: AuthConfig, state: Json) -> tuple[str, dict[str, Json]]:
    """Status and values of a new connection, or the refusal of its state."""
    check_scheme(auth_config, state)
    scheme = auth_config.scheme
    strangers = [name for name in state if name not in ("authScheme", "val")]
    val = state.get("val", {})
    if strangers:
        # Credentials beside `val` are not seen, so they count as missing.
        lacking = auth_config.missing(val if isinstance(val, dict) else {})
        if lacking:
            raise missing_fields(lacking)
        raise refuse(f"connection.state.{strangers[0]}", f"Unrecognized key: {strangers[0]!r}")
    if "val" not in state:
        raise refuse("connection.state.val", "Required")
    listed = {one["name"]: one["type"] for one in auth_config.toolkit.fields(scheme)}
    found = problems(
        val,
        {"status": set(statuses_of(scheme)), **{f"{n}?": value_shape(n, listed) for n in names(val)}},
        "connection.state.val",
    )
    if found:
        raise invalid(found, *BAD)
    status = val["status"]
    values = {name: value for name, value in val.items() if name != "status" and value is not None}
    if status in ("ACTIVE", "INACTIVE"):
        lacking = auth_config.missing(values)
        if lacking:
            raise missing_fields(lacking)
        # A toolkit with fields of its own says by them what its scheme needs.
        needed = [name for name in SCHEMES[scheme] if not listed and name not in {**auth_config.given, **values}]
        if needed:
            raise invalid([Problem(f"connection.state.val.{name}", "Required") for name in needed], *BAD)
    elif status == "INITIATED" and scheme in NEED_REDIRECT and "redirectUrl" not in values:
        raise refuse("connection.state.val.redirectUrl", "Required")
    return status, values


def names(val: Json) -> list[str]:
    return [name for name in val if name != "status"] if isinstance(val, dict) else []


def value_shape(name: str, listed: dict[str, str]) -> Shape:
    """Texts, save where the toolkit or the scheme speaks of numbers and booleans."""
    if name in NUMBERS or listed.get(name) in ("integer", "number"):
        return (str, int, float, None)
    if listed.get(name) == "boolean":
        return (str, bool, None)
    if name in ("scope", "scopes"):
        return (str, [str], None)
    return TEXTS
