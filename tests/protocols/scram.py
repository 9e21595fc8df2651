"""The server's side of SCRAM (RFC 5802, RFC 7677)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os


class RefusedError(Exception):
    """The client does not know the password."""


class ScramServer:
    def __init__(self, algorithm: str, user: str, password: str, rounds: int = 4096) -> None:
        self.algorithm, self.user, self.rounds = algorithm, user, rounds
        self.salt = os.urandom(16)
        self.salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), self.salt, rounds)

    def _sign(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self.algorithm)

    def first(self, message: bytes) -> bytes:
        """Answers the client's first message."""
        header, self.client_first = message[:3], message[3:]
        assert header == b"n,,", "no channel binding"
        parts = dict(part.split("=", 1) for part in self.client_first.decode().split(","))
        if parts["n"].replace("=2C", ",").replace("=3D", "=") not in ("", self.user):
            raise RefusedError
        self.nonce = parts["r"] + base64.b64encode(os.urandom(12)).decode()
        salt = base64.b64encode(self.salt).decode()
        self.server_first = f"r={self.nonce},s={salt},i={self.rounds}".encode()
        return self.server_first

    def final(self, message: bytes) -> bytes:
        """Checks the client's proof; the server's own."""
        without_proof, proof = message.rsplit(b",p=", 1)
        assert without_proof == b"c=biws,r=" + self.nonce.encode()
        signed = b",".join((self.client_first, self.server_first, without_proof))
        stored = hashlib.new(self.algorithm, self._sign(self.salted, b"Client Key")).digest()
        signature = self._sign(stored, signed)
        client_key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
        if not hmac.compare_digest(hashlib.new(self.algorithm, client_key).digest(), stored):
            raise RefusedError
        return b"v=" + base64.b64encode(self._sign(self._sign(self.salted, b"Server Key"), signed))
