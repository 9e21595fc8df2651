"""The four steps and the use, in Python: discover, collect, initiate, active; then a request with the user's key.

Needs a Stripe to talk to: KEYLATCH_TEST_STRIPE is the address of a test server (`make quickstart` starts one).
"""

import os
import tempfile

from keylatch import Keylatch

with tempfile.TemporaryDirectory() as folder, Keylatch(f"{folder}/vault.db") as client:
    # The developer's part, once: which app, and where it is.
    integration = client.integrations.create("stripe", base_url=os.environ["KEYLATCH_TEST_STRIPE"])

    # 1 discover: what must the user give?
    info = client.get_expected_params_for_user(integration_id=integration.id)
    for field in info.expected_params:
        print(f"1 discover   {field.name}: {field.display_name}")

    # 2 collect: into a buffer that can be wiped. (Yours comes from a form; this one from the environment.)
    typed = bytearray(os.environ.get("KEYLATCH_EXAMPLE_KEY", "sk_test_quickstart"), "utf-8")
    print(f"2 collect    {len(typed)} characters")

    # 3 initiate: Stripe is asked, then the key is sealed in the vault and the buffer wiped.
    user = client.entity("user-1")
    made = user.initiate_connection(integration_id=integration.id, connected_account_params={"api_key": typed})
    print(f"3 initiate   {made.verdict} by Stripe, buffer wiped: {not any(typed)}")

    # 4 active: at once, nothing to redirect to.
    account = client.connected_accounts.get(made.connected_account_id)
    print(f"4 active     {account.status}, redirect URL {made.redirect_url}")

    # Use it by user and app. The key goes in on the way out; this program never sees it again.
    form = {"content-type": "application/x-www-form-urlencoded"}
    customer = user.request("POST", "/v1/customers", app="stripe", headers=form, body="name=Ada").json()
    again = user.request("GET", f"/v1/customers/{customer['id']}", app="stripe").json()
    print(f"use          customer {again['name']} created and read back")
