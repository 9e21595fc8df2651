"""The whole flow on BENCH_SERVER in a new process, with Composio's newest Python SDK."""

import os

from composio import Composio
from composio.core.models.connected_accounts import auth_scheme

composio = Composio(allow_tracking=False)
fields = composio.toolkits.get_connected_account_initiation_fields("stripe", "API_KEY")
assert [field.name for field in fields] == ["api_key"]
state = auth_scheme.api_key({"api_key": "sk_test_0123456789abcdefghijklmn"})
made = composio.connected_accounts.initiate("user-1", os.environ["BENCH_INTEGRATION"], config=state)
assert composio.connected_accounts.get(made.id).status == "ACTIVE"
