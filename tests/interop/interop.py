"""The Python side of `tests/interop/run.py`: makes a connection, or uses one that another language made."""

import sys

from keylatch import Keylatch

_, verb, vault, *rest = sys.argv
with Keylatch(vault) as client:
    if verb == "make":
        integration = client.integrations.create(app="stripe", base_url=rest[0])
        made = client.get_entity("interop-python").initiate_connection(
            integration_id=integration.id, connected_account_params={"api_key": bytearray(b"sk_test_interop_python")}
        )
        print(made.connected_account_id)
    else:
        listed = client.connected_accounts.list().items
        for account in rest:
            assert client.connected_accounts.verify(account).verdict == "accepted"
            assert client.request("GET", "/v1/balance", connected_account_id=account).status == 200
        print(len(listed))
