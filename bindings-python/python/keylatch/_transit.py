"""A key of OpenBao's or Vault's Transit engine, as a vault's key source."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keylatch._calls import Value


class Transit:
    """A key of the Transit engine of an OpenBao or Vault server, which seals the vault's key.

    The server is asked once for each opening of the vault, within its `timeout`.

    address: an HTTPS address, or HTTP on loopback, without `/v1`.
    key: name of the key, which an administrator makes: of the type aes256-gcm96 (the default there) or another one with
        associated data, and not derived.
    token: what the server is asked with, best as a `Secret` or a bytearray (which is wiped). Exactly one of the three.
    token_env: name of an environment variable with the token. None is looked at unasked.
    token_file: a file with the token, as an agent writes it.
    mount: where the engine is mounted.
    namespace: what the engine is in (`X-Vault-Namespace`).

    >>> from keylatch import Transit
    >>> Transit("https://bao.example:8200", "keylatch", token=bytearray(b"s.example"))
    Transit(address='https://bao.example:8200', key='keylatch', token_env=None, token_file=None, mount='transit', \
namespace=None)
    """

    def __init__(
        self,
        address: str,
        key: str,
        *,
        token: Value | None = None,
        token_env: str | None = None,
        token_file: str | PathLike[str] | None = None,
        mount: str = "transit",
        namespace: str | None = None,
    ) -> None:
        self.address, self.key, self.token = address, key, token
        self.token_env, self.token_file, self.mount, self.namespace = token_env, token_file, mount, namespace

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in vars(self).items() if name != "token")
        return f"Transit({', '.join(shown)})"

    def _place(self) -> dict[str, str]:
        """All but the token, for a call by name."""
        file = None if self.token_file is None else fspath(self.token_file)
        place = {"address": self.address, "key": self.key, "mount": self.mount, "namespace": self.namespace}
        given = place | {"token_env": self.token_env, "token_file": file}
        return {name: value for name, value in given.items() if value is not None}
