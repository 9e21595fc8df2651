"""Toolkits: catalogue definitions turned into the answers that Composio gives about its toolkits and apps."""

from __future__ import annotations

import json
import re
import uuid
from functools import cache
from pathlib import Path
from typing import Any

Json = Any
HERE = Path(__file__).resolve().parent
CATALOG = HERE.parents[2] / "core" / "catalog"
MADE_AT = "2026-11-20T09:15:30.000Z"
VERSIONS = ["20261101_00", "20260915_00"]
NAMESPACE = uuid.UUID("6b1f2a30-0000-4000-8000-000000000000")
OAUTH = ("OAUTH2", "OAUTH1", "DCR_OAUTH", "CIMD_OAUTH", "S2S_OAUTH2")
# Ways in that our catalogue has and no toolkit of Composio's.
OURS_ALONE = ("DATABASE", "JWT", "NKEY", "SSH_KEY")


class Toolkit:
    """A definition, and `answer`: what `GET /toolkits/{slug}` says, overrides included, which decides the rest."""

    def __init__(self, definition: Json, overrides: Json) -> None:
        self.slug: str = definition["slug"].lower()
        self.schemes: dict[str, Json] = {scheme["auth_scheme"]: scheme for scheme in definition["schemes"]}
        self.tools: dict[str, Json] = {tool["name"].upper(): tool for tool in definition.get("actions", [])}
        self.answer: dict[str, Json] = {**retrieve(self.slug, definition), **overrides}
        if self.answer["auth_config_details"] is None:
            del self.answer["auth_config_details"]

    @property
    def id(self) -> str:
        return str(self.answer["deprecated"]["toolkitId"])

    @property
    def name(self) -> str:
        return str(self.answer["name"])

    @property
    def logo(self) -> str:
        return str(self.answer["meta"]["logo"])

    @property
    def details(self) -> list[Json]:
        return list(self.answer.get("auth_config_details", []))

    @property
    def modes(self) -> list[str]:
        return [detail["mode"] for detail in self.details]

    @property
    def managed(self) -> list[str]:
        return list(self.answer["composio_managed_auth_schemes"])

    def fields(self, mode: str, group: str = "connected_account_initiation") -> list[Json]:
        """The fields of a scheme that the user fills in, or with `auth_config_creation` the developer."""
        for detail in self.details:
            if detail["mode"] == mode:
                groups = detail["fields"][group]
                return [*groups["required"], *groups["optional"]]
        return []

    def hint(self, mode: str) -> str | None:
        return next((detail.get("auth_hint_url") for detail in self.details if detail["mode"] == mode), None)

    def item(self) -> Json:
        """How the toolkit stands in a list."""
        answer, meta = self.answer, self.answer["meta"]
        return {
            "slug": self.slug,
            "name": self.name,
            "auth_schemes": self.modes,
            "composio_managed_auth_schemes": self.managed,
            "no_auth": self.modes == ["NO_AUTH"],
            "is_local_toolkit": answer["is_local_toolkit"],
            "type": answer["type"],
            "auth_guide_url": answer["auth_guide_url"],
            "deprecated": {"toolkitId": self.id},
            "meta": {
                **{name: value for name, value in meta.items() if name != "available_versions"},
                "categories": [{"id": one["slug"], "name": one["name"]} for one in meta["categories"]],
            },
        }

    def app(self) -> Json:
        """The toolkit as an app of v1."""
        meta = self.answer["meta"]
        return {
            "appId": self.id,
            "key": self.slug,
            "name": self.slug,
            "displayName": self.name,
            "description": meta["description"],
            "logo": meta["logo"],
            "categories": [category["slug"] for category in meta["categories"]],
            "docs": None,
            "group": "",
            "status": "",
            "enabled": self.answer["enabled"],
            "no_auth": self.modes == ["NO_AUTH"],
            "meta": {},
            "testConnectors": [
                {"id": str(uuid.uuid5(NAMESPACE, self.slug + mode)), "name": self.slug, "authScheme": mode}
                for mode in self.managed
            ],
            "configuration_docs_text": None,
            "documentation_doc_text": None,
            "auth_schemes": [
                {
                    "scheme_name": detail["mode"],
                    "name": detail["name"],
                    "auth_mode": detail["mode"],
                    "mode": detail["mode"],
                    "fields": [
                        *(old_field(field, False) for field in self.fields(detail["mode"], "auth_config_creation")),
                        *(old_field(field, True) for field in self.fields(detail["mode"])),
                    ],
                    "proxy": detail.get("proxy"),
                }
                for detail in self.details
            ],
        }


