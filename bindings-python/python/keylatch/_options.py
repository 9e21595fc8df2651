"""What a client is opened with, for the native layer. Mutable keys are taken at once."""

from __future__ import annotations

from os import PathLike
from typing import Literal

from keylatch import _native, errors
from keylatch._calls import Value
from keylatch._transit import Transit

ApiKey = _native.Secret | bytearray | bytes | str
"""The API key of a project. A bytearray is taken: it holds zeros afterwards."""


def vault(
    path: str | PathLike[str] | None,
    *,
    tenant: str,
    key: Value | None,
    key_env: str | None,
    key_file: str | PathLike[str] | None,
    passphrase: Value | None,
    keyring: str | None,
    transit: Transit | None,
    timeout: float = 30.0,
    max_response_bytes: int = 32 << 20,
    extra_ca: str | PathLike[str] | bytes | None = None,
    proxy: str | None = None,
    strict_secrets: bool = False,
    hold_for: float = 0.0,
    audit: Literal["off", "best_effort", "required"] = "off",
    news: _native.News | None = None,
) -> _native.Options:
    """Options for a vault."""
    return _native.Options(
        path=path,
        tenant=tenant,
        key=key,
        key_env=key_env,
        key_file=key_file,
        passphrase=passphrase,
        keyring=keyring,
        transit=transit,
        timeout=timeout,
        max_response_bytes=max_response_bytes,
        extra_ca_pem=_pem(extra_ca),
        proxy=proxy,
        strict_secrets=strict_secrets,
        hold_for=hold_for,
        audit=audit,
        news=news,
    )


def composio(
    api_key: ApiKey | None,
    *,
    base_url: str | None,
    api_version: str,
    timeout: float,
    max_response_bytes: int,
    extra_ca: str | PathLike[str] | bytes | None,
    proxy: str | None,
    strict_secrets: bool,
) -> _native.Options:
    """Options for a project on Composio's API."""
    return _native.Options.composio(
        api_key=api_key,
        base_url=base_url,
        api_version=api_version,
        timeout=timeout,
        max_response_bytes=max_response_bytes,
        extra_ca_pem=_pem(extra_ca),
        proxy=proxy,
        strict_secrets=strict_secrets,
    )


def _pem(extra_ca: str | PathLike[str] | bytes | None) -> bytes | None:
    if not isinstance(extra_ca, str | PathLike):
        return extra_ca
    try:
        with open(extra_ca, "rb") as file:
            return file.read()
    except OSError as error:
        message = f"the file of extra_ca cannot be read: {error.strerror}"
        raise errors.InvalidArgumentError(message, fields=["extra_ca"]) from error
