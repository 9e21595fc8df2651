"""A program that uses every call, for `mypy --strict`: what it asserts are the types that users see."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, assert_type

from keylatch import (
    Action,
    ActionParam,
    ActionResult,
    App,
    AsyncConnectionRequest,
    AsyncEntity,
    AsyncKeylatch,
    AsyncResponseStream,
    AuditCheck,
    AuditEntry,
    AuditLog,
    Connection,
    ConnectionRequest,
    Diagnosis,
    Entity,
    ExpectedParams,
    Expired,
    Exported,
    Field,
    FieldCondition,
    Imported,
    Integration,
    Keylatch,
    KeylatchError,
    KeyOrigin,
    Page,
    Paging,
    Permission,
    Recheck,
    Rechecks,
    Response,
    ResponseStream,
    Rotation,
    Secret,
    Upstream,
    Verification,
    diagnose,
    errors,
    set_log,
)


def secrets() -> None:
    with Secret.take(bytearray(b"key")) as secret:
        assert_type(secret, Secret)
        assert_type(secret.expose(), bytes)
        assert_type(len(secret), int)
        assert_type(secret == Secret("key"), bool)
        assert_type(str(secret), str)
        secret.wipe()


def results(info: ExpectedParams, made: ConnectionRequest, answer: Response) -> None:
    assert_type(info.expected_params, tuple[Field, ...])
    assert_type(info.expectedInputFields, tuple[Field, ...])
    assert_type(info["expectedInputFields"], Any)
    assert_type(info.expected_params[0].displayName, str)
    assert_type(info.expected_params[0].is_secret, bool)
    assert_type(info.expected_params[0].enum, tuple[str, ...] | None)
    assert_type(info.expected_params[0].enum_labels, tuple[str, ...] | None)
    assert_type(info.expected_params[0].when, FieldCondition | None)
    assert_type(info.developer_params, tuple[Field, ...])
    assert_type(info.json_schema, dict[str, Any])
    assert_type(made.connection_status, str)
    assert_type(made.connectionStatus, str)
    assert_type(made.redirectUrl, str | None)
    assert_type(made.evidence[0].status, int | None)
    assert_type(made.warnings[0].message, str)
    assert_type(made.to_dict(), dict[str, Any])
    assert_type(answer.status, int)
    assert_type(answer.headers["content-type"], str)
    assert_type(answer.headers.get("retry-after"), str | None)
    assert_type(answer.headers.get_all("set-cookie"), list[str])
    assert_type(answer.body, bytes)
    assert_type(answer.text, str)
    assert_type(answer.json(), Any)


def actions(app: App, result: ActionResult) -> None:
    assert_type(app.actions, tuple[Action, ...])
    assert_type(app.actions[0].params, tuple[ActionParam, ...])
    assert_type(result.data, dict[str, Any])
    assert_type(result["successful"], Any)
    assert_type(result.log_id, str | None)


def problems() -> None:
    try:
        Keylatch()
    except errors.RateLimitedError as error:
        assert_type(error.retry_after, float | None)
    except KeylatchError as error:
        assert_type(error.code, str)
        assert_type(error.fields, tuple[str, ...])
        assert_type(error.problems[0], errors.Problem)
        assert_type(error.candidates, tuple[str, ...])
        assert_type(error.verdict, str | None)
        assert_type(error.upstream, Upstream | None)


def blocking() -> None:
    client = Keylatch(
        path="vault.db", key=Secret(bytes(32)), timeout=5, extra_ca=b"", strict_secrets=True, hold_for=1.0, audit="off"
    )
    with client as same:
        assert_type(same, Keylatch)
    with Keylatch.composio(Secret("ak_1"), base_url="https://example.com", api_version="v1", timeout=5) as project:
        assert_type(project, Keylatch)
    assert_type(client.apps.list(), list[App])
    assert_type(client.apps.search("strpe", category="finance", limit=3), list[App])
    assert_type(client.apps.identify(bytearray(b"ghp_")), list[KeyOrigin])
    assert_type(client.apps.get("stripe"), App)
    assert_type(client.apps.register({"slug": "mine"}), App)
    integration = client.integrations.create("stripe", base_url="https://example.com", fixed_values={"region": "eu"})
    assert_type(integration, Integration)
    assert_type(client.integrations.get(integration.id), Integration)
    assert_type(client.integrations.list("stripe"), list[Integration])
    client.integrations.delete(integration.id)
    info = client.get_expected_params_for_user(app="stripe", auth_scheme="API_KEY", integration_id="ac_1")
    assert_type(info, ExpectedParams)
    made = client.initiate_connection(
        entity_id="user-1",
        app_name="stripe",
        connected_account_params={"api_key": bytearray(b"key"), "port": 1, "secret": Secret("key"), "on": True},
        verify="required",
        alias="main",
        labels=["a"],
        metadata={"plan": 1},
        allow_multiple=True,
        replace=False,
        callback_url="https://example.com/back",
    )
    assert_type(made, ConnectionRequest)
    assert_type(made.wait_until_active(client=client, timeout=5), Connection)
    assert_type(client.get_connection(entity_id="user-1", app="stripe"), Connection)
    client.backup(Path("backup.db"))
    client.change_key()
    client.change_key(key_file=Path("other.key"))
    client.change_key(passphrase=bytearray(b"words"))
    rotation = client.rotate_data_key(limit=100, cursor="next")
    assert_type(rotation, Rotation)
    assert_type(rotation.next_cursor, str | None)
    log = client.audit_log(after=1, limit=10, entity_id="user-1", connected_account_id="ca_1")
    assert_type(log, AuditLog)
    assert_type(log.items, tuple[AuditEntry, ...])
    assert_type(client.check_audit(log.head), AuditCheck)
    assert_type(client.export_vault(Path("moved.export"), recipient="age1"), Exported)
    imported = client.import_vault("moved.export", identity=Secret("AGE-SECRET-KEY-1"), dry_run=True)
    assert_type(imported, Imported)
    assert_type(imported.conflicting_connections, tuple[str, ...])
    assert_type(client.diagnose(), Diagnosis)
    set_log(logging.getLogger("keylatch"), level="debug")
    set_log(None)
    found = diagnose("vault.db", key_env="VAULT_KEY")
    assert_type(found, Diagnosis)
    assert_type(found.warnings, tuple[str, ...])
    assert_type(found.key_fits, bool | None)
    result = client.execute_action("STRIPE_LIST_CUSTOMERS", {"limit": 3}, entity_id="user-1", timeout=5)
    assert_type(result, ActionResult)
    actions(client.apps.get("stripe"), result)
    answer = client.request(
        "POST",
        "/v1/a",
        entity_id="user-1",
        app="stripe",
        query={"a": [1, "b"]},
        headers=[("x", "y")],
        json={},
        timeout=1,
    )
    assert_type(answer, Response)
    results(info, made, answer)

    accounts = client.connected_accounts
    page = accounts.list(entity_id="user-1", statuses=["ACTIVE"], labels=("a",), limit=10, cursor=None)
    assert_type(page, Page[Connection])
    assert_type(page.next_cursor, str | None)
    assert_type(list(page), list[Connection])
    for each in accounts.iterate(app="stripe", limit=100):
        assert_type(each, Connection)
    assert_type(accounts.get("ca_1"), Connection)
    assert_type(accounts.verify("ca_1"), Verification)
    assert_type(accounts.verify_due(older_than=3600, limit=10, pause=0.5), Rechecks)
    for checked in accounts.verify_all(older_than=3600.5, entity_id="u", app="stripe"):
        assert_type(checked, Recheck)
    assert_type(accounts.update_credentials("ca_1", {"api_key": b"key"}, verify="off"), ConnectionRequest)
    assert_type(accounts.enable("ca_1"), Connection)
    assert_type(accounts.disable("ca_1"), Connection)
    assert_type(accounts.wait_until_active("ca_1", timeout=5), Connection)
    assert_type(accounts.set_alias("ca_1", None), Connection)
    assert_type(accounts.dsn("ca_1"), Secret)
    accounts.delete("ca_1", revoke=True)

    entity = client.get_entity("user-1")
    assert_type(entity, Entity)
    assert_type(client.entity("user-1").id, str)
    assert_type(entity.initiate_connection(app="stripe", connected_account_params={}), ConnectionRequest)
    assert_type(entity.get_connection("stripe"), Connection)
    assert_type(entity.connections(statuses=["ACTIVE"]), Page[Connection])
    assert_type(entity.execute_action("STRIPE_RETRIEVE_BALANCE", connected_account_id="ca_1"), ActionResult)
    assert_type(entity.request("GET", "/", app="stripe", retry=0).tries, int)
    paging: Paging = {"by": "cursor", "next": "/data/-/id", "query": "starting_after", "more": "/has_more"}
    for part in client.request_pages("GET", "/", connected_account_id="ca_1", paging=paging, query={"limit": 3}):
        assert_type(part, Response)
    for part in entity.request_pages("GET", "/", app="stripe", timeout=5.0, retry=1):
        assert_type(part, Response)
    with client.request_stream("PUT", "/", connected_account_id="ca_1", body=Path("file").open("rb")) as stream:
        assert_type(stream, ResponseStream)
        assert_type(next(iter(stream)), bytes)
    stream = entity.request_stream("GET", "/", app="stripe", body=[b"one"], content_length=3, max_response_bytes=0)
    assert_type(stream.read(10), bytes)
    assert_type((stream.status, stream.ok, stream.headers.get("x"), stream.tries), tuple[int, bool, str | None, int])
    stream.close()
    client.close()


async def awaited() -> None:
    async def tell(expired: Expired) -> None:
        assert_type(expired.entity_id, str)

    async with AsyncKeylatch("vault.db", passphrase=bytearray(b"words"), on_expired=tell) as same:
        assert_type(same, AsyncKeylatch)
    async with AsyncKeylatch.composio(bytearray(b"ak_1")) as project:
        assert_type(project, AsyncKeylatch)
    assert_type(await AsyncKeylatch.composio(), AsyncKeylatch)
    client = await AsyncKeylatch.open("vault.db", keyring="my-app")
    assert_type(client, AsyncKeylatch)
    assert_type(await client.apps.list(), list[App])
    assert_type(await client.apps.search("strpe", category="finance", limit=3), list[App])
    assert_type(await client.apps.identify(bytearray(b"ghp_")), list[KeyOrigin])
    assert_type(await client.apps.get("stripe"), App)
    assert_type(await client.apps.register({"slug": "mine"}), App)
    integration = await client.integrations.create("stripe", allow=[Permission.PRIVATE, "loopback"])
    assert_type(integration, Integration)
    assert_type(await client.integrations.get(integration.id), Integration)
    assert_type(await client.integrations.list(), list[Integration])
    await client.integrations.delete(integration.id)
    assert_type(await client.get_expected_params_for_user("stripe"), ExpectedParams)
    made = await client.initiate_connection(
        entity_id="user-1", integration_id="ac_1", connected_account_params={"api_key": memoryview(bytearray(b"key"))}
    )
    assert_type(made, AsyncConnectionRequest)
    assert_type(await made.wait_until_active(), Connection)
    assert_type(await client.get_connection(entity_id="user-1", app="stripe"), Connection)
    assert_type(await client.execute_action("STRIPE_LIST_CUSTOMERS", connected_account_id="ca_1"), ActionResult)
    await client.backup("backup.db")
    await client.change_key(key=Secret("key"))
    assert_type(await client.rotate_data_key(), Rotation)
    assert_type(await client.audit_log(), AuditLog)
    assert_type(await client.check_audit(head="0:"), AuditCheck)
    assert_type(await client.export_vault("moved.export", passphrase=bytearray(b"words")), Exported)
    assert_type(await client.import_vault("moved.export", passphrase=bytearray(b"words")), Imported)
    assert_type(await client.diagnose(), Diagnosis)
    assert_type(await client.request("GET", "/", connected_account_id="ca_1", body=b"raw"), Response)

    accounts = client.connected_accounts
    assert_type(await accounts.list(), Page[Connection])
    async for each in accounts.iterate(entity_id="user-1"):
        assert_type(each, Connection)
    assert_type(await accounts.get("ca_1"), Connection)
    assert_type(await accounts.verify("ca_1"), Verification)
    assert_type(await accounts.verify_due(older_than=3600, limit=10, pause=0.5), Rechecks)
    async for checked in accounts.verify_all(older_than=3600.5, entity_id="u", app="stripe"):
        assert_type(checked, Recheck)
    assert_type(await accounts.update_credentials("ca_1", {"api_key": "key"}), AsyncConnectionRequest)
    assert_type(await accounts.enable("ca_1"), Connection)
    assert_type(await accounts.disable("ca_1"), Connection)
    assert_type(await accounts.wait_until_active("ca_1"), Connection)
    assert_type(await accounts.set_alias("ca_1", "main"), Connection)
    assert_type(await accounts.dsn("ca_1"), Secret)
    await accounts.delete("ca_1")

    entity = client.entity("user-1")
    assert_type(entity, AsyncEntity)
    assert_type(client.get_entity("user-1"), AsyncEntity)
    assert_type(
        await entity.initiate_connection(app_name="stripe", connected_account_params={}), AsyncConnectionRequest
    )
    assert_type(await entity.get_connection("stripe"), Connection)
    assert_type(await entity.connections(labels=["a"]), Page[Connection])
    assert_type(await entity.execute_action("STRIPE_LIST_CUSTOMERS", {"limit": 3}), ActionResult)
    assert_type(await entity.request("GET", "/", app="stripe"), Response)
    async for part in client.request_pages("GET", "/", connected_account_id="ca_1", paging={"by": "page", "first": 0}):
        assert_type(part, Response)
    async for part in entity.request_pages("GET", "/", app="stripe", json={"a": 1}):
        assert_type(part, Response)
    async with await client.request_stream("GET", "/", connected_account_id="ca_1", timeout=5.0) as stream:
        assert_type(stream, AsyncResponseStream)
        assert_type([piece async for piece in stream], list[bytes])

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"

    stream = await entity.request_stream("PUT", "/", app="stripe", body=pieces())
    assert_type(await stream.read(10), bytes)
    await stream.close()
    await client.close()
