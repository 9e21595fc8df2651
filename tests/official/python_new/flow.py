"""The API-key flow with PyPI composio 0.30.0 and composio-client 2.0.0rc19, the new Python SDK, which speaks v3.1."""

from __future__ import annotations

import json
import os

from steps import refused, same, step

# ruff: noqa: E402, I001 - steps comes first, because importing the SDK may already look up hosts.
from composio import Composio
from composio.core.models.connected_accounts import auth_scheme
from composio.exceptions import (
    ComposioConnectedAccountNotRevokableError,
    ComposioMultipleConnectedAccountsError,
    InvalidParams,
    ToolNotFoundError,
)
from composio_client import AuthenticationError, BadRequestError, NotFoundError

USER = "user_42"
KEY, ROTATED = "example-key-value", "example-rotated-value"
UPSTREAM = os.environ["OFFICIAL_UPSTREAM"]
SHOP = {"api_key": KEY, "shop": "demo-store"}
OURS = {"user_ids": [USER]}

composio = Composio(allow_tracking=False)
# Every answer must be of the SDK's own type, to the letter; by itself it lets much pass.
composio.client._strict_response_validation = True
accounts, configs, toolkits, tools = (
    composio.connected_accounts,
    composio.auth_configs,
    composio.toolkits,
    composio.tools,
)

with step("discover: fields"):
    fields = toolkits.get_connected_account_initiation_fields("shopify", "API_KEY")
    same([field.name for field in fields], ["api_key", "shop", "version"])
    same([field.display_name for field in fields], ["Admin API token", "Store name", "API version"])
    same([field.required for field in fields], [True, True, False])
    same([field.is_secret for field in fields], [True, False, False])
    same([field.default for field in fields], [None, None, "2024-10"])
    required = toolkits.get_connected_account_initiation_fields("shopify", "API_KEY", required_only=True)
    same([field.name for field in required], ["api_key", "shop"])
    same(toolkits.get_auth_config_creation_fields("shopify", "API_KEY"), [])
    (field,) = toolkits.get_connected_account_initiation_fields("stripe", "API_KEY")
    same((field.name, field.display_name, field.is_secret), ("api_key", "Secret key", True))
    (field,) = toolkits.get_connected_account_initiation_fields("notion", "API_KEY")
    same((field.required, field.is_secret), (True, True))
    refused(InvalidParams, lambda: toolkits.get_connected_account_initiation_fields("shopify", "BASIC"))

with step("discover: app"):
    toolkit = toolkits.get("stripe")
    same((toolkit.slug, toolkit.name, toolkit.enabled, toolkit.type), ("stripe", "Stripe", True, "native"))
    (detail,) = toolkit.auth_config_details
    same((detail.mode, detail.auth_hint_url), ("API_KEY", "https://dashboard.stripe.com/apikeys"))
    (first,) = toolkits.list(category="ecommerce", sort_by="alphabetically").items
    same((first.slug, first.auth_schemes, first.no_auth), ("shopify", ["API_KEY"], False))
    same((toolkit.get_current_user_endpoint, toolkit.get_current_user_endpoint_method), ("/v1/account", "GET"))

with step("integrate"):
    config = configs.create(
        "shopify",
        {"type": "use_custom_auth", "auth_scheme": "API_KEY", "name": "Shopify keys", "credentials": {}},
    )
    same((config.id[:3], config.auth_scheme, config.is_composio_managed), ("ac_", "API_KEY", False))

with step("integrate: with values of the developer"):
    stripe = configs.create(
        "stripe",
        {"type": "use_custom_auth", "auth_scheme": "API_KEY", "credentials": {"base_url": UPSTREAM}},
    )
    values = {"partner_key": "example-partner-key"}
    partner = configs.create(
        "developer_fields", {"type": "use_custom_auth", "auth_scheme": "API_KEY", "credentials": values}
    )

with step("integrate: with values for all users"):
    shared = {
        "type": "use_custom_auth",
        "authScheme": "API_KEY",
        "credentials": {},
        "shared_credentials": {"api_key": KEY},
    }
    composio.client.auth_configs.create(toolkit={"slug": "stripe"}, auth_config=shared)

with step("integration: get"):
    same([one.id for one in configs.list(toolkit_slug="shopify").items], [config.id])
    found = configs.get(config.id)
    same((found.id, found.name, found.status, found.type), (config.id, "Shopify keys", "ENABLED", "custom"))
    same((found.toolkit.slug, found.auth_scheme, found.no_of_connections), ("shopify", "API_KEY", 0))

