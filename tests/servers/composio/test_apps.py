"""Tests of tools and proxied requests, with the provider double as the app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from driving import Project, Servers, creation, expect, running

import examples

SECRET = "example-key-value"
pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running(tmp_path_factory.mktemp("composio")) as started:
        yield started


@pytest.fixture
def project(servers: Servers) -> Project:
    return Project(*servers)


def test_tools_call_the_app(project: Project) -> None:
    need = {"header": {"X-Store-Access-Token": SECRET}}
    base_url = project.play({"GET /admin/api/shop.json": [{"require": need, "json": {"shop": {"name": "Demo store"}}}]})
    config = project.auth_config(base_url=base_url)
    id = project.account(config, api_key=SECRET, shop="s")
    path = "/tools/execute/SHOPIFY_GET_SHOP"
    both = {"arguments": {}, "user_id": "user_42", "connected_account_id": id, "version": "latest"}
    expect(project.new("POST", path, both), examples.EXECUTED)
    expect(project.new("POST", path, {"arguments": {}, "user_id": "user_42"}), examples.EXECUTED)
    body: Any = {"entityId": "user_42", "appName": "SHOPIFY", "input": {}, "text": None, "allowTracing": False}
    expect(project.old("POST", "/v2/actions/SHOPIFY_GET_SHOP/execute", body), examples.OLD_EXECUTED)
    assert project.old("GET", "/v2/actions/shopify_get_shop")["appName"] == "shopify"
    assert project.new("GET", "/tools/SHOPIFY_GET_SHOP?toolkit_versions=latest")["toolkit"]["slug"] == "shopify"
    assert [tool["slug"] for tool in project.new("GET", "/tools?toolkit_slug=shopify")["items"]] == ["SHOPIFY_GET_SHOP"]
    project.refused("POST", path, {"user_id": "nobody"}, 404, 1810)
    project.refused("POST", path, {**both, "user_id": "nobody"}, 404, 1810)
    project.refused("POST", "/tools/execute/SHOPIFY_NONE", {}, 404, 10404)
    project.refused("POST", path, {"argument": {}}, 400, 10400, "argument")
    brought = {"authScheme": "API_KEY", "toolkitSlug": "shopify", "val": {"api_key": SECRET, "base_url": base_url}}
    expect(project.new("POST", path, {"custom_connection_data": brought}), examples.EXECUTED)
    header = {"in": "header", "name": "X-Store-Access-Token", "value": SECRET}
    expect(
        project.new("POST", path, {"custom_auth_params": {"base_url": base_url, "parameters": [header]}}),
        examples.EXECUTED,
    )
    wrong = project.account(config, "other", api_key="wrong", shop="s")
    failed = project.new("POST", path, {"connected_account_id": wrong})
    assert (failed["successful"], failed["error"]) == (False, "The app answered 401 Unauthorized")
    project.control("PATCH", f"/accounts/{id}", {"status": "EXPIRED"})
    project.refused("POST", path, both, 422, 10422, "EXPIRED")


def test_arguments_and_unreachable_apps(project: Project) -> None:
    base_url = project.play({"* *": [{"echo": True}]})
    actions: list[Any] = [
        {
            "name": "MINE_GET",
            "description": "",
            "method": "GET",
            "path": "/a/{id}",
            "params": [{"name": "id", "required": True}, {"name": "limit", "type": "integer"}],
        },
        {
            "name": "MINE_FORM",
            "description": "",
            "method": "POST",
            "path": "/f",
            "encoding": "form",
            "params": [{"name": "on", "type": "boolean"}],
        },
        {"name": "MINE_JSON", "description": "", "method": "POST", "path": "/j", "params": [{"name": "n"}]},
    ]
    scheme = {"auth_scheme": "NO_AUTH", "fields": [], "base_url": base_url, "headers": {"X-Fixed": "1"}}
    mine = {"slug": "mine", "name": "Mine", "schemes": [scheme], "actions": actions}
    dead = {
        **mine,
        "slug": "dead",
        "actions": [{**actions[2], "name": "DEAD_JSON"}],
        "schemes": [{**scheme, "base_url": f"http://127.0.0.1:{project.provider['dead']}"}],
    }
    project.control("PUT", "", {"toolkits": [mine, dead]})

    def run(tool: str, **arguments: Any) -> Any:
        return project.new("POST", f"/tools/execute/{tool}", {"arguments": arguments})

    seen = run("MINE_GET", id="x y/z", limit=2)["data"]
    assert (seen["path"], seen["query"], seen["headers"]["x-fixed"]) == ("/a/x%20y%2Fz", {"limit": "2"}, "1")
    assert run("MINE_FORM", on=True)["data"]["body"] == "on=true"
    assert run("MINE_JSON", n=1)["data"]["body"] == '{"n": 1}'
    assert "id" in run("MINE_GET")["error"]
    failed = run("DEAD_JSON")
    assert not failed["successful"] and "could not be reached" in failed["error"]


@pytest.mark.parametrize(
    ("toolkit", "scheme", "values", "need"),
    [
        ("basic_login", "BASIC", {"username": "ada", "password": SECRET}, {"basic": f"ada:{SECRET}"}),
        ("generic_key", "API_KEY", {"generic_api_key": SECRET}, {"query": {"key": SECRET}}),
        ("github", "BEARER_TOKEN", {"access_token": SECRET}, {"header": {"Authorization": f"Bearer {SECRET}"}}),
    ],
)
def test_proxying(project: Project, toolkit: str, scheme: str, values: dict[str, str], need: Any) -> None:
    base_url = project.play({"* *": [{"require": need, "status": 201, "json": [1], "headers": {"X-Up": "y"}}]})
    config = project.auth_config(toolkit, scheme, base_url=base_url)
    made = project.new("POST", "/connected_accounts", creation(config, scheme=scheme, **values), 201)
    path, request = "/tools/execute/proxy", {"connected_account_id": made["id"], "endpoint": "/me", "method": "GET"}
    answer = project.new("POST", path, request)
    assert (answer["status"], answer["data"], answer["headers"]["x-up"]) == (201, [1], "y")
    more = {"endpoint": f"{base_url}/x?a=1", "method": "POST", "body": {"b": 1}}
    parameters = [{"name": "q", "type": "query", "value": "1 2"}, {"name": "X-Q", "type": "header", "value": "h"}]
    assert project.new("POST", path, {**request, **more, "parameters": parameters})["status"] == 201
    seen = project.http("GET", "/_control/app/requests", None, {}, project.provider["http"]).body["items"][-1]
    assert (seen["path"], seen["body"], seen["headers"]["x-q"]) == ("/x", '{"b": 1}', "h")
    assert seen["query"].items() >= {"a": "1", "q": "1 2"}.items()
    assert project.new("POST", path, {**request, "method": "HEAD"})["data"] is None
    for endpoint in ("https://elsewhere.example/me", "https://localhost:1/me"):
        project.refused("POST", path, {**request, "endpoint": endpoint}, 400, 10400, "origin")
    project.refused("POST", path, {**request, "parameters": [{"in": "query"}]}, 400, 10400, "type: Required")
    assert project.http("POST", "/api/v3/tools/execute/proxy", request).status == 410
    uuid = made["deprecated"]["uuid"]
    old = {"connectedAccountId": uuid, "endpoint": "/me", "method": "GET", "parameters": [], "body": None}
    answer = project.old("POST", "/v2/actions/proxy", old)
    assert answer == {"data": {"value": [1]}, "error": None, "successful": True, "successfull": True}
    info = project.old("GET", f"/v1/connectedAccounts/{uuid}/info")
    assert info["base_url"] == base_url and len(info["parameters"]) >= 1
    dead = {**values, "base_url": f"http://127.0.0.1:{project.provider['dead']}"}
    id = project.new("POST", "/connected_accounts", creation(config, scheme=scheme, **dead), 201)["id"]
    project.refused("POST", path, {**request, "connected_account_id": id}, 502, 10502)
