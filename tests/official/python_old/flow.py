"""The API-key flow with PyPI composio-core 0.7.22, the old Python SDK, which speaks v1 and v2."""

from __future__ import annotations

import json
import os

from steps import fails, refused, same, step

# ruff: noqa: E402, I001 - steps comes first, because importing the SDK already looks up hosts.
from composio import App, ComposioToolSet
from composio.client import Composio, HTTPError

from composio.exceptions import ApiKeyError, InvalidParams, NoItemsFound

USER = "user_42"
KEY, ROTATED = "example-key-value", "example-rotated-value"
UPSTREAM = os.environ["OFFICIAL_UPSTREAM"]
SHOP = {"api_key": KEY, "shop": "demo-store"}
NOWHERE = "00000000-0000-4000-8000-000000000000"

with step("start"):
    toolset = ComposioToolSet(entity_id=USER)
    http = toolset.client.http

with step("discover: app"):
    app = toolset.client.apps.get(name="shopify")
    same((app.key, app.name, app.categories, app.testConnectors), ("shopify", "shopify", ["ecommerce"], []))
    (scheme,) = toolset.get_auth_schemes("shopify")
    same((scheme.scheme_name, scheme.auth_mode), ("API_KEY", "API_KEY"))
    same([field.name for field in scheme.fields], ["api_key", "shop", "version"])
    same([field.required for field in scheme.fields], [True, True, False])
    same(all(field.expected_from_customer for field in scheme.fields), True)
    same(toolset.get_auth_scheme_for_app(app="STRIPE").fields[0].display_name, "Secret key")
    same(toolset.fetch_expected_integration_params(app, "API_KEY"), [])

fails(
    "discover: fields, without an integration",
    NoItemsFound,
    "the SDK means to make an integration here, but does not catch its own exception",
    lambda: toolset.get_expected_params_for_user(app=App.SHOPIFY),
)

with step("integrate"):
    integration = toolset.create_integration(
        App.SHOPIFY, auth_mode="API_KEY", auth_config={"base_url": UPSTREAM}, use_composio_oauth_app=False
    )
    same((integration.appName, integration.authScheme, integration.enabled), ("shopify", "API_KEY", True))
    same(toolset.get_integration(integration.id).appId, app.appId)
    same([one.id for one in toolset.get_integrations(app="shopify")], [integration.id])
    same(toolset.get_integrations(app="stripe"), [])

with step("discover: fields"):
    for arguments in ({"app": App.SHOPIFY}, {"app": "shopify"}, {"integration_id": integration.id}):
        info = toolset.get_expected_params_for_user(auth_scheme="API_KEY", **arguments)
        same(sorted(info), ["auth_scheme", "expected_params", "integration_id"])
        same((info["integration_id"], info["auth_scheme"]), (integration.id, "API_KEY"))
    fields = info["expected_params"]
    same([field.name for field in fields], ["api_key", "shop", "version"])
    same([field.displayName for field in fields], ["Admin API token", "Store name", "API version"])
    same([field.is_secret for field in fields], [True, False, False])
    same([field.required for field in fields], [True, True, False])
    same([field.default for field in fields], [None, None, "2024-10"])
    refused(
        InvalidParams,
        lambda: toolset.get_expected_params_for_user(auth_scheme="BASIC", integration_id=integration.id),
    )

with step("missing fields"):
    refused(InvalidParams, lambda: toolset.initiate_connection(integration_id=integration.id))
    error = refused(HTTPError, lambda: toolset.client.connected_accounts.initiate(integration.id, USER, {"shop": "x"}))
    same(error.status_code, 400)
    body = json.loads(str(error))
    same((body["type"], body["status"]), ("BadRequestError", 400))
    same([detail["property"] for detail in body["details"]], ["data.api_key"])

with step("initiate"):
    params = dict(SHOP)
    made = toolset.initiate_connection(integration_id=integration.id, connected_account_params=params)
    same((made.connectionStatus, made.redirectUrl), ("ACTIVE", None))
    same(params["version"], "2024-10")

with step("wait"):
    account = made.wait_until_active(client=toolset.client, timeout=5)
    same(account.status, "ACTIVE")

