"""End to end against localstripe, a Stripe server that someone else wrote, through the catalogue's own `stripe` app.

python tests/servers/run.py --localstripe -- python tests/python/e2e_stripe.py
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from urllib.parse import urlencode

from keylatch import AsyncKeylatch, Keylatch, errors

STRIPE = os.environ["KEYLATCH_TEST_STRIPE"]
FORM = {"content-type": "application/x-www-form-urlencoded"}


def blocking(path: str) -> None:
    with Keylatch(path) as client:
        instance = client.integrations.create("stripe", base_url=STRIPE)
        user = client.entity("user-1")

        wrong = bytearray(b"pk_not_a_secret_key")
        verdict = None
        try:
            user.initiate_connection(integration_id=instance.id, connected_account_params={"api_key": wrong})
        except errors.CredentialsRejectedError as error:
            verdict = error.verdict
        assert verdict == "rejected"
        assert not any(wrong)
        assert len(user.connections()) == 0

        right = bytearray(b"sk_test_e2e_python")
        made = user.initiate_connection(integration_id=instance.id, connected_account_params={"api_key": right})
        assert not any(right)
        assert (made.connection_status, made.redirect_url, made.verdict) == ("ACTIVE", None, "accepted")

        body = urlencode({"name": "Ada Lovelace", "email": "ada@example.com"})
        created = user.request("POST", "/v1/customers", app="stripe", headers=FORM, body=body)
        assert created.status == 200, created
        customer = created.json()["id"]
        read = user.request("GET", f"/v1/customers/{customer}", app="stripe").json()
        assert (read["id"], read["name"]) == (customer, "Ada Lovelace")

        assert [each.id for each in client.connected_accounts.list(entity_id="user-1")] == [made.connected_account_id]
        assert client.connected_accounts.verify(made.connected_account_id).verdict == "accepted"


async def awaited(path: str) -> None:
    async with AsyncKeylatch(path) as client:
        (instance,) = await client.integrations.list("stripe")
        user = client.entity("user-2")
        values = {"api_key": bytearray(b"sk_test_e2e_asyncio")}
        made = await user.initiate_connection(integration_id=instance.id, connected_account_params=values)
        assert (await made.wait_until_active()).verdict == "accepted"
        answer = await user.request("GET", "/v1/customers", app="stripe", query={"limit": 3})
        assert answer.json()["object"] == "list"
        assert len([each async for each in client.connected_accounts.iterate(limit=1)]) == 2


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="keylatch-e2e-") as folder:
        blocking(f"{folder}/vault.db")
        asyncio.run(awaited(f"{folder}/vault.db"))
    print("e2e python: wrong key refused, right key ACTIVE and accepted, a customer created and read back")


if __name__ == "__main__":
    main()
