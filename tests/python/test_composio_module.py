"""`keylatch.composio`: programs written for Composio's SDKs, on both backends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import GOOD, NAMES
from double import Double, Project
from keylatch import Keylatch, errors
from keylatch.composio import Action, App, Composio, ComposioToolSet, auth_scheme
from keylatch.composio.types import auth_scheme as same_auth_scheme

BALANCE = "STRIPE_RETRIEVE_BALANCE"
CANARY = "canary-7f3a9c41-never-shown"

Made = dict[str, Any]


@pytest.fixture(params=["embedded", "composio"])
def backend(request: pytest.FixtureRequest, double: Double, tmp_path: Path) -> Made:
    """What leads a program to one of the backends; its Stripe is the double, which takes one key."""
    if request.param == "embedded":
        return {"path": tmp_path / "vault.db", "key": bytes(32), "extra_ca": double.ca}
    project = Project(f"module-{next(NAMES)}")
    return {"api_key": project.api_key, "base_url": project.base_url, "extra_ca": double.ca}


@pytest.fixture
def toolset(backend: Made) -> Iterator[ComposioToolSet]:
    with ComposioToolSet(**backend) as toolset:
        yield toolset


@pytest.fixture
def integration_id(toolset: ComposioToolSet, double: Double) -> str:
    return toolset.create_integration(App.STRIPE, auth_config={"base_url": double.https}).id


@pytest.fixture
def composio(backend: Made) -> Iterator[Composio]:
    with Composio(**backend) as composio:
        yield composio


@pytest.fixture
def config_id(composio: Composio, double: Double) -> str:
    options = {"type": "use_custom_auth", "auth_scheme": "API_KEY", "credentials": {"base_url": double.https}}
    return composio.auth_configs.create("stripe", options).id


def test_the_pages_program(toolset: Any, integration_id: str) -> None:
    value = GOOD

    # 1 discover
    info = toolset.get_expected_params_for_user(app=App.STRIPE, auth_scheme="API_KEY", integration_id=integration_id)
    assert [field["name"] for field in info["expectedInputFields"]] == ["api_key"]
    info = toolset.get_expected_params_for_user(integration_id=integration_id)
    info = toolset.get_expected_params_for_user(app=App.STRIPE, auth_scheme="API_KEY")
    assert [field.name for field in info["expected_params"]] == ["api_key"]
    assert info["integration_id"] == integration_id
    assert App.STRIPE.value == "stripe"

    # 2 collect
    (field,) = info["expected_params"]
    assert field["description"]
    assert field.displayName
    assert field.is_secret

    # 3 initiate, on the toolset and on the entity
    request = toolset.initiate_connection(
        integration_id=integration_id,
        entity_id="user-1",
        auth_scheme="API_KEY",
        connected_account_params={"api_key": value},
    )
    entity = toolset.get_entity(id="user-1")
    request = entity.initiate_connection(app_name=App.STRIPE, connected_account_params={"api_key": value})
    request = entity.initiate_connection(
        integration_id=integration_id, entity_id="user-1", connected_account_params={"api_key": value}
    )

    # 4 active at once
    assert request.connectionStatus == "ACTIVE"
    assert request.redirectUrl is None
    account = toolset.get_connected_account(request.connectedAccountId)
    assert account.status == "ACTIVE"
    assert request.wait_until_active(client=toolset.client, timeout=5) == account

    # use
    done = toolset.execute_action(action=BALANCE, params={}, entity_id="user-1")
    assert done == {"data": {"id": "acct_1"}, "error": None, "successful": True, "successfull": True}
    done = toolset.execute_action(action=BALANCE, params={}, connected_account_id=request.connectedAccountId)
    assert done["successful"]


def test_what_an_account_is_called(toolset: Any, integration_id: str) -> None:
    entity = toolset.get_entity("user-1")
    made = entity.initiate_connection(integration_id=integration_id, connected_account_params={"api_key": GOOD})
    account = entity.get_connection(app="STRIPE")
    assert account == entity.get_connection(connected_account_id=made.id)
    for name, value in {
        "id": made.connectedAccountId, "status": "ACTIVE", "appName": "stripe", "appUniqueId": "stripe",
        "integrationId": integration_id, "clientUniqueUserId": "user-1", "entityId": "user-1", "user_id": "user-1",
        "authScheme": "API_KEY", "isDisabled": False, "is_disabled": False, "connectionParams": {},
    }.items():  # fmt: skip
        assert getattr(account, name) == account[name] == value, name
    assert account.createdAt == account.created_at
    assert (account.toolkit.slug, account.auth_config.id) == ("stripe", integration_id)
    assert GOOD not in repr([made, account, account.to_dict()])
    with pytest.raises(AttributeError):
        _ = account.no_such_name


def test_several_connections_and_the_newest_of_them(toolset: ComposioToolSet, integration_id: str) -> None:
    ask: Made = {"integration_id": integration_id, "connected_account_params": {"api_key": GOOD}}
    toolset.entity_id = "user-1"
    first = toolset.initiate_connection(**ask, entity_id="user-1")
    second = toolset.initiate_connection(**ask)
    toolset.initiate_connection(**ask, entity_id="user-2")
    entity = toolset.get_entity()
    assert [each.id for each in entity.get_connections()] == [second.id, first.id]
    assert entity.get_connection(App.STRIPE).id == second.id
    toolset.client.keylatch.connected_accounts.disable(second.id)
    assert [each.id for each in toolset.get_connected_accounts()] == [first.id]
    assert entity.get_connection(App.STRIPE).id == first.id
    assert len(toolset.client.connected_accounts.get()) == 2
    assert [each.entityId for each in toolset.client.connected_accounts.get(entity_ids=["user-2"], active=True)] == [
        "user-2"
    ]


def test_nobody_is_a_user_by_default(toolset: ComposioToolSet, integration_id: str) -> None:
    ask: Made = {"integration_id": integration_id, "connected_account_params": {"api_key": GOOD}}
    calls: list[Callable[[], object]] = [
        lambda: toolset.initiate_connection(**ask),
        lambda: toolset.initiate_connection(**ask, entity_id=""),
        lambda: toolset.get_entity(),
        lambda: toolset.get_connected_accounts(),
        lambda: toolset.execute_action(BALANCE, {}),
        lambda: toolset.execute_request("/v1/balance", "GET", app="stripe"),
        lambda: toolset.client.get_entity(""),
        lambda: toolset.client.connected_accounts.initiate(integration_id, params={"api_key": GOOD}),
    ]
    for call in calls:
        with pytest.raises(errors.InvalidArgumentError, match="whose connection") as raised:
            call()
        assert raised.value.fields == ("entity_id",)
    assert toolset.client.connected_accounts.get() == []


def test_actions_that_fail(toolset: ComposioToolSet, integration_id: str, double: Double) -> None:
    made = toolset.get_entity("user-1").initiate_connection(
        integration_id=integration_id, connected_account_params={"api_key": GOOD}
    )
    double.script({"* *": [{"status": 402, "json": {"error": {"message": "no money"}}}]})
    done = toolset.execute_action(Action.STRIPE_RETRIEVE_BALANCE, {}, entity_id="user-1")
    assert (done["data"], done["successful"], done["successfull"]) == ({}, False, False)
    assert "402" in done["error"]
    with pytest.raises(errors.KeylatchError):
        toolset.execute_action("NO_SUCH_ACTION", {}, connected_account_id=made.id)
    with pytest.raises(errors.NotFoundError):
        toolset.execute_action(BALANCE, {}, entity_id="nobody")


def test_what_is_done_elsewhere_is_refused_not_ignored(toolset: ComposioToolSet) -> None:
    for given in ({"text": "pay"}, {"metadata": {"a": 1}}):
        with pytest.raises(errors.InvalidArgumentError, match="give params"):
            toolset.execute_action(BALANCE, {}, entity_id="user-1", **given)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidArgumentError, match="frameworks"):
        Composio(object(), client=toolset.client.keylatch)


def test_the_connection_that_the_toolset_was_given(backend: Made, double: Double) -> None:
    with ComposioToolSet(**backend, entity_id="user-1") as first:
        auth_config = {"base_url": double.https}
        made = first.initiate_connection(
            app="stripe", auth_config=auth_config, connected_account_params={"api_key": GOOD}
        )
    with ComposioToolSet(**backend, connected_account_ids={App.STRIPE: made.id}) as toolset:
        assert toolset.execute_action(BALANCE)["successful"]
        assert toolset.execute_request("/v1/balance", "GET", app="STRIPE")["successful"]
        with pytest.raises(errors.NotFoundError):
            toolset.execute_action(BALANCE, entity_id="user-2")


def test_requests(toolset: ComposioToolSet, integration_id: str, double: Double) -> None:
    toolset.entity_id = "user-1"
    made = toolset.initiate_connection(integration_id=integration_id, connected_account_params={"api_key": GOOD})
    double.script({"POST /v1/a": [{"json": {"id": 1}}], "GET /v1/list": [{"json": [1]}], "* *": [{"status": 404}]})
    parameters = [{"name": "page", "in": "query", "value": 2}, {"name": "x-one", "in": "header", "value": "1"}]
    done = toolset.execute_request("/v1/a", "POST", body={"name": "Ada"}, parameters=parameters, connection_id=made.id)
    assert done == {"data": {"id": 1}, "error": None, "successful": True, "successfull": True}
    (sent,) = double.requests()
    assert (sent["query"], sent["body"], sent["headers"]["x-one"]) == ({"page": "2"}, '{"name": "Ada"}', "1")
    assert toolset.execute_request("/v1/list", "GET", app="stripe")["data"] == {"value": [1]}
    done = toolset.execute_request("/v1/none", "GET", app="stripe")
    assert (done["successful"], done["error"]) == (False, "the app answered 404")
    with pytest.raises(errors.InvalidArgumentError, match="query or in a header"):
        toolset.execute_request("/", "GET", parameters=[{"name": "a", "in": "body", "value": 1}], app="stripe")


def test_integrations(toolset: ComposioToolSet, double: Double) -> None:
    made = toolset.create_integration(App.STRIPE, "API_KEY", {"base_url": double.https})
    assert (made.appName, made["appName"], made.auth_scheme, made.enabled) == ("stripe", "stripe", "API_KEY", True)
    # Without a wish for a new one, the one that fits is taken.
    assert toolset.create_integration("stripe", auth_config={"base_url": double.https}).id == made.id
    other = toolset.create_integration("stripe", auth_config={"base_url": double.http})
    forced = toolset.create_integration("stripe", auth_config={"base_url": double.http}, force_new_integration=True)
    assert len({made.id, other.id, forced.id}) == 3
    found: Any = toolset.get_integration(made.id)
    assert [field.name for field in found.expectedInputFields] == ["api_key"]
    assert {each.id for each in toolset.get_integrations(App.STRIPE)} == {made.id, other.id, forced.id}
    assert toolset.get_integrations(App.OPENAI) == []
    assert toolset.get_integrations(auth_scheme="BASIC") == []
    created = toolset.client.integrations.create("openai", name="Ours", auth_mode="API_KEY")
    assert [each.id for each in toolset.client.integrations.get(app_name="openai")] == [created.id]
    toolset.client.integrations.remove(created.id)
    with pytest.raises(errors.NotFoundError):
        toolset.get_integration(created.id)


def test_fixed_values_are_not_asked_for(toolset: ComposioToolSet) -> None:
    fixed = {"site": "datadoghq.eu"}
    made = toolset.create_integration("datadog", auth_config=fixed)
    assert toolset.create_integration("datadog", auth_config=fixed).id == made.id
    names = [field.name for field in toolset.get_expected_params_for_user(integration_id=made.id).expected_params]
    assert "api_key" in names
    assert "site" not in names
    with pytest.raises(errors.InvalidArgumentError, match="leave integration_id out"):
        toolset.initiate_connection(made.id, entity_id="u", auth_config=fixed, connected_account_params={})
    with pytest.raises(errors.InvalidArgumentError, match="name the app"):
        toolset.initiate_connection(entity_id="u", auth_config=fixed, connected_account_params={})


def test_apps_and_schemes(toolset: ComposioToolSet) -> None:
    app = toolset.client.apps.get("STRIPE")
    assert (app.key, app.slug, app.name) == ("stripe", "stripe", "Stripe")
    assert [scheme.auth_mode for scheme in toolset.get_auth_schemes("stripe")] == ["API_KEY"]
    scheme: Any = toolset.get_auth_scheme_for_app(App.STRIPE)
    assert scheme.scheme_name == scheme.auth_mode == scheme["mode"] == "API_KEY"
    assert [field.name for field in scheme.fields] == ["api_key"]
    assert toolset.fetch_expected_integration_params(app, "API_KEY") == ()
    assert "stripe" in [each.key for each in toolset.client.apps.get()]
    with pytest.raises(errors.UnsupportedSchemeError, match="API_KEY"):
        toolset.get_auth_scheme_for_app("stripe", "OAUTH2")
    with pytest.raises(errors.UnknownAppError):
        toolset.client.apps.get("strype")


def test_both_names_of_an_argument(toolset: ComposioToolSet, integration_id: str) -> None:
    entity = toolset.get_entity("user-1")
    integration = toolset.get_integration(integration_id)
    values = {"connected_account_params": {"api_key": GOOD}}
    made = entity.initiate_connection(integration=integration, auth_mode="API_KEY", auth_scheme="API_KEY", **values)
    assert toolset.get_connected_account(made.id).integration_id == integration_id
    wrong: list[Made] = [
        {"app": "stripe", "app_name": "openai"},
        {"integration": integration, "integration_id": "ac_other"},
        {"app": "stripe", "auth_mode": "BASIC", "auth_scheme": "API_KEY"},
    ]
    for given in wrong:
        with pytest.raises(errors.InvalidArgumentError, match="are the same argument"):
            entity.initiate_connection(**given, **values)
    with pytest.raises(errors.InvalidArgumentError, match="entity_id"):
        entity.initiate_connection(app="stripe", entity_id="user-2", **values)


def test_what_is_missing_is_named(toolset: ComposioToolSet, integration_id: str) -> None:
    with pytest.raises(errors.MissingFieldsError) as raised:
        toolset.initiate_connection(integration_id, entity_id="user-1")
    assert raised.value.fields == ("api_key",)
    with pytest.raises(errors.CredentialsRejectedError):
        toolset.initiate_connection(
            integration_id, entity_id="user-1", connected_account_params={"api_key": "sk_test_wrong"}
        )
    assert toolset.client.connected_accounts.get() == []


def test_the_new_sdks_program(composio: Composio, config_id: str, double: Double) -> None:
    toolkits, accounts = composio.toolkits, composio.connected_accounts
    fields = toolkits.get_connected_account_initiation_fields("stripe", "API_KEY", required_only=True)
    assert [(field.name, field.display_name, field.is_secret) for field in fields] == [("api_key", "Secret key", True)]
    assert toolkits.get_auth_config_creation_fields("stripe", "API_KEY") == ()
    assert toolkits.get("STRIPE").slug == "stripe"

    typed = bytearray(GOOD.encode())
    made = accounts.initiate("user-1", config_id, config=auth_scheme.api_key({"api_key": typed}), alias="main")
    assert not any(typed)
    assert (made.status, made.redirect_url) == ("ACTIVE", None)
    account = made.wait_for_connection(timeout=5)
    assert account == accounts.wait_for_connection(made.id) == accounts.get(made.id)
    assert (account.user_id, account.alias, account.toolkit.slug) == ("user-1", "main", "stripe")
    assert (account.auth_config.id, account.auth_config.auth_scheme) == (config_id, "API_KEY")

    state = auth_scheme.api_key({"api_key": GOOD})
    with pytest.raises(errors.AlreadyExistsError) as raised:
        accounts.initiate("user-1", config_id, config=state)
    assert raised.value.connected_account_id == made.id
    second = accounts.initiate("user-1", config_id, config=state, allow_multiple=True)
    page = accounts.list(user_ids=["user-1"], toolkit_slugs=["stripe"], auth_config_ids=[config_id], limit=1)
    assert ([each.id for each in page], page.next_cursor is None) == ([second.id], False)
    assert [each.id for each in accounts.list(user_ids=["user-1"], limit=1, cursor=page.next_cursor)] == [made.id]
    with pytest.raises(errors.InvalidArgumentError, match="one value"):
        accounts.list(user_ids=["user-1", "user-2"])

    assert accounts.disable(second.id).success
    assert [each.id for each in accounts.list()] == [made.id]
    assert [each.id for each in accounts.list(statuses=["INACTIVE"])] == [second.id]
    assert accounts.update_status(second.id, enabled=True).success

    done = composio.tools.execute(BALANCE, {}, user_id="user-1", dangerously_skip_version_check=True)
    assert done == {"data": {"id": "acct_1"}, "error": None, "successful": True}
    with pytest.raises(errors.InvalidArgumentError) as nobody:
        composio.tools.execute(BALANCE, {})
    assert nobody.value.fields == ("user_id",)
    answer = composio.tools.proxy(
        "/v1/x", "GET", connected_account_id=made.id, parameters=[{"name": "a", "type": "query", "value": "b"}]
    )
    assert (answer.status, answer.data) == (200, {"id": "acct_1"})
    assert double.requests()[-1]["query"] == {"a": "b"}

    raw = composio.client.connected_accounts
    patched = raw.patch(made.id, connection={"state": {"auth_scheme": "API_KEY", "val": {"api_key": GOOD}}}, alias="")
    assert patched.alias is None
    assert accounts.delete(made.id).success
    with pytest.raises(errors.NotFoundError):
        accounts.get(made.id)


def test_auth_configs(composio: Composio, config_id: str) -> None:
    configs = composio.auth_configs
    found = configs.get(config_id)
    assert (found.toolkit.slug, found.auth_scheme, found.status) == ("stripe", "API_KEY", "ENABLED")
    assert [field.name for field in found.expected_input_fields] == ["api_key"]
    assert [each.id for each in configs.list(toolkit_slug="stripe")] == [config_id]
    assert configs.delete(config_id).success
    assert len(configs.list()) == 0
    for options in ({"type": "use_composio_managed_auth"}, {"auth_scheme": "API_KEY", "shared": {}}):
        with pytest.raises(errors.InvalidArgumentError, match="use_custom_auth"):
            configs.create("stripe", options)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"auth_scheme": "API_KEY", "api_key": GOOD, "subdomain": "x"},
            "`api_key`, `subdomain` must stand inside `val`",
        ),
        ({"auth_scheme": "API_KEY", "val": {"status": "ACTIVE"}, "shop": "x"}, "`shop` must stand inside `val`"),
        ({"auth_scheme": "API_KEY", "val": GOOD}, "`val` must be a dict"),
        ({"auth_scheme": "API_KEY", "val": {"status": "INITIATED", "api_key": GOOD}}, "`status` must be ACTIVE"),
    ],
)
def test_credentials_in_the_wrong_place(composio: Composio, config_id: str, config: Made, words: str) -> None:
    with pytest.raises(errors.InvalidArgumentError, match=words) as raised:
        composio.connected_accounts.initiate("user-1", config_id, config=config)
    assert GOOD not in str(raised.value)
    assert len(composio.connected_accounts.list()) == 0


def test_a_config_may_be_absent_or_in_the_other_spelling(composio: Composio, config_id: str) -> None:
    accounts = composio.connected_accounts
    with pytest.raises(errors.MissingFieldsError):
        accounts.initiate("user-1", config_id)
    with pytest.raises(errors.UnsupportedSchemeError):
        accounts.initiate("user-1", config_id, config=auth_scheme.basic({"username": "u"}))
    with pytest.raises(errors.InvalidArgumentError, match="user_id"):
        accounts.initiate("", config_id, config=auth_scheme.api_key({"api_key": GOOD}))
    assert accounts.initiate("user-1", config_id, config={"authScheme": "API_KEY", "val": {"api_key": GOOD}}).id


def test_states_are_dicts_that_show_nothing() -> None:
    assert same_auth_scheme is auth_scheme
    schemes = {
        "api_key": "API_KEY", "basic": "BASIC", "bearer_token": "BEARER_TOKEN", "basic_with_jwt": "BASIC_WITH_JWT",
        "google_service_account": "GOOGLE_SERVICE_ACCOUNT", "calcom_auth": "CALCOM_AUTH",
        "billcom_auth": "BILLCOM_AUTH", "no_auth": "NO_AUTH",
    }  # fmt: skip
    for name, scheme in schemes.items():
        state = getattr(auth_scheme, name)({"secret": CANARY})
        assert state == {"auth_scheme": scheme, "val": {"status": "ACTIVE", "secret": CANARY}}
        assert CANARY not in f"{state} {state!r} {state['val']} {dict(state)!r}"
    assert auth_scheme.no_auth() == {"auth_scheme": "NO_AUTH", "val": {"status": "ACTIVE"}}
    assert auth_scheme.api_key({"status": "INACTIVE"})["val"]["status"] == "INACTIVE"  # type: ignore[dict-item]


def test_names() -> None:
    assert App.STRIPE == App("Stripe") == "STRIPE"
    assert App.STRIPE != "openai"
    assert {App.STRIPE: 1}[App("stripe")] == 1
    assert (App.GOOGLE_MAPS.value, str(App.GOOGLE_MAPS), App.GOOGLE_MAPS.name) == (*["google_maps"] * 2, "GOOGLE_MAPS")
    assert Action.STRIPE_RETRIEVE_BALANCE == "stripe_retrieve_balance"
    assert repr(Action("a_b")) == "Action('A_B')"
    for name in ("stripe", "_private", "__wrapped__"):
        assert not hasattr(App, name)
    for text in ("", "two words", "a/b", None):
        with pytest.raises(errors.InvalidArgumentError):
            App(text)  # type: ignore[arg-type]


def test_what_is_not_here_says_so(toolset: Any, composio: Any) -> None:
    absent = [
        (toolset, "get_tools", "frameworks"),
        (toolset, "create_trigger_listener", "triggers"),
        (toolset, "get_auth_params", "never handed out"),
        (toolset.client.connected_accounts, "info", "never handed out"),
        (composio, "triggers", "triggers"),
        (composio.connected_accounts, "link", "no redirect"),
        (composio.toolkits, "authorize", "no redirect"),
        (composio.client, "tools", "drop-in.md"),
        (auth_scheme, "oauth2", "no redirect"),
    ]
    for where, name, words in absent:
        assert not hasattr(where, name)
        with pytest.raises(AttributeError, match=words):
            getattr(where, name)


def test_which_backend_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("COMPOSIO_API_KEY", raising=False)
    vault = tmp_path / "data/keylatch/vault.db"
    ComposioToolSet().close()
    assert vault.exists()
    vault.unlink()
    # An address that nobody answers: opening sends nothing.
    monkeypatch.setenv("COMPOSIO_BASE_URL", "https://composio.invalid")
    monkeypatch.setenv("COMPOSIO_API_KEY", "ak_example")
    ComposioToolSet().close()
    Composio(allow_tracking=False, timeout=5).close()
    assert not vault.exists()
    # A vault that the program names is not sent elsewhere because of the environment.
    ComposioToolSet(path=tmp_path / "named.db").close()
    assert (tmp_path / "named.db").exists()
    for given in ({"api_key": "ak_example"}, {"base_url": "https://composio.invalid"}, {"api_version": "v1"}):
        with pytest.raises(errors.InvalidArgumentError, match="belongs to a vault"):
            ComposioToolSet(path=tmp_path / "other.db", **given)  # type: ignore[arg-type]
    monkeypatch.delenv("COMPOSIO_API_KEY")
    with pytest.raises(errors.InvalidArgumentError, match="COMPOSIO_API_KEY"):
        Composio(base_url="https://composio.invalid")


def test_a_client_of_ones_own_wins_and_stays_open(
    client: Keylatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSIO_API_KEY", "ak_example")
    with ComposioToolSet(api_key="ak_other", client=client) as toolset, Composio(client=client) as composio:
        assert toolset.client.keylatch is client
        assert len(composio.connected_accounts.list()) == 0
    assert client.apps.list()
    with ComposioToolSet(path=tmp_path / "own.db") as own:
        keylatch = own.client.keylatch
    with pytest.raises(errors.ClosedError):
        keylatch.apps.list()
