"""A program that uses every call of `keylatch.composio`, for `mypy --strict`."""

from __future__ import annotations

from typing import Any, assert_type

from keylatch import ExpectedParams, Field, Keylatch, Page, Secret
from keylatch.composio import (
    Action,
    App,
    Composio,
    ComposioToolSet,
    ConnectedAccount,
    ConnectionRequest,
    Entity,
    Integration,
    auth_scheme,
)
from keylatch.composio.results import AppDetails, Done, SchemeDetails
from keylatch.composio.tools import ProxyResponse


def names() -> None:
    assert_type(App.STRIPE, App)
    assert_type(App("stripe").value, str)
    assert_type(Action.STRIPE_RETRIEVE_BALANCE, Action)


def results(request: ConnectionRequest, account: ConnectedAccount, integration: Integration) -> None:
    assert_type(request.connectionStatus, str)
    assert_type(request.connectedAccountId, str)
    assert_type(request.redirectUrl, str | None)
    assert_type((request.id, request.status), tuple[str, str])
    assert_type(request.wait_until_active(), ConnectedAccount)
    assert_type(request.wait_until_active(client=Keylatch(), timeout=5), ConnectedAccount)
    assert_type(request.wait_for_connection(timeout=5), ConnectedAccount)
    assert_type((account.status, account.appName, account.user_id), tuple[str, str, str])
    assert_type((account.toolkit.slug, account.auth_config.id), tuple[str, str])
    assert_type(account.is_disabled, bool)
    assert_type(integration.expected_input_fields, tuple[Field, ...])


def old() -> None:
    with ComposioToolSet("ak_1", "https://example.com", "user-1", {App.STRIPE: "ca_1"}, timeout=5) as same:
        assert_type(same, ComposioToolSet)
    toolset = ComposioToolSet(path="vault.db", key=Secret(bytes(32)))
    assert_type(toolset.get_expected_params_for_user(App.STRIPE, "API_KEY", "ac_1"), ExpectedParams)
    request = toolset.initiate_connection(
        app=App.STRIPE,
        labels=["a"],
        entity_id="user-1",
        redirect_url="https://example.com",
        connected_account_params={"api_key": bytearray(b"key")},
        auth_scheme="API_KEY",
        auth_config={"region": "eu"},
    )
    assert_type(request, ConnectionRequest)
    integration = toolset.create_integration(App.STRIPE, "API_KEY", {"region": "eu"}, force_new_integration=True)
    assert_type(integration, Integration)
    assert_type(toolset.get_integration("ac_1"), Integration)
    assert_type(toolset.get_integrations(App.STRIPE), list[Integration])
    assert_type(toolset.get_auth_schemes("stripe"), tuple[SchemeDetails, ...])
    assert_type(toolset.get_auth_scheme_for_app("stripe"), SchemeDetails)
    assert_type(toolset.get_connected_account("ca_1"), ConnectedAccount)
    assert_type(toolset.get_connected_accounts(), list[ConnectedAccount])
    assert_type(toolset.execute_action(Action.STRIPE_RETRIEVE_BALANCE, {}, entity_id="user-1"), dict[str, Any])
    assert_type(toolset.execute_request("/v1/balance", "GET", app=App.STRIPE), dict[str, Any])
    results(request, toolset.get_connected_account("ca_1"), integration)

    entity = toolset.get_entity(id="user-1")
    assert_type(entity, Entity)
    made = entity.initiate_connection(App.STRIPE, integration=integration, connected_account_params={"api_key": "key"})
    assert_type(made, ConnectionRequest)
    assert_type(made.wait_until_active(client=toolset.client, timeout=5), ConnectedAccount)
    assert_type(entity.get_connection(App.STRIPE), ConnectedAccount)
    assert_type(entity.get_connections(), list[ConnectedAccount])
    assert_type(entity.execute("STRIPE_RETRIEVE_BALANCE"), dict[str, Any])

    client = toolset.client
    assert_type(client.keylatch, Keylatch)
    assert_type(client.get_entity("user-1"), Entity)
    assert_type(client.apps.get("stripe"), AppDetails)
    assert_type(client.apps.get(), list[AppDetails])
    assert_type(toolset.fetch_expected_integration_params(client.apps.get("stripe"), "API_KEY"), tuple[Field, ...])
    assert_type(client.integrations.create("stripe"), Integration)
    assert_type(client.integrations.get("ac_1"), Integration)
    assert_type(client.integrations.get(app_name="stripe"), list[Integration])
    client.integrations.remove("ac_1")
    assert_type(client.connected_accounts.get("ca_1"), ConnectedAccount)
    assert_type(client.connected_accounts.get(entity_ids=["user-1"], active=True), list[ConnectedAccount])
    assert_type(client.connected_accounts.initiate("ac_1", "user-1", {"api_key": "key"}), ConnectionRequest)
    toolset.close()


def new() -> None:
    with Composio(api_key=bytearray(b"ak_1"), api_version="v1") as same:
        assert_type(same, Composio)
    composio = Composio(client=Keylatch())
    toolkits, configs, accounts, tools = (
        composio.toolkits,
        composio.auth_configs,
        composio.connected_accounts,
        composio.tools,
    )
    assert_type(toolkits.get("stripe"), AppDetails)
    assert_type(toolkits.get_connected_account_initiation_fields("stripe", "API_KEY"), tuple[Field, ...])
    assert_type(toolkits.get_auth_config_creation_fields("stripe", "API_KEY", required_only=True), tuple[Field, ...])
    config = configs.create("stripe", {"type": "use_custom_auth", "auth_scheme": "API_KEY", "credentials": {}})
    assert_type(config, Integration)
    assert_type(configs.list(toolkit_slug="stripe"), Page[Integration])
    assert_type(configs.get(config.id), Integration)
    assert_type(configs.delete(config.id), Done)
    for state in (
        auth_scheme.api_key({"api_key": Secret("key")}),
        auth_scheme.basic({"username": "u", "password": "p"}),
        auth_scheme.bearer_token({"token": "t"}),
        auth_scheme.google_service_account({"credentials_json": "{}"}),
        auth_scheme.basic_with_jwt({"username": "u", "password": "p"}),
        auth_scheme.calcom_auth({"api_key": "key"}),
        auth_scheme.billcom_auth({"devKey": "key"}),
        auth_scheme.no_auth(),
    ):
        assert_type(accounts.initiate("user-1", config.id, config=state, allow_multiple=True), ConnectionRequest)
    assert_type(accounts.wait_for_connection("ca_1", timeout=5), ConnectedAccount)
    assert_type(accounts.get("ca_1"), ConnectedAccount)
    assert_type(accounts.list(user_ids=["user-1"], statuses=["ACTIVE"], limit=10), Page[ConnectedAccount])
    assert_type(accounts.disable("ca_1"), Done)
    assert_type(accounts.enable("ca_1"), Done)
    assert_type(accounts.update_status("ca_1", enabled=True).success, bool)
    assert_type(accounts.delete("ca_1"), Done)
    assert_type(composio.client.connected_accounts.patch("ca_1", alias="main"), ConnectedAccount)
    assert_type(tools.execute("STRIPE_RETRIEVE_BALANCE", {}, user_id="user-1", version="1"), dict[str, Any])
    assert_type(tools.proxy("/v1/balance", "GET", connected_account_id="ca_1"), ProxyResponse)
    composio.close()