with step("integration: update"):
    configs.update(stripe.id, options={"type": "custom", "credentials": {"account_url": "https://stripe.example.test"}})
    same(configs.get(stripe.id).credentials, {"base_url": UPSTREAM, "account_url": "https://stripe.example.test"})

with step("missing fields"):
    for state in (None, auth_scheme.api_key({"version": "2024-10"}), {"auth_scheme": "API_KEY", **SHOP}):
        error = refused(BadRequestError, lambda: accounts.initiate(USER, config.id, config=state))  # noqa: B023
        same((error.status_code, error.details["code"]), (400, 612))
        same(error.details["slug"], "ConnectedAccount_MissingRequiredFields")
        same(error.details["message"], "Missing required fields: Admin API token, Store name")

with step("initiate"):
    made = accounts.initiate(
        USER, config.id, config=auth_scheme.api_key({**SHOP, "base_url": UPSTREAM}), alias="main-store"
    )
    same((made.id[:3], made.status, made.redirect_url), ("ca_", "ACTIVE", None))

with step("wait"):
    same(made.wait_for_connection(timeout=5).status, "ACTIVE")
    same(accounts.wait_for_connection(made.id, timeout=5).id, made.id)

with step("get"):
    account = accounts.get(made.id)
    same((account.id, account.user_id, account.status), (made.id, USER, "ACTIVE"))
    same((account.alias, account.is_disabled, account.status_reason), ("main-store", False, None))
    same((account.toolkit.slug, account.auth_config.id), ("shopify", config.id))
    same((account.auth_config.auth_scheme, account.auth_config.is_composio_managed), ("API_KEY", False))
    val = account.state.val
    same((account.state.auth_scheme, val.status, val.api_key, val.shop), ("API_KEY", "ACTIVE", "exam...", "demo-store"))
    same(KEY in account.model_dump_json(), False)

with step("one account is enough"):
    refused(
        ComposioMultipleConnectedAccountsError,
        lambda: accounts.initiate(USER, config.id, config=auth_scheme.api_key(SHOP)),
    )

with step("initiate: another, by leave"):
    second = accounts.initiate(
        USER, config.id, config=auth_scheme.api_key(SHOP), allow_multiple=True, callback_url="https://host.example.test"
    )
    same(second.id != made.id, True)

with step("initiate: alias in use"):
    error = refused(
        BadRequestError,
        lambda: accounts.initiate(
            USER, config.id, config=auth_scheme.api_key(SHOP), allow_multiple=True, alias="main-store"
        ),
    )
    same((error.status_code, error.details["code"]), (400, 600))

with step("list"):
    same([one.id for one in accounts.list(**OURS).items], [second.id, made.id])
    same([one.id for one in accounts.list(**OURS, order_direction="asc").items], [made.id, second.id])
    page = accounts.list(
        **OURS,
        toolkit_slugs=["shopify", "stripe"],
        auth_config_ids=[config.id],
        statuses=["ACTIVE", "EXPIRED"],
        order_by="created_at",
        limit=1,
    )
    same(([one.id for one in page.items], int(page.total_items), int(page.total_pages)), ([second.id], 2, 2))
    page = accounts.list(**OURS, limit=1, cursor=page.next_cursor)
    same(([one.id for one in page.items], page.next_cursor), ([made.id], None))
    same(accounts.list(user_ids=["somebody_else"]).items, [])

with step("execute"):
    result = tools.execute(
        "SHOPIFY_GET_SHOP", {}, user_id=USER, connected_account_id=made.id, dangerously_skip_version_check=True
    )
    same(result, {"data": {"shop": {"name": "Demo store"}}, "error": None, "successful": True})

with step("execute: refused by the app"):
    bad = auth_scheme.api_key({**SHOP, "api_key": "no-good", "base_url": UPSTREAM})
    other = accounts.initiate("user_bad", config.id, config=bad)
    result = tools.execute(
        "SHOPIFY_GET_SHOP", {}, user_id="user_bad", connected_account_id=other.id, dangerously_skip_version_check=True
    )
    same((result["successful"], bool(result["error"])), (False, True))

with step("execute: by user"):
    accounts.initiate(USER, stripe.id, config=auth_scheme.api_key({"api_key": KEY}))
    result = tools.execute("STRIPE_RETRIEVE_BALANCE", {}, user_id=USER, version="20261101_00")
    same((result["successful"], result["data"]["object"]), (True, "balance"))

with step("execute: with arguments"):
    result = tools.execute("STRIPE_CREATE_CUSTOMER", {"name": "Ada"}, user_id=USER, version="20261101_00")
    same((result["successful"], result["data"]["body"]), (True, "name=Ada"))
    result = tools.execute("STRIPE_RETRIEVE_CUSTOMER", {"customer_id": "cus_1"}, user_id=USER, version="20261101_00")
    same((result["successful"], result["data"]), (True, {"id": "cus_1"}))

