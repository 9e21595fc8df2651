"""Looking at a vault that may not open."""

from __future__ import annotations

import json
from os import PathLike

from keylatch import _native, _options
from keylatch._calls import Value
from keylatch._forget import forgetful
from keylatch._transit import Transit
from keylatch.models import Diagnosis


@forgetful
def diagnose(
    path: str | PathLike[str] | None = None,
    *,
    tenant: str = "default",
    key: Value | None = None,
    key_env: str | None = None,
    key_file: str | PathLike[str] | None = None,
    passphrase: Value | None = None,
    keyring: str | None = None,
    transit: Transit | None = None,
    timeout: float = 30.0,
    extra_ca: str | PathLike[str] | bytes | None = None,
    proxy: str | None = None,
) -> Diagnosis:
    """The state of a vault that may not open: its file, format, key and records, and what to do about what is wrong.

    The arguments are those of `Keylatch`. Nothing is made, and nothing is changed. Takes the longer the more
    connections there are; from asyncio, call it with `asyncio.to_thread`.

    Raises `InvalidArgumentError` for arguments that cannot be. What is wrong with the vault is told in the answer.

    >>> import keylatch
    >>> found = keylatch.diagnose("vault.db")
    >>> found.exists, found.warnings
    (False, ('there is no vault here yet: it is made when a client opens it, unless the path is a mistake',))
    """
    options = _options.vault(
        path,
        tenant=tenant,
        key=key,
        key_env=key_env,
        key_file=key_file,
        passphrase=passphrase,
        keyring=keyring,
        transit=transit,
        timeout=timeout,
        extra_ca=extra_ca,
        proxy=proxy,
    )
    return Diagnosis.from_dict(json.loads(_native.diagnose(options)))