def retrieve(slug: str, definition: Json) -> dict[str, Json]:
    """The v3.1 answer about a toolkit, as far as its definition tells."""
    schemes = definition["schemes"]
    base_url = schemes[0].get("base_url", "") if schemes else ""
    checks = [check for scheme in schemes[:1] for check in scheme.get("checks", [])]
    who = next((check for check in checks if check["method"] == "GET" and "body" not in check), None)
    if who is not None and "{" in who["path"]:
        who = None  # The real endpoints are plain paths.
    category = definition.get("category", "other")
    return {
        "slug": slug,
        "name": definition["name"],
        "enabled": True,
        "is_local_toolkit": False,
        "type": "native",
        "base_url": base_url if base_url and "{" not in base_url else None,
        "auth_guide_url": definition.get("docs_url"),
        "composio_managed_auth_schemes": [],
        "composio_managed_auth": [],
        "get_current_user_endpoint": who["path"] if who else None,
        "get_current_user_endpoint_method": "GET" if who else None,
        "auth_config_details": [detail_of(slug, scheme) for scheme in schemes],
        "meta": {
            "created_at": MADE_AT,
            "updated_at": MADE_AT,
            "description": f"{definition['name']} in the category {category}",
            "logo": f"https://assets.example.test/{slug}.svg",
            "app_url": None,
            "categories": [{"slug": category, "name": category.capitalize()}],
            "tools_count": len(definition.get("actions", [])),
            "triggers_count": 0,
            "version": VERSIONS[0],
            "available_versions": VERSIONS,
        },
        "deprecated": {"toolkitId": str(uuid.uuid5(NAMESPACE, slug)), "rawProxyInfoByAuthSchemes": []},
    }


def detail_of(slug: str, scheme: Json) -> Json:
    fields = [field_of(field) for field in scheme["fields"]]
    secrets = [field for field in scheme["fields"] if field.get("secret")]
    return {
        "mode": scheme["auth_scheme"],
        "name": f"{slug}_{scheme['auth_scheme'].lower()}",
        "auth_hint_url": next((f["help_url"] for f in [*secrets, *scheme["fields"]] if "help_url" in f), None),
        "required_scopes": [],
        "proxy": {"base_url": re.sub(r"{([^}|]+)[^}]*}", r"{{\1}}", scheme.get("base_url", ""))},
        "fields": {
            "auth_config_creation": {"required": [], "optional": []},
            "connected_account_initiation": {
                "required": [field for field in fields if field["required"]],
                "optional": [field for field in fields if not field["required"]],
            },
        },
    }


def field_of(field: Json) -> Json:
    kind, default = field.get("type", "string"), field.get("default")
    return {
        "name": field["name"],
        "displayName": field["display_name"],
        "type": "string" if kind == "url" else kind,
        "description": field["description"],
        "required": field.get("required", True),
        "default": default if default is None or isinstance(default, str) else json.dumps(default),
        "is_secret": field.get("secret", False),
        "user_visible": True,
    }


def old_field(field: Json, from_customer: bool) -> Json:
    """A field as v1 writes it."""
    old = {
        "name": field["name"],
        "type": field["type"],
        "displayName": field["displayName"],
        "display_name": field["displayName"],
        "description": field["description"],
        "required": field["required"],
        "expected_from_customer": from_customer,
        "default": field.get("default"),
        "get_current_user_endpoint": None,
    }
    return {**old, "is_secret": field["is_secret"]} if "is_secret" in field else old


@cache
def built_in() -> dict[str, Json]:
    """The definitions that every project has, by slug: the catalogue, and our own in their favour."""
    catalog = [json.loads(file.read_text()) for file in sorted(CATALOG.glob("*.json"))]
    for one in catalog:
        one["schemes"] = [scheme for scheme in one["schemes"] if scheme["auth_scheme"] not in OURS_ALONE]
    return {one["slug"].lower(): one for one in [*catalog, *own()["toolkits"]]}


@cache
def own() -> Json:
    """What exercises the contract beside the catalogue."""
    return json.loads((HERE / "own.json").read_text())


@cache
def ready() -> dict[str, Toolkit]:
    """The toolkits of a project whose script says nothing; made once, since nobody changes a toolkit."""
    changes = own()["toolkit_overrides"]
    return {slug: Toolkit(definition, changes.get(slug, {})) for slug, definition in built_in().items()}


def offered(definitions: list[Json], overrides: dict[str, Json]) -> dict[str, Toolkit]:
    """All toolkits of a project by slug; later definitions replace earlier ones, and lose their overrides."""
    toolkits = dict(ready())
    scripted = {one["slug"].lower(): one for one in definitions}
    changes = own()["toolkit_overrides"]
    for slug in {**scripted, **{slug: None for slug in overrides if slug in toolkits}}:
        if slug in scripted:
            toolkits[slug] = Toolkit(scripted[slug], overrides.get(slug, {}))
        else:
            toolkits[slug] = Toolkit(built_in()[slug], {**changes.get(slug, {}), **overrides[slug]})
    return toolkits
