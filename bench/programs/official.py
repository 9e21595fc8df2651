"""Composio's newest Python SDK on BENCH_SERVER: initiates with the integration of BENCH_SAMPLES and gets."""

from __future__ import annotations

from composio import Composio
from composio.core.models.connected_accounts import auth_scheme
from orders import Samples, work

samples = Samples()
accounts = Composio(allow_tracking=False).connected_accounts


def pair(_: str) -> None:
    state = auth_scheme.api_key({"api_key": "sk_test_0123456789abcdefghijklmn"})
    made = accounts.initiate(samples.entity(), samples.integration, config=state)
    accounts.get(made.id)


work(pair)
