"""What the double verifies with libraries of others: AWS signatures with botocore, JSON Web Tokens with PyJWT.

The keys are made anew in every run; cases get them from the call `provider.keys`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from functools import cache
from typing import Any

import jwt
from botocore.auth import S3SigV4Auth, SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Json = Any
SIGV4 = {"access_key_id", "secret_access_key", "session_token", "region", "service"}
JWT = {"in", "key", "secret", "alg", "header", "claims", "lifetime"}
EMAIL = "robot@acme.iam.example"
# Signing and verifying happen on one machine; tokens are dated back a little.
SKEW_SECONDS = 90


@cache
def private_keys() -> dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]:
    return {
        "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "other_rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "other_ec": ec.generate_private_key(ec.SECP256R1()),
    }


def keys(address: str) -> dict[str, str]:
    """All keys as users have them; `address` is where service account files say that tokens are given."""
    found = {name: pem(key) for name, key in private_keys().items()}
    found["rsa_pkcs1"] = pem(private_keys()["rsa"], serialization.PrivateFormat.TraditionalOpenSSL)
    places = {"rsa": address, "other_rsa": address, "elsewhere": "https://elsewhere.example"}
    for name, place in places.items():
        file = {
            "type": "service_account",
            "project_id": "acme-1",
            "private_key_id": f"id of {name}",
            "private_key": found.get(name, found["rsa"]),
            "client_email": EMAIL,
            "token_uri": f"{place}/token",
        }
        found[f"file_{name}"] = json.dumps(file, indent=2) + "\n"
    found["rsa_fingerprint"] = fingerprint_of(private_keys()["rsa"].public_key())
    return found


def fingerprint_of(public: Any) -> str:
    """The hash of a public key, as Snowflake tells it."""
    info = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(info).digest()).decode()


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def is_signed_by_aws_rules(
    wanted: Json, method: str, url: str, headers: dict[str, str], body: bytes, now: float | None = None
) -> bool:
    """Whether a request has the AWS signature that botocore would have made with these credentials."""
    algorithm, _, rest = headers.get("authorization", "").partition(" ")
    parts = dict(part.partition("=")[::2] for part in rest.split(", "))
    stamp = headers.get("x-amz-date", "")
    day = stamp[:8]
    names = parts.get("SignedHeaders", "").split(";")
    scope = f"{day}/{wanted['region']}/{wanted['service']}/aws4_request"
    if algorithm != "AWS4-HMAC-SHA256" or parts.get("Credential") != f"{wanted['access_key_id']}/{scope}":
        return False
    # Amazon refuses a request whose own headers, or whose body, are left out.
    left_out = [name for name in headers if name.startswith("x-amz-") and name not in names]
    if left_out or "host" not in names or headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        return False
    if headers.get("x-amz-security-token") != wanted.get("session_token"):
        return False
    if abs(time.mktime(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.timezone - (now or time.time())) > SKEW_SECONDS:
        return False
    kind = S3SigV4Auth if wanted["service"] == "s3" else SigV4Auth
    auth = kind(Credentials(wanted["access_key_id"], wanted["secret_access_key"]), wanted["service"], wanted["region"])
    request = AWSRequest(method, url, headers={name: headers[name] for name in names}, data=body)
    request.context["timestamp"] = stamp
    expected: str = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return parts.get("Signature") == expected


def is_signed_token(wanted: Json, token: str) -> bool:
    """Whether a text is a JSON Web Token with this key, these claims and this header, and valid now."""
    key: Any = wanted.get("secret", "")
    if "key" in wanted:
        key = private_keys()[wanted["key"]].public_key()
    elif isinstance(key, dict):
        key = bytes.fromhex(key["hex"])
    elif key.startswith("-----BEGIN"):
        key = serialization.load_pem_private_key(key.encode(), None).public_key()
    try:
        claims = jwt.decode(
            token, key, algorithms=[wanted["alg"]], options={"verify_aud": False, "require": ["exp", "iat"]}
        )
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        return False
    issued, ends = claims.pop("iat"), claims.pop("exp")
    if abs(issued - time.time()) > SKEW_SECONDS or ends - issued != wanted.get("lifetime", ends - issued):
        return False
    return bool(claims == wanted["claims"]) and bool({"alg": wanted["alg"], "typ": "JWT"} | wanted["header"] == header)
