"""Definitions of the apps that are the developer's own here, for servers that the catalogue does not know."""

from __future__ import annotations

from typing import Any


def typed(name: str, label: str, **more: object) -> dict[str, Any]:
    return {"name": name, "display_name": label, "description": "For live tests.", "no_help_url": "A test.", **more}


USER = typed("username", "User name")
PASSWORD = typed("password", "Password", secret=True, no_hint="Passwords have no form.")
BASIC = {"in": "basic", "username": "{username}", "password": "{password}"}


def app(
    slug: str, auth_scheme: str, fields: list[dict[str, Any]], base_url: str = "https://live.example", **more: object
) -> dict[str, Any]:
    """An app of one scheme; the address comes with the integration where no field gives it."""
    scheme = {"auth_scheme": auth_scheme, "fields": fields, "base_url": base_url, **more}
    return {"slug": slug, "name": slug, "category": "test", "schemes": [scheme]}
