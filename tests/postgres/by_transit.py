"""One machine of many: opens the vault at KEYLATCH_TEST_POSTGRES by Transit, when it is told to, and connects users.

`by_transit.py ADDRESS TOKEN`: a line `go` opens the vault; each further line is a user, whose connection is printed.
"""

from __future__ import annotations

import os
import sys

from keylatch import Keylatch, Transit
from vaults import connect


def main() -> None:
    address, token = sys.argv[1:]
    lines = iter(sys.stdin.readline, "")
    print("ready", flush=True)
    next(lines)
    transit = Transit(address, "app", token=token)
    url = os.environ["KEYLATCH_TEST_POSTGRES"]
    with Keylatch(url, transit=transit, extra_ca=os.environ["KEYLATCH_TEST_CA"]) as client:
        print("open", flush=True)
        for user in lines:
            print(connect(client, user.rstrip("\n")), flush=True)


if __name__ == "__main__":
    main()
