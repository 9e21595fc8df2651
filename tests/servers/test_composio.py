"""Tests of the Composio server: the contract's examples, strictness, masking and faults."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE / "composio"))
from driving import Project, Servers, creation, expect, running  # noqa: E402

import examples  # noqa: E402

SECRET = "example-key-value"
pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running(tmp_path_factory.mktemp("composio")) as started:
        yield started


@pytest.fixture
def project(servers: Servers) -> Project:
    return Project(*servers)


def test_the_examples_of_v3_1(project: Project) -> None:
    expect(project.new("GET", "/toolkits/shopify"), examples.TOOLKIT)
    custom = {"type": "use_custom_auth", "name": "Shopify keys", "authScheme": "API_KEY", "credentials": {}}
    made = project.new("POST", "/auth_configs", {"toolkit": {"slug": "shopify"}, "auth_config": custom}, 201)
    expect(made, examples.AUTH_CONFIG_MADE)
    config = made["auth_config"]["id"]
    body = creation(config, api_key=SECRET, shop="demo-store")
    body["connection"]["alias"] = "main-store"
    made = project.new("POST", "/connected_accounts", body, 201)
    expect(made, examples.ACCOUNT_MADE)
    assert config.startswith("ac_") and made["id"].startswith("ca_")
    expect(project.new("GET", f"/connected_accounts/{made['id']}"), examples.ACCOUNT)
    expect(project.new("GET", "/connected_accounts"), examples.ACCOUNT_LIST)
    expect(project.new("POST", "/connected_accounts", creation(config), 400), examples.MISSING_FIELDS)
    assert project.http("GET", f"/api/v3/connected_accounts/{made['id']}").status == 200


def test_the_examples_of_v1_and_v2(project: Project) -> None:
    app = project.old("GET", "/v1/apps/SHOPIFY")
    expect(app, examples.APP)
    made = project.old("POST", "/v1/integrations", {"appId": app["appId"], "useComposioAuth": True})
    expect(project.old("GET", f"/v1/integrations/{made['id']}"), examples.INTEGRATION)
    values = {"api_key": SECRET, "shop": "demo-store"}
    body = {"integrationId": made["id"], "userUuid": "user_42", "data": values, "labels": [], "redirectUri": None}
    account = project.old("POST", "/v1/connectedAccounts", body)
    expect(account, examples.OLD_ACCOUNT_MADE)
    expect(project.old("GET", "/v1/integrations?pageSize=999&showDisabled=false"), examples.INTEGRATION_LIST)
    expect(project.old("GET", f"/v1/connectedAccounts/{account['connectedAccountId']}"), examples.OLD_ACCOUNT)
    expect(
        project.old("POST", "/v1/connectedAccounts", {**body, "data": {"shop": "x"}}, 400), examples.OLD_MISSING_FIELDS
    )
    connection = {"entityId": "user_42", "initiateData": values, "extra": {"redirectURL": "", "labels": []}}
    body = {"app": {"integrationId": made["id"]}, "config": {"useComposioAuth": False}, "connection": connection}
    expect(project.old("POST", "/v2/connectedAccounts/initiateConnection", body), examples.INITIATED)
    body["app"] = {"uniqueKey": "stripe"}
    assert project.old("POST", "/v2/connectedAccounts/initiateConnection", body)["integration"]["isNewIntegration"]
    # The same account, seen by the new API.
    assert [one["uuid"] for one in (item["deprecated"] for item in project.new("GET", "/connected_accounts")["items"])][
        -1
    ] == account["connectedAccountId"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 906),
        ({"x-api-key": "ak_unknown"}, 801),
        ({"x-api-key": "test"}, 801),
        ({"x-api-key": "ak_test", "x-user-api-key": "uak_1"}, 10401),
        ({"x-api-key": "ak_test", "x-org-api-key": "oak_1"}, 10401),
        ({"x-user-api-key": "uak_1"}, 2113),
    ],
    ids=str,
)
def test_keys(project: Project, headers: dict[str, str], code: int) -> None:
    answer = project.http("GET", "/api/v3.1/toolkits", None, headers)
    assert (answer.status, answer.body["error"]["code"]) == (401, code)
    assert answer.headers["x-request-id"] == answer.body["error"]["request_id"]
    assert "unknown" not in str(answer.body)
    if code in (906, 801):
        old = project.http("GET", "/api/v1/apps", None, headers)
        assert (old.status, old.body["status"]) == (401, 401) and set(old.body) >= {"type", "name", "requestId"}


def with_state(body: Any, state: Any) -> Any:
    return {**body, "connection": {**body["connection"], "state": state}}


def test_strictness_of_connecting(project: Project) -> None:
    config = project.auth_config()
    good = creation(config, api_key=SECRET, shop="s")
    names = ("Admin API token", "Store name")
    post, path = "POST", "/connected_accounts"
    flat = {"authScheme": "API_KEY", "api_key": SECRET, "shop": "s"}
    project.refused(post, path, with_state(good, flat), 400, 612, *names)
    project.refused(post, path, {**good, "connection": {"user_id": "u"}}, 400, 612, *names)
    project.refused(post, path, creation(config, shop="s"), 400, 612, names[0])
    no_status = {"authScheme": "API_KEY", "val": {"api_key": SECRET, "shop": "s"}}
    project.refused(post, path, with_state(good, no_status), 400, 600, "connection.state.val.status")
    project.refused(post, path, creation(config, status="REVOKED", api_key=SECRET, shop="s"), 400, 600, "status")
    project.refused(post, path, creation(config, scheme="BASIC", username="u"), 400, 600, "authScheme BASIC")
    project.refused(post, path, with_state(good, {**flat, "authScheme": "KEY"}), 400, 600, "authScheme")
    project.refused(post, path, creation(config, api_key=[1], shop="s"), 400, 600, "connection.state.val.api_key")
    project.refused(post, path, {**good, "colour": 1}, 400, 600, "colour")
    project.refused(post, path, {**good, "connection": {**good["connection"], "userId": "u"}}, 400, 600, "userId")
    project.refused(post, path, {"connection": {}}, 400, 600, "auth_config: Required")
    project.refused(post, path, creation("ac_none"), 404, 10404, "ac_none")
    project.refused(post, path, "{", 400, 10400, "JSON")
    project.refused("GET", "/connected_accounts/ca_none", None, 404, 606)
    project.refused("PUT", "/connected_accounts/ca_none", None, 405, 10405)
    project.refused("GET", "/nothing", None, 404, 10404)
    assert project.control("GET", "/accounts")["items"] == []
    made = project.new(post, path, {**good, "connection": {"state": good["connection"]["state"]}}, 201)
    assert project.new("GET", f"{path}/{made['id']}")["user_id"] == "default"
    assert project.account(config, status="INITIATED"), "nothing is required before it is ACTIVE"


def test_lists_of_accounts(project: Project) -> None:
    config, other = project.auth_config(), project.auth_config("stripe")
    first = project.account(config, "a", api_key=SECRET, shop="1")
    second = project.account(config, "b", api_key=SECRET, shop="2")
    third = project.account(other, "a", api_key=SECRET)

    def ids(query: str) -> list[str]:
        return [item["id"] for item in project.new("GET", f"/connected_accounts?{query}")["items"]]

    assert ids("") == [third, second, first]
    assert ids("order_by=created_at&order_direction=asc") == [first, second, third]
    assert ids("user_ids=a%2Cb&toolkit_slugs=SHOPIFY") == ids("user_ids=a&user_ids=b&toolkit_slugs=shopify")
    assert ids("user_ids=a") == [third, first] and ids(f"auth_config_ids={other}") == [third]
    assert ids(f"connected_account_ids={first},{third}") == [third, first]
    assert ids("account_type=SHARED") == []
    page = project.new("GET", "/connected_accounts?limit=2")
    assert [page[name] for name in ("current_page", "total_pages", "total_items")] == [1, 2, 3]
    assert ids(f"limit=2&cursor={page['next_cursor']}") == [first]
    project.new("PATCH", f"/connected_accounts/{first}/status", {"enabled": False})
    assert ids("") == [third, second] and ids("statuses=INACTIVE") == [first]
    assert project.new("GET", f"/connected_accounts/{first}")["is_disabled"] is True
    assert ids("order_by=updated_at&statuses=ACTIVE,INACTIVE")[0] == first
    project.new("PATCH", f"/connected_accounts/{first}/status", {"enabled": True})
    assert project.new("GET", f"/connected_accounts/{first}")["status"] == "ACTIVE"
    for query in ("limit=1001", "limit=x", "cursor=x", "statuses=GONE", "user_ids=", "order_by=id"):
        assert project.http("GET", f"/api/v3.1/connected_accounts?{query}").status == 400, query


def test_rotation_alias_revocation(project: Project) -> None:
    config = project.auth_config()
    id = project.account(config, api_key=SECRET, shop="s")
    path = f"/connected_accounts/{id}"

    def rotation(**val: Any) -> Any:
        return {"connection": {"state": {"authScheme": "API_KEY", "val": val}}}

    answer = project.new("PATCH", path, {**rotation(api_key="rotated-value"), "alias": "one"})
    assert answer == {"id": id, "status": "ACTIVE", "success": True}
    assert project.new("GET", path)["alias"] == "one"
    wanted = {"status": "ACTIVE", "api_key": "rotated-value", "shop": "s"}
    assert project.control("GET", "/accounts")["items"][0]["val"] == wanted
    for val, code in (
        ({"status": "ACTIVE"}, 600),
        ({"api_key": "rota..."}, 600),
        ({"shop": None}, 612),
        ({"x": ""}, 600),
    ):
        project.refused("PATCH", path, rotation(**val), 400, code)
    basic = {"connection": {"state": {"authScheme": "BASIC", "val": {"username": "u"}}}}
    project.refused("PATCH", path, basic, 400, 600, "authScheme BASIC")
    body = creation(config, api_key=SECRET, shop="s")
    body["connection"]["alias"] = "one"
    project.refused("POST", "/connected_accounts", body, 400, 600, "already in use")
    project.new("PATCH", path, {"alias": ""})
    assert project.new("GET", path)["alias"] is None
    assert project.new("POST", f"{path}/refresh", {}) == {"id": id, "status": "ACTIVE", "redirect_url": None}
    revoked = project.new("POST", f"{path}/revoke")
    assert revoked["connected_account"] == {"id": id, "status": "REVOKED"}
    assert project.http("POST", f"/api/v3.1{path}/revoke").status == 409
    assert project.new("DELETE", f"{path}?revoke_on_delete=true")["revoke_job_id"]
    project.refused("GET", path, None, 404, 606)


def test_auth_configs(project: Project) -> None:
    path = "/auth_configs"
    first, second = (
        project.auth_config(base_url="https://a.test", token="developer-secret"),
        project.auth_config("stripe"),
    )
    project.account(first, api_key=SECRET, shop="s")
    one = project.new("GET", f"{path}/{first}")
    assert (one["no_of_connections"], one["status"], one["type"]) == (1, "ENABLED", "custom")
    assert one["credentials"] == {"base_url": "https://a.test", "token": "deve..."}
    expect(one["expected_input_fields"], examples.OLD_FIELDS)
    assert isinstance(one["created_by"], str)
    for change in (f"{path}/{first}", {"type": "custom", "name": "Keys"}), (f"{path}/{first}/DISABLED", None):
        assert sorted(project.new("PATCH", *change)) == ["message", "success"]
    assert [item["id"] for item in project.new("GET", path)["items"]] == [second]
    assert len(project.new("GET", f"{path}?show_disabled=true&toolkit_slug=shopify")["items"]) == 1
    project.refused("POST", "/connected_accounts", creation(first, api_key="k", shop="s"), 400, 600, "disabled")
    assert project.http("PATCH", f"/api/v3.1{path}/{first}", {"type": "default"}).status == 400
    assert project.new("DELETE", f"{path}/{first}")["success"]
    assert project.control("GET", "/accounts")["items"] == []
    project.refused("GET", f"{path}/{first}", None, 404, 10404)

    def wanted(slug: str, scheme: str | None = None) -> Any:
        custom: Any = {"type": "use_custom_auth", "authScheme": scheme, "credentials": {}}
        return {"toolkit": {"slug": slug}, **({"auth_config": custom} if scheme else {})}

    project.refused("POST", path, wanted("unknown", "API_KEY"), 404, 10404)
    project.refused("POST", path, wanted("stripe", "BASIC"), 400, 10400, "API_KEY")
    project.refused("POST", path, wanted("stripe"), 400, 10400, "not manage")
    project.refused("POST", path, wanted("developer_fields", "API_KEY"), 400, 10400, "Partner key")
    managed = project.new("POST", path, wanted("oauth_only"), 201)["auth_config"]
    assert managed["is_composio_managed"]
    project.refused("POST", "/connected_accounts", creation(managed["id"]), 400, 600, "no longer supported")
    hidden = project.new("GET", f"{path}/{project.auth_config('hidden_field')}")["expected_input_fields"]
    assert [(field["name"], field.get("user_visible")) for field in hidden] == [("api_key", None), ("region", False)]


def test_toolkits_that_are_special(project: Project) -> None:
    def details(slug: str) -> Any:
        return project.new("GET", f"/toolkits/{slug}").get("auth_config_details")

    assert details("no_details") is None and "auth_config_details" not in project.new("GET", "/toolkits/no_details")
    assert [one["mode"] for one in details("two_keys")] == ["API_KEY", "BEARER_TOKEN"]
    fields = details("unmarked_secret")[0]["fields"]["connected_account_initiation"]["required"]
    assert "is_secret" not in fields[0]
    hidden = project.account(project.auth_config("hidden_field"), api_key=SECRET)
    val = project.new("GET", f"/connected_accounts/{hidden}")["state"]["val"]
    assert (val["region"], val["base_url"]) == ("eu", "https://eu.example.test")
    licence = project.account(project.auth_config("unmarked_secret"), licence="12345-67890")
    assert project.new("GET", f"/connected_accounts/{licence}")["data"]["licence"] == "1234..."
    path = "/connected_accounts"
    body = creation(project.auth_config("two_keys", "BEARER_TOKEN"), scheme="BEARER_TOKEN", api_key="x")
    project.refused("POST", path, body, 400, 612, "Access token")
    listed = project.new("GET", "/toolkits?limit=1000&search=STRIPE")["items"]
    assert [item["slug"] for item in listed] == ["stripe"] and listed[0]["meta"]["categories"][0]["id"] == "finance"
    assert len(project.new("POST", "/toolkits/multi", {"toolkits": ["stripe", "github"]})["items"]) == 2
    # An address with a secret in it is not shown.
    telegram = project.account(project.auth_config("telegram"), bot_token="1234567:secret")
    assert "base_url" not in project.new("GET", f"{path}/{telegram}")["state"]["val"]


def test_links(project: Project) -> None:
    config = project.auth_config()
    made = project.new("POST", "/connected_accounts/link", {"auth_config_id": config, "user_id": "u"}, 201)
    expect(made, {"link_token": str, "redirect_url": str, "expires_at": str, "connected_account_id": str})
    path = f"/connected_accounts/{made['connected_account_id']}"
    assert project.new("GET", path)["status"] == "INITIATED"
    project.control("PATCH", f"/accounts/{made['connected_account_id']}", {"status": "FAILED", "status_reason": "why"})
    assert project.new("GET", path)["status_reason"] == "why"


def test_scripts(project: Project) -> None:
    mine = {"slug": "mine", "name": "Mine", "schemes": [{"auth_scheme": "NO_AUTH", "fields": []}]}
    override = {"stripe": {"get_current_user_endpoint": None}}
    project.auth_config()
    project.control("PUT", "", {"toolkits": [mine], "toolkit_overrides": override})
    assert project.new("GET", "/auth_configs")["items"] == [], "a new script starts afresh"
    assert project.new("GET", "/toolkits/mine")["name"] == "Mine"
    assert project.new("GET", "/toolkits/STRIPE")["get_current_user_endpoint"] is None
    scripts: list[Any] = [
        [],
        {"toolkit": []},
        {"toolkits": [{"slug": "x"}]},
        {"toolkit_overrides": {"none": {}}},
        {"faults": [{"on": "GET"}]},
        {"faults": [{"on": "GET /x"}]},
        {"faults": [{"on": "GET /x", "fault": "fire"}]},
    ]
    for script in scripts:
        assert project.http("PUT", "/_control/test", script).status == 400, script
    stray = {**project.key, "common": json.dumps({"x-api-key": "ak_test"}), "X-Thing": "1"}
    project.http("GET", "/api/v3.1/toolkits?a=1&a=2&b=", None, stray)
    log = project.control("GET", "/requests")
    item = log["items"][-1]
    assert (item["method"], item["path"], item["query"]) == ("GET", "/api/v3.1/toolkits", {"a": ["1", "2"], "b": ""})
    assert item["headers"]["x-thing"] == "1" and "common" not in item["headers"] and item["body"] is None
    assert item["http"] == "1.1"
    assert item["connection"] == log["connections"] == 4, "each of our requests has a connection of its own"
    project.control("DELETE")
    project.refused("GET", "/toolkits", None, 401, 801)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"fault": "reset"}, ConnectionError),
        ({"fault": "hang"}, TimeoutError),
        ({"fault": "cut"}, http.client.IncompleteRead),
        ({"fault": "garbage"}, json.JSONDecodeError),
        ({"fault": "slow", "delay_ms": 2500}, TimeoutError),
    ],
    ids=str,
)
@pytest.mark.parametrize("after", [False, True])
def test_breaking(project: Project, fault: Any, error: type[Exception], after: bool) -> None:
    body = creation(project.auth_config(), api_key=SECRET, shop="s")
    project.faults({"on": "POST /connected_accounts", "after": after, **fault})
    with pytest.raises(error):
        project.new("POST", "/connected_accounts", body, 201)
    acted = after or fault["fault"] == "slow"
    assert len(project.control("GET", "/accounts")["items"]) == acted
    project.new("POST", "/connected_accounts", body, 201)


def test_faulty_answers(project: Project) -> None:
    project.faults(
        {"on": "GET /toolkits/*", "skip": 1, "times": 2, "status": 503, "headers": {"retry-after": "1"}},
        {"on": "* /auth_configs", "status": 418, "json": {"a": 1}},
        {"on": "GET /apps/*", "times": None, "status": 500},
        {"on": "GET /tools", "fault": "empty"},
        {
            "on": "GET /toolkits",
            "patch": {"set": {"/next_cursor": 1}, "remove": ["/items/0"], "rename": {"/items": "i"}},
        },
        {"on": "GET /toolkits", "patch": {"remove": ["/nothing"]}},
    )
    answers = [project.http("GET", "/api/v3.1/toolkits/stripe") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["retry-after"] == "1" and answers[1].body["error"]["status"] == 503
    assert answers[1].headers["x-request-id"] == answers[1].body["error"]["request_id"]
    assert project.http("PATCH", "/api/v3.1/auth_configs").body == {"a": 1}
    assert project.http("GET", "/api/v1/apps/stripe").body["type"] == "InternalServerError"
    assert project.http("GET", "/api/v3.1/tools").body == ""
    patched = project.new("GET", "/toolkits?limit=3")
    assert patched["next_cursor"] == 1 and len(patched["i"]) == 2 and "items" not in patched
    assert "/nothing" in project.new("GET", "/toolkits", None, 500)["error"]["message"]


def test_the_rest_of_v1(project: Project) -> None:
    assert isinstance(project.old("GET", "/v1/client/auth/client_info"), dict)
    assert project.old("GET", "/v1/triggers") == []
    assert len(project.old("GET", "/v1/apps")["items"]) > 60 and project.old("GET", "/v2/actions")["items"]
    body = {"app": {"uniqueKey": "stripe"}, "config": {"useComposioAuth": False, "authScheme": "API_KEY"}}
    first = project.old("POST", "/v2/integrations/create", body)["integrationId"]
    assert project.old("POST", "/v2/integrations/get-or-create", body) == {
        "integrationId": first,
        "isNewIntegration": False,
    }
    body = {"integrationId": first, "userUuid": "e", "entityId": "e", "data": {"api_key": SECRET}, "labels": ["l"]}
    path = "/v1/connectedAccounts"
    id = project.old("POST", path, body)["connectedAccountId"]
    for query, count in (
        ("", 1),
        ("?user_uuid=e,f", 1),
        ("?entityId=f", 0),
        ("?appNames=STRIPE&labels=l", 1),
        ("?showActiveOnly=true&pageSize=99999999", 1),
        ("?status=FAILED", 0),
    ):
        assert len(project.old("GET", path + query)["items"]) == count, query
    assert project.old("POST", f"{path}/{id}/disable") == {"status": "success"}
    assert (
        project.old("GET", path)["items"] == [] and len(project.old("GET", f"{path}?showDisabled=true")["items"]) == 1
    )
    assert project.old("GET", f"{path}/{id}")["isDisabled"] is True
    project.old("POST", f"{path}/{id}/enable")
    again = project.old("POST", f"{path}/{id}/reinitiate", {"data": {"api_key": "another-value"}})
    assert again == {"connectionStatus": "ACTIVE", "connectedAccountId": id, "redirectUrl": None}
    project.old("POST", f"{path}/{id}/data", {"labels": []})
    assert project.old("PATCH", f"/v1/integrations/{first}", {"enabled": False}) == {"status": "success"}
    assert project.old("GET", "/v1/integrations?appName=stripe")["items"] == []
    project.old("POST", path, body, 400)
    assert project.old("POST", path, {**body, "user": 1}, 400)["details"][0]["property"] == "user"
    assert project.old("DELETE", f"{path}/{id}") == {"status": "success", "count": 1}
    assert project.old("GET", f"{path}/{id}", None, 404)["name"] == "ConnectedAccountNotFoundError"
    assert project.old("DELETE", f"/v1/integrations/{first}") == {"status": "success", "count": 1}
    assert project.old("GET", "/v1/apps/none", None, 404)["name"] == "AppNotFoundError"


def test_no_secret_in_any_answer(project: Project) -> None:
    secret = "do-not-show-me"
    for item in project.new("GET", "/toolkits?limit=1000")["items"]:
        for detail in project.new("GET", f"/toolkits/{item['slug']}").get("auth_config_details", []):
            scheme, groups = detail["mode"], detail["fields"]
            every = [*groups["auth_config_creation"]["required"], *groups["connected_account_initiation"]["required"]]
            values = {one["name"]: secret if one.get("is_secret", True) else "plain" for one in every}
            values |= {one["name"]: "https://plain.test" for one in every if "url" in one["name"]}
            if scheme == "OAUTH2":
                values["access_token"] = secret
            config = project.auth_config(item["slug"], scheme, **values)
            body = creation(config, scheme=scheme, **values)
            made = project.http("POST", "/api/v3.1/connected_accounts", body)
            id, uuid = made.body["id"], made.body["deprecated"]["uuid"]
            shown = [
                made.body,
                project.new("GET", f"/connected_accounts/{id}"),
                project.new("GET", f"/auth_configs/{config}"),
                project.old("GET", f"/v1/connectedAccounts/{uuid}"),
            ]
            assert secret not in json.dumps(shown), item["slug"]
    lists = [
        project.http("GET", f"/api{path}").body
        for path in (
            "/v3.1/connected_accounts?limit=1000",
            "/v3.1/auth_configs?limit=1000",
            "/v1/integrations?pageSize=999",
            "/v1/connectedAccounts?pageSize=999",
        )
    ]
    assert secret not in json.dumps(lists) and all(len(one["items"]) > 70 for one in lists)


def test_https_is_trusted_by_the_shared_file(project: Project) -> None:
    context = ssl.create_default_context(cafile=str(project.ca))
    for ports in (project.ports, project.provider):
        connection = http.client.HTTPSConnection("localhost", ports["https"], timeout=5, context=context)
        connection.request("GET", "/")
        assert connection.getresponse().status == 404
        connection.close()


def test_trying_it(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "composio" / "main.py"), "--try", "--port", "0"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    while "Ctrl-C" not in said:
        said += process.stdout.readline()
    environment = dict(line.strip().removeprefix("export ").split("=") for line in said.splitlines() if "=" in line)
    port = int(environment["COMPOSIO_BASE_URL"].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/api/v3.1/toolkits/stripe", headers={"x-api-key": environment["COMPOSIO_API_KEY"]})
    assert connection.getresponse().status == 200
    connection.close()
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode == 0
