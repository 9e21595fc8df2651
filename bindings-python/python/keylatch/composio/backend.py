"""Which backend a program gets: a client of its own, Composio's API, or the vault on this machine."""

from __future__ import annotations

import os
from os import PathLike
from typing import Any, TypedDict

from keylatch import errors
from keylatch._calls import Value
from keylatch._options import ApiKey
from keylatch._transit import Transit
from keylatch.client import Keylatch

_OF_THE_VAULT = {"path", "key", "key_env", "key_file", "passphrase", "keyring", "transit"}


class Options(TypedDict, total=False):
    """What goes on to `Keylatch` or `Keylatch.composio`, where it is described."""

    path: str | PathLike[str] | None
    key: Value | None
    key_env: str | None
    key_file: str | PathLike[str] | None
    passphrase: Value | None
    keyring: str | None
    transit: Transit | None
    api_version: str
    timeout: float
    max_response_bytes: int
    extra_ca: str | PathLike[str] | bytes | None
    proxy: str | None
    strict_secrets: bool


def opened(client: Keylatch | None, api_key: ApiKey | None, base_url: str | None, options: Options) -> Keylatch:
    """The client given, else one on Composio's API where a project is named, else one on the vault of this machine.

    A project is named by an API key, as an argument or in the environment; options of the vault outweigh the latter.
    """
    if client is not None:
        return client
    of_the_vault = sorted(_OF_THE_VAULT & options.keys())
    is_remote = api_key is not None or base_url is not None or "api_version" in options
    if of_the_vault and is_remote:
        message = (
            f"{', '.join(of_the_vault)} belongs to a vault, and api_key, base_url and api_version to Composio's API"
        )
        raise errors.InvalidArgumentError(message, fields=of_the_vault)
    rest: dict[str, Any] = {**options}
    if is_remote or (os.environ.get("COMPOSIO_API_KEY") and not of_the_vault):
        return Keylatch.composio(api_key, base_url=base_url, **rest)
    return Keylatch(**rest)