with step("get"):
    account = toolset.get_connected_account(made.connectedAccountId)
    same((account.id, account.integrationId), (made.connectedAccountId, integration.id))
    same((account.appName, account.appUniqueId, account.status), ("shopify", "shopify", "ACTIVE"))
    same((account.clientUniqueUserId, account.entityId), (USER, USER))
    same(KEY in account.model_dump_json(), False)

with step("list"):
    toolset.initiate_connection(
        integration_id=integration.id, entity_id="somebody_else", connected_account_params=dict(SHOP)
    )
    same([one.id for one in toolset.get_connected_accounts()], [account.id])
    same([one.id for one in toolset.get_entity().get_connections()], [account.id])
    same(toolset.get_entity().get_connection(app="SHOPIFY").id, account.id)
    same(len(toolset.client.connected_accounts.get()), 2)

with step("initiate: through the entity"):
    made_too = toolset.get_entity("user_7").initiate_connection(
        app_name="shopify", auth_mode="API_KEY", connected_account_params={**SHOP, "base_url": UPSTREAM}
    )
    same(made_too.connectionStatus, "ACTIVE")
    same(toolset.get_connected_account(made_too.connectedAccountId).clientUniqueUserId, "user_7")
    same(toolset.get_connected_account(made_too.connectedAccountId).integrationId != integration.id, True)

with step("execute"):
    for choice in ({}, {"connected_account_id": account.id}):
        result = toolset.execute_action("SHOPIFY_GET_SHOP", {}, entity_id=USER, **choice)
        same((result["successful"], result["successfull"], result["error"]), (True, True, None))
        same(result["data"], {"shop": {"name": "Demo store"}})

with step("proxy"):
    result = toolset.execute_request("/admin/api/shop.json", "GET", connection_id=account.id)
    same(result["successful"], True)
    same("Demo store" in json.dumps(result["data"]), True)

with step("auth parameters"):
    auth = toolset.get_auth_params(connection_id=account.id)
    same(auth.base_url, UPSTREAM)
    same([(one.in_, one.name, one.value) for one in auth.parameters], [("header", "X-Store-Access-Token", KEY)])

with step("initiate: again, by the request object"):
    answer = made.save_user_access_data(toolset.client, {**SHOP, "api_key": ROTATED}, entity_id=USER)
    same(answer["connectionStatus"], "ACTIVE")
    same(answer["connectedAccountId"] != account.id, True)
    result = toolset.execute_action(
        "SHOPIFY_GET_SHOP", {}, entity_id=USER, connected_account_id=answer["connectedAccountId"]
    )
    same(result["data"], {"shop": {"name": "Rotated store"}})

# The SDK has no call of its own for the next two, nor for deleting; its HTTP client knows the way.
path = f"/v1/connectedAccounts/{account.id}"

with step("disable"):
    same(http.post(url=f"{path}/disable").json(), {"status": "success"})
    same(account.id in [one.id for one in toolset.get_connected_accounts()], False)

with step("enable"):
    same(http.post(url=f"{path}/enable").json(), {"status": "success"})
    same(account.id in [one.id for one in toolset.get_connected_accounts()], True)

with step("unknown ids"):
    for call in (toolset.get_connected_account, toolset.get_integration):
        error = refused(HTTPError, lambda: call(NOWHERE))  # noqa: B023 - called at once
        same((error.status_code, json.loads(str(error))["type"]), (404, "NotFoundError"))
    error = refused(HTTPError, lambda: toolset.client.apps.get(name="no_such_app"))
    same((error.status_code, json.loads(str(error))["name"]), (404, "AppNotFoundError"))
    error = refused(HTTPError, lambda: toolset.client.connected_accounts.initiate(NOWHERE, USER, dict(SHOP)))
    same(error.status_code, 404)

with step("wrong API key"):
    wrong = Composio(api_key="ak_nobody")
    same(str(refused(ApiKeyError, lambda: wrong.apps.get())), "API Key is not valid!")

with step("delete"):
    same(http.delete(url=path).json(), {"status": "success", "count": 1})
    error = refused(HTTPError, lambda: toolset.get_connected_account(account.id))
    same(error.status_code, 404)
    toolset.client.integrations.remove(integration.id)
    same(refused(HTTPError, lambda: toolset.get_integration(integration.id)).status_code, 404)
