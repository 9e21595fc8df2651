"""The Transit engine of an OpenBao or Vault server, as far as encrypting and decrypting go: its answer to one request.

Nothing is kept between requests: the keys follow from their names, so that a server is wholly described by its options.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import uuid
from dataclasses import dataclass, field, fields
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

Json = Any
AEADS: dict[str, tuple[type[AESGCM] | type[ChaCha20Poly1305], int]] = {
    "aes256-gcm96": (AESGCM, 32),
    "aes128-gcm96": (AESGCM, 16),
    "chacha20-poly1305": (ChaCha20Poly1305, 32),
}
NONCE = 12
KEY_OPTIONS = {"type", "latest", "min_decryption_version", "derived", "material"}
NAME = r"\w(?:[\w.-]*\w)?"


class BadServer(ValueError):
    """Options that no server has."""


class Refused(Exception):
    """What the server says instead of an answer."""

    def __init__(self, status: int, *errors: str, **headers: str) -> None:
        super().__init__(status)
        self.status, self.errors, self.headers = status, errors, headers


def user_error(text: str) -> Refused:
    return Refused(400, text)


@dataclass
class Engine:
    """One server. As made it is ready: one engine, one key, one token that may encrypt and decrypt with it."""

    # Token -> path below /v1 -> capabilities; `create` makes a key that is not there.
    tokens: dict[str, dict[str, list[str]]] = field(
        default_factory=lambda: {
            "s.token-of-the-app": {"transit/encrypt/app": ["update"], "transit/decrypt/app": ["update"]}
        }
    )
    # Name -> type, latest version, min_decryption_version, derived, and `material` for another key of the same name.
    keys: dict[str, dict[str, Json]] = field(default_factory=lambda: {"app": {}})
    mount: str = "transit"
    namespace: str = ""
    sealed: bool = False
    # Where a node that does not forward requests sends them.
    standby: str = ""
    # Over its limit, with this Retry-After.
    quota: str = ""
    # One of before 1.13 ignores associated data.
    binds: bool = True
    # One of before 1.14 answers 500 to what does not open.
    blames_itself: bool = False

    @classmethod
    def parse(cls, options: Json) -> Engine:
        unknown = set(options) - {each.name for each in fields(cls)}
        unknown |= {option for key in options.get("keys", {}).values() for option in set(key) - KEY_OPTIONS}
        if unknown:
            raise BadServer(f"transit has no {sorted(unknown)}")
        return cls(**options)

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, dict[str, str], Json]:
        """Status, headers and JSON."""
        try:
            data = self.handle(method, path, headers, body)
        except Refused as why:
            return why.status, {k.replace("_", "-"): v for k, v in why.headers.items()}, {"errors": list(why.errors)}
        answer = {"request_id": str(uuid.uuid4()), "lease_id": "", "renewable": False, "lease_duration": 0}
        return 200, {}, answer | {"data": data, "wrap_info": None, "warnings": None, "auth": None}

    def handle(self, method: str, path: str, headers: dict[str, str], body: str) -> Json:
        if self.sealed:
            raise Refused(503, "Vault is sealed")
        if self.standby:
            raise Refused(307, location=self.standby + path)
        if not path.startswith("/v1/"):
            raise Refused(404)
        path = path.removeprefix("/v1/")
        if self.quota:
            raise Refused(429, f'request path "{path}": rate limit quota exceeded', retry_after=self.quota)
        capabilities = self.capabilities(headers, path)
        route = re.fullmatch(rf"(.+)/(encrypt|decrypt)/({NAME})", path)
        if route is None or route[1] != self.mount:
            raise Refused(404, f'no handler for route "{path}". route entry not found.')
        if method not in ("POST", "PUT"):
            raise Refused(405, "1 error occurred:\n\t* unsupported operation\n\n")
        try:
            given = json.loads(body)
        except ValueError:
            raise user_error("failed to parse JSON input: invalid character") from None
        if route[2] == "encrypt":
            return self.encrypt(route[3], given, capabilities)
        return self.decrypt(route[3], given)

    def capabilities(self, headers: dict[str, str], path: str) -> list[str]:
        policy = self.tokens.get(headers.get("x-vault-token", ""))
        if policy is None or headers.get("x-vault-namespace", "").strip("/") != self.namespace:
            raise Refused(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        capabilities = policy.get(path, [])
        if not capabilities:
            raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")
        return capabilities

    def encrypt(self, name: str, given: Json, capabilities: list[str]) -> Json:
        if name not in self.keys:
            if "create" not in capabilities:
                raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")
            self.keys[name] = {}
        elif "update" not in capabilities:
            raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")
        if "plaintext" not in given:
            raise user_error("missing plaintext to encrypt")
        plaintext = decoded(given["plaintext"])
        version = self.keys[name].get("latest", 1)
        bound, nonce = self.bound(name, given), os.urandom(NONCE)
        sealed = nonce + self.cipher(name, version).encrypt(nonce, plaintext, bound)
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version}

    def decrypt(self, name: str, given: Json) -> Json:
        if not given.get("ciphertext"):
            raise user_error("missing ciphertext to decrypt")
        if name not in self.keys:
            raise user_error("encryption key not found")
        key = self.keys[name]
        prefix = re.fullmatch(r"vault:v(\d+):(.*)", given["ciphertext"])
        if prefix is None:
            raise user_error("invalid ciphertext: no prefix")
        version, sealed = int(prefix[1]), decoded(prefix[2])
        if version > key.get("latest", 1):
            raise user_error("invalid ciphertext: version is too new")
        if version < key.get("min_decryption_version", 1):
            raise user_error("ciphertext or signature version is disallowed by policy (too old)")
        if len(sealed) < NONCE:
            raise user_error("invalid ciphertext length")
        bound = self.bound(name, given)
        try:
            opened = self.cipher(name, version).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
        except InvalidTag:
            if self.blames_itself:
                raise Refused(500, "1 error occurred:\n\t* cipher: message authentication failed\n\n") from None
            raise user_error("cipher: message authentication failed") from None
        return {"plaintext": base64.b64encode(opened).decode()}

    def cipher(self, name: str, version: int) -> AESGCM | ChaCha20Poly1305:
        key = self.keys[name]
        kind, length = AEADS[key.get("type", "aes256-gcm96")]
        if key.get("derived"):
            raise user_error("missing 'context' for key derivation; the key was created using a derived key")
        seed = f"{self.namespace} {self.mount} {name} {key.get('material', '')} {version}"
        return kind(hashlib.sha256(seed.encode()).digest()[:length])

    def bound(self, name: str, given: Json) -> bytes | None:
        if "associated_data" not in given or not self.binds:
            return None
        kind = self.keys[name].get("type", "aes256-gcm96")
        if kind not in AEADS:
            raise user_error(f"'[0].associated_data' provided for non-AEAD cipher suite {kind}")
        return decoded(given["associated_data"])


def decoded(text: Json) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise user_error("illegal base64 data at input byte 0") from None
