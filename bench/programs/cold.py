"""The whole flow on BENCH_SERVER in a new process: discover, initiate, confirm."""

import os

from keylatch import Keylatch

with Keylatch.composio("ak_bench", base_url=os.environ["BENCH_SERVER"]) as client:
    expected = client.get_expected_params_for_user(integration_id=os.environ["BENCH_INTEGRATION"])
    assert [field.name for field in expected.expected_params] == ["api_key"]
    made = client.initiate_connection(
        entity_id="user-1",
        integration_id=expected.integration_id,
        connected_account_params={"api_key": bytearray(b"sk_test_0123456789abcdefghijklmn")},
        verify="off",
    )
    assert client.connected_accounts.get(made.connected_account_id).status == "ACTIVE"
