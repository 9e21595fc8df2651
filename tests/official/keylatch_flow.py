"""The official SDKs' flow with Keylatch: each of its calls, beside the requests of theirs that do the same."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keylatch import Keylatch
from keylatch.errors import (
    ActionFailedError,
    AlreadyExistsError,
    InvalidArgumentError,
    MissingFieldsError,
    NotFoundError,
    UnknownAppError,
)
from record import by_step, record
from run import KEY, ROOT, ROTATED, send
from steps import refused

Json = Any
PROJECT, USER = "official_keylatch", "user_42"
SHOP = {"api_key": KEY, "shop": "demo-store"}
LIST, CREATE = "GET /connected_accounts", "POST /connected_accounts"
TOOL, EXECUTE = "GET /tools/", "POST /tools/execute/"


@dataclass
class Call:
    """One call. `like` is a step of the SDKs' flow, `pieces` has for each request that is meant there a part of it.

    `make` is given a client, and what earlier calls have kept by name.
    """

    name: str
    like: str
    pieces: list[str]
    make: Callable[[Keylatch, dict[str, str]], object]
    error: type[Exception] | None = None


def initiate(client: Keylatch, entity: str, integration: str, values: dict[str, str], **more: Any) -> str:
    made = client.initiate_connection(
        entity_id=entity, integration_id=integration, connected_account_params=values, verify="off", **more
    )
    return made.connected_account_id


def first_page(client: Keylatch, integration: str) -> str:
    page = client.connected_accounts.list(
        entity_id=USER, app="shopify", integration_id=integration, statuses=["ACTIVE", "EXPIRED"], limit=1
    )
    return str(page.next_cursor)


def execute(client: Keylatch, connection: str) -> object:
    return client.execute_action("SHOPIFY_GET_SHOP", connected_account_id=connection)


CALLS = [
    Call("list apps", "discover: app", ["GET /toolkits {"], lambda c, kept: c.apps.list()),
    Call("look at an app", "discover: app", ["GET /toolkits/stripe"], lambda c, kept: c.apps.get("stripe")),
    Call(
        "create an integration",
        "integrate",
        ["POST"],
        lambda c, kept: kept.update(
            shopify=c.integrations.create("shopify", auth_scheme="API_KEY", name="Shopify keys").id
        ),
    ),
    Call(
        "create one for another host",
        "integrate: with values of the developer",
        ["stripe"],
        lambda c, kept: kept.update(stripe=c.integrations.create("stripe", base_url=kept["upstream"]).id),
    ),
    Call(
        "create one with values of the developer",
        "integrate: with values of the developer",
        ["developer_fields"],
        lambda c, kept: kept.update(
            partner=c.integrations.create("developer_fields", fixed_values={"partner_key": "example-partner-key"}).id
        ),
    ),
    Call(
        "create one with values for all users",
        "integrate: with values for all users",
        ["POST"],
        lambda c, kept: c.integrations.create("stripe", fixed_values={"api_key": KEY}),
    ),
    Call(
        "look at an integration",
        "integration: get",
        ["GET /auth_configs/"],
        lambda c, kept: c.integrations.get(kept["shopify"]),
    ),
    Call(
        "list the integrations of an app",
        "integration: get",
        ["GET /auth_configs {"],
        lambda c, kept: c.integrations.list("shopify"),
    ),
    Call(
        "discover by integration",
        "discover: fields",
        ["/shopify"],
        lambda c, kept: c.get_expected_params_for_user(integration_id=kept["shopify"]),
    ),
    Call(
        "discover by app",
        "discover: fields",
        ["/shopify"],
        lambda c, kept: c.get_expected_params_for_user(app="shopify"),
    ),
    Call(
        "discover by app, without an integration",
        "discover: fields",
        ["/notion"],
        lambda c, kept: c.get_expected_params_for_user(app="notion"),
    ),
    Call(
        "initiate with fields missing",
        "missing fields",
        [LIST, '"val": {"status": "ACTIVE", "version"'],
        lambda c, kept: initiate(c, USER, kept["shopify"], {"version": "2024-10"}),
        MissingFieldsError,
    ),
    Call(
        "initiate",
        "initiate",
        [LIST, CREATE],
        lambda c, kept: kept.update(first=initiate(c, USER, kept["shopify"], SHOP, alias="main-store")),
    ),
    Call("wait", "wait", ["GET"], lambda c, kept: c.connected_accounts.wait_until_active(kept["first"])),
    Call("look at a connection", "get", ["GET"], lambda c, kept: c.connected_accounts.get(kept["first"])),
    Call(
        "initiate where there is one",
        "one account is enough",
        [LIST],
        lambda c, kept: initiate(c, USER, kept["shopify"], SHOP),
        AlreadyExistsError,
    ),
    Call(
        "initiate another",
        "initiate: another, by leave",
        [LIST, CREATE],
        lambda c, kept: initiate(
            c, USER, kept["shopify"], SHOP, allow_multiple=True, callback_url="https://host.example.test"
        ),
    ),
    Call("list", "list", [f'{LIST} {{"user_ids"'], lambda c, kept: c.connected_accounts.list(entity_id=USER)),
    Call(
        "list by everything",
        "list",
        ['"order_by"'],
        lambda c, kept: kept.update(cursor=first_page(c, kept["shopify"])),
    ),
    Call(
        "list the next page",
        "list",
        ['"cursor"'],
        lambda c, kept: c.connected_accounts.list(entity_id=USER, limit=1, cursor=kept["cursor"]),
    ),
    Call("execute by id", "execute", [TOOL, EXECUTE], lambda c, kept: execute(c, kept["first"])),
    Call(
        "initiate for another entity",
        "execute: refused by the app",
        [LIST, CREATE],
        lambda c, kept: kept.update(
            bad=initiate(c, "user_bad", kept["shopify"], {"api_key": "no-good", "shop": "demo-store"})
        ),
    ),
    Call(
        "execute, refused by the app",
        "execute: refused by the app",
        [TOOL, EXECUTE],
        lambda c, kept: execute(c, kept["bad"]),
        ActionFailedError,
    ),
    Call(
        "initiate with one field",
        "execute: by user",
        [LIST, CREATE],
        lambda c, kept: initiate(c, USER, kept["stripe"], {"api_key": KEY}),
    ),
    Call(
        "execute by entity",
        "execute: by user",
        [TOOL, EXECUTE],
        lambda c, kept: c.execute_action("STRIPE_RETRIEVE_BALANCE", entity_id=USER),
    ),
    Call(
        "execute with arguments",
        "execute: with arguments",
        [f"{TOOL}STRIPE_CREATE", f"{EXECUTE}STRIPE_CREATE"],
        lambda c, kept: c.execute_action("STRIPE_CREATE_CUSTOMER", {"name": "Ada"}, entity_id=USER),
    ),
    Call(
        "request by POST",
        "proxy",
        ["POST"],
        lambda c, kept: c.request(
            "POST",
            "/echo",
            connected_account_id=kept["first"],
            query={"page": "2"},
            headers={"x-more": "1"},
            json={"name": "Ada"},
        ),
    ),
    Call(
        "request by GET",
        "proxy: upstream error",
        ["POST"],
        lambda c, kept: c.request("GET", "/nothing", connected_account_id=kept["first"]),
    ),
    Call(
        "verify",
        "proxy: does the key work",
        ["GET", "POST"],
        lambda c, kept: c.connected_accounts.verify(kept["first"]),
    ),
    Call(
        "update credentials",
        "rotate",
        ["PATCH"],
        lambda c, kept: c.connected_accounts.update_credentials(kept["first"], {"api_key": ROTATED}, verify="off"),
    ),
    Call(
        "set the alias",
        "rename",
        ["PATCH"],
        lambda c, kept: c.connected_accounts.set_alias(kept["first"], "old-store"),
    ),
    Call("disable", "disable", ["PATCH"], lambda c, kept: c.connected_accounts.disable(kept["first"])),
    Call("enable", "enable", ["PATCH"], lambda c, kept: c.connected_accounts.enable(kept["first"])),
    Call(
        "look at an unknown connection",
        "unknown ids",
        ["/connected_accounts/"],
        lambda c, kept: c.connected_accounts.get("ca_nowhere"),
        NotFoundError,
    ),
    Call(
        "look at an unknown integration",
        "unknown ids",
        ["/auth_configs/"],
        lambda c, kept: c.integrations.get("ac_nowhere"),
        NotFoundError,
    ),
    Call(
        "look at an unknown app",
        "unknown ids",
        ["/toolkits/"],
        lambda c, kept: c.apps.get("no_such_toolkit"),
        UnknownAppError,
    ),
    Call(
        "execute an unknown action",
        "unknown ids",
        ["/tools/NO_SUCH_TOOL"],
        lambda c, kept: c.execute_action("NO_SUCH_TOOL", entity_id=USER),
        InvalidArgumentError,
    ),
    Call(
        "delete and revoke",
        "delete: and revoke",
        ["DELETE"],
        lambda c, kept: c.connected_accounts.delete(kept["bad"], revoke=True),
    ),
    Call(
        "delete",
        "delete",
        ["DELETE /connected_accounts/"],
        lambda c, kept: c.connected_accounts.delete(kept["first"]),
    ),
    Call(
        "delete an integration",
        "delete",
        ["DELETE /auth_configs/ac_3"],
        lambda c, kept: c.integrations.delete(kept["partner"]),
    ),
]


def requests(upstream: str) -> list[Json]:
    """What Keylatch sends, by call, where the upstream is both Shopify and Stripe."""
    server = os.environ["KEYLATCH_TEST_COMPOSIO"]
    control = f"{server}/_control/{PROJECT}"
    own = json.loads((ROOT / "tests/servers/composio/own.json").read_text(encoding="utf-8"))["toolkits"]
    apps = [json.loads((ROOT / "core/catalog/stripe.json").read_text(encoding="utf-8"))]
    apps += [app for app in own if app["slug"] == "shopify"]
    for app in apps:
        app["schemes"][0]["base_url"] = upstream
    send("PUT", control, {"toolkits": apps})
    kept, steps = {"upstream": upstream}, []
    for call in CALLS:
        # A client that knows nothing yet, so that it asks all that it ever asks.
        with Keylatch.composio(f"ak_{PROJECT}", base_url=server) as client:
            if call.error is None:
                call.make(client, kept)
            else:
                refused(call.error, lambda: call.make(client, kept))  # noqa: B023
        with urllib.request.urlopen(f"{control}/requests") as answer:
            steps.append({"step": call.name, "upto": len(json.load(answer)["items"])})
    return by_step("keylatch", record(control, upstream), steps)
