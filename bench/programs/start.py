"""What a Python program does before it can ask its user: import, open the vault BENCH_VAULT, discover the fields."""

import os

from keylatch import Keylatch

with Keylatch(os.environ["BENCH_VAULT"], key=bytearray([7] * 32)) as client:
    expected = client.get_expected_params_for_user(app="stripe")
    assert [field.name for field in expected.expected_params] == ["api_key"]