with step("proxy"):
    answer = tools.proxy(
        "/echo",
        "POST",
        body={"name": "Ada"},
        connected_account_id=made.id,
        parameters=[
            {"name": "page", "type": "query", "value": "2"},
            {"name": "x-more", "type": "header", "value": "1"},
        ],
    )
    same(int(answer.status), 200)
    same((answer.data["query"], json.loads(answer.data["body"])), ({"page": "2"}, {"name": "Ada"}))
    same((answer.data["headers"]["x-more"], answer.data["headers"]["x-store-access-token"]), ("1", KEY))

with step("proxy: upstream error"):
    same(int(tools.proxy("/nothing", "GET", connected_account_id=made.id).status), 404)

with step("proxy: does the key work"):
    path = toolkits.get("shopify").get_current_user_endpoint
    same(int(tools.proxy(path, "GET", connected_account_id=made.id).status), 200)

with step("rotate"):
    composio.client.connected_accounts.patch(
        made.id, connection={"state": {"auth_scheme": "API_KEY", "val": {"api_key": ROTATED}}}
    )
    result = tools.execute(
        "SHOPIFY_GET_SHOP", {}, user_id=USER, connected_account_id=made.id, dangerously_skip_version_check=True
    )
    same(result["data"], {"shop": {"name": "Rotated store"}})
    same(accounts.get(made.id).state.val.shop, "demo-store")

with step("rename"):
    composio.client.connected_accounts.patch(made.id, alias="old-store")
    same(accounts.get(made.id).alias, "old-store")

with step("disable"):
    same(accounts.disable(made.id).success, True)
    account = accounts.get(made.id)
    same((account.status, account.is_disabled), ("INACTIVE", True))
    same([one.id for one in accounts.list(**OURS, toolkit_slugs=["shopify"]).items], [second.id])
    same([one.id for one in accounts.list(**OURS, statuses=["INACTIVE"]).items], [made.id])

with step("enable"):
    same(accounts.enable(made.id).success, True)
    same(accounts.get(made.id).status, "ACTIVE")

with step("refresh"):
    same(accounts.refresh(made.id).id, made.id)

with step("link"):
    linked = accounts.link("user_link", config.id)
    same((linked.status, bool(linked.redirect_url)), ("INITIATED", True))
    same(accounts.get(linked.id).status, "INITIATED")

with step("integration: disable and enable"):
    configs.disable(config.id)
    same(configs.get(config.id).status, "DISABLED")
    same(configs.list(toolkit_slug="shopify").items, [])
    same([one.id for one in configs.list(toolkit_slug="shopify", show_disabled=True).items], [config.id])
    configs.enable(config.id)
    same(configs.get(config.id).status, "ENABLED")

with step("unknown ids"):
    error = refused(NotFoundError, lambda: accounts.get("ca_nowhere"))
    same((error.status_code, error.details["code"]), (404, 606))
    same(error.details["slug"], "ConnectedAccount_ResourceNotFound")
    refused(NotFoundError, lambda: configs.get("ac_nowhere"))
    refused(NotFoundError, lambda: toolkits.get("no_such_toolkit"))
    refused(ToolNotFoundError, lambda: tools.execute("NO_SUCH_TOOL", {}, user_id=USER, version="20261101_00"))
    error = refused(
        NotFoundError,
        lambda: tools.execute("SHOPIFY_GET_SHOP", {}, user_id="nobody", dangerously_skip_version_check=True),
    )
    same(error.details["code"], 1810)

with step("wrong API key"):
    wrong = Composio(api_key="ak_nobody", allow_tracking=False)
    error = refused(AuthenticationError, lambda: wrong.toolkits.get("shopify"))
    same((error.status_code, error.details["code"]), (401, 801))
    same("ak_nobody" in str(error), False)

with step("revoke"):
    revoked = accounts.revoke(second.id).connected_account
    same((revoked.id, revoked.status), (second.id, "REVOKED"))
    refused(ComposioConnectedAccountNotRevokableError, lambda: accounts.revoke(second.id))

with step("delete: and revoke"):
    same(composio.client.connected_accounts.delete(other.id, revoke_on_delete=True).success, True)
    refused(NotFoundError, lambda: accounts.get(other.id))

with step("delete"):
    same(accounts.delete(made.id).success, True)
    refused(NotFoundError, lambda: accounts.get(made.id))
    same(configs.delete(stripe.id) is not None, True)
    refused(NotFoundError, lambda: configs.get(stripe.id))
    configs.delete(partner.id)
