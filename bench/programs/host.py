"""Keylatch from Python: on the vault BENCH_VAULT, or on the server BENCH_SERVER."""

from __future__ import annotations

import os
from collections.abc import Callable

from keylatch import Keylatch
from orders import Samples, work

samples = Samples()
if "BENCH_SERVER" in os.environ:
    client = Keylatch.composio("ak_bench", base_url=os.environ["BENCH_SERVER"])
else:
    client = Keylatch(os.environ["BENCH_VAULT"], key=bytearray([7] * 32))


def initiate() -> str:
    return client.initiate_connection(
        entity_id=samples.entity(),
        integration_id=samples.integration,
        connected_account_params={"api_key": bytearray(b"sk_test_0123456789abcdefghijklmn")},
        verify="off",
    ).connected_account_id


operations: dict[str, Callable[[], object]] = {
    "initiate": initiate,
    "pair": lambda: client.connected_accounts.get(initiate()),
    "dsn": lambda: client.connected_accounts.dsn(samples.next["revealed"]()),
}
work(lambda operation: operations[operation]())
