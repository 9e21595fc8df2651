"""The calls of the page "Connecting to Token/API Key Apps", in Python.

`run.py` runs each statement by itself and notes what becomes of it.
"""

import os

from composio import App, ComposioToolSet

integration_id = os.environ["OFFICIAL_INTEGRATION"]
value = os.environ["OFFICIAL_KEY"]

# Start.
toolset = ComposioToolSet()

# 1 discover: by app and scheme, by integration, or both.
info = toolset.get_expected_params_for_user(app=App.STRIPE, auth_scheme="API_KEY", integration_id=integration_id)
info = toolset.get_expected_params_for_user(integration_id=integration_id)
info = toolset.get_expected_params_for_user(app=App.STRIPE, auth_scheme="API_KEY")
names = [field["name"] for field in info["expectedInputFields"]]
names = [field.name for field in info["expected_params"]]
slug = App.STRIPE.value

# 2 collect.
field = info["expected_params"][0]
prompt = field["description"]
prompt = field.displayName
hidden = field.is_secret

# 3 initiate: on the toolset or on the entity.
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

# 4 active at once.
assert request.connectionStatus == "ACTIVE" and request.redirectUrl is None
account = toolset.get_connected_account(request.connectedAccountId)
assert account.status == "ACTIVE"
account = request.wait_until_active(client=toolset.client, timeout=5)

# Use.
result = toolset.execute_action(action="STRIPE_RETRIEVE_BALANCE", params={}, entity_id="user-1")
assert result["successful"]
result = toolset.execute_action(
    action="STRIPE_RETRIEVE_BALANCE", params={}, connected_account_id=request.connectedAccountId
)
