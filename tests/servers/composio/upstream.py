"""Requests to the apps themselves, with an account's credential put where the app's definition says."""

from __future__ import annotations

import base64
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from multidict import CIMultiDict
from projects import Account
from refusals import Refusal
from templates import NotFilled, as_text, fill
from yarl import URL

Json = Any
TIMEOUT = aiohttp.ClientTimeout(total=30)
BODYLESS = ("GET", "HEAD", "DELETE")
# What a signature or a trade makes of the fields; this server makes neither.
MADE = {"jwt", "access_token"}


class Unreachable(Exception):
    """The app did not answer; the text names its origin, never the credential."""


@dataclass
class Auth:
    """The ready-made authentication of an app: where it is, and what every request to it carries."""

    base_url: str
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Json] = field(default_factory=dict)


@dataclass
class Answer:
    status: int
    reason: str
    headers: dict[str, str]
    data: Json

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def auth_of(account: Account) -> Auth:
    if account.base_url is None:
        raise Refusal(400, f"The address of {account.auth_config.toolkit.slug} is not known")
    return injected(account, account.filled, account.base_url)


def masked_auth_of(account: Account) -> Auth:
    """As `auth_of`, but fit to be shown; without an address if a secret is part of it."""
    base_url = account.base_url if account.base_url and account.address_is_plain() else ""
    return injected(account, account.auth_config.masked(account.filled), base_url)


def injected(account: Account, values: dict[str, Json], base_url: str) -> Auth:
    definition = account.auth_config.definition
    optional = {one["name"] for one in definition.get("fields") or [] if not one.get("required", True)}
    if "jwt" in definition or "trade" in definition:
        optional |= MADE
    auth = Auth(base_url, dict(definition.get("headers") or {}))
    for place in definition.get("inject") or []:
        try:
            if place["in"] == "header":
                auth.headers[place["name"]] = fill(place["value"], values)
            elif place["in"] == "query":
                auth.query[place["name"]] = fill(place["value"], values)
            elif place["in"] == "basic":
                pair = f"{fill(place['username'], values)}:{fill(place['password'], values)}"
                auth.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        except NotFilled as missing:
            # What an optional field would fill, or what this server does not make, is left out with it.
            if str(missing) not in optional:
                raise Refusal(400, f"The connected account has no {missing}") from None
    return auth


def custom_auth(given: Json) -> Auth:
    """Authentication that the caller brought along, in the form of `custom_auth_params`."""
    auth = Auth((given.get("base_url") or "").rstrip("/"), body=given.get("body") or {})
    for parameter in given.get("parameters") or []:
        target = auth.headers if parameter["in"] == "header" else auth.query
        target[parameter["name"]] = as_text(parameter["value"])
    return auth


class Upstream:
    """Sends the requests; trusts the test CAs beside the system's."""

    def __init__(self, ca: Path | None) -> None:
        self.ca = ca
        self.session: aiohttp.ClientSession | None = None

    def opened(self) -> aiohttp.ClientSession:
        """Made at the first request, when all certificates are in the file."""
        if self.session is None:
            context = ssl.create_default_context()
            if self.ca is not None:
                context.load_verify_locations(self.ca)
            connector = aiohttp.TCPConnector(ssl=context, force_close=True)
            self.session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT, auto_decompress=True)
        return self.session

    async def close(self) -> None:
        if self.session is not None:
            await self.session.close()

    async def run(self, auth: Auth, tool: Json, arguments: dict[str, Json]) -> Answer:
        """One action of a definition."""
        rest = dict(arguments)
        path = fill(tool["path"], rest, lambda text: quote(text, safe=""))
        for parameter in tool.get("params", []):
            if "{" + parameter["name"] + "}" in tool["path"]:
                rest.pop(parameter["name"], None)
        if tool["method"] in BODYLESS:
            query = {name: as_text(value) for name, value in rest.items() if value is not None}
            return await self.send(auth, tool["method"], auth.base_url + path, query=query)
        return await self.send(
            auth, tool["method"], auth.base_url + path, body=rest, form=tool.get("encoding") == "form"
        )

    async def send(
        self,
        auth: Auth,
        method: str,
        url: str,
        *,
        query: dict[str, str] | list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        body: Json = None,
        form: bool = False,
    ) -> Answer:
        given = list(query.items()) if isinstance(query, dict) else query or []
        pairs = urlencode(
            [pair for pair in given if pair[0] not in auth.query] + list(auth.query.items()), quote_via=quote
        )
        target = url + (("&" if "?" in url else "?") + pairs if pairs else "")
        sent = CIMultiDict({"Accept": "application/json"})
        sent.update(headers or {})
        sent.update(auth.headers)
        data = None
        if auth.body and (body is None or isinstance(body, dict)):
            body = {**(body or {}), **auth.body}
        if form and isinstance(body, dict):
            data = urlencode({name: as_text(value) for name, value in body.items() if value is not None}).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif body is not None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            origin = URL(url).origin()
        except ValueError:
            raise Unreachable("the address of the app is not valid") from None
        try:
            # A redirect is the caller's to judge: following it could carry the credential elsewhere.
            async with self.opened().request(
                method, URL(target, encoded=True), headers=sent, data=data, allow_redirects=False
            ) as answer:
                text = (await answer.read()).decode(answer.get_encoding(), "replace")
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, answer.reason or "", names, parsed(text))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"{origin} could not be reached ({type(error).__name__})") from None


def parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text or None


def address(auth: Auth, endpoint: str) -> str:
    """Where a proxied request goes: below the account's own base URL, or anywhere on its origin."""
    if not auth.base_url:
        raise Refusal(400, "The base URL is not known")
    if "://" not in endpoint:
        return auth.base_url + (endpoint if endpoint.startswith("/") else "/" + endpoint)
    try:
        same = URL(endpoint).origin() == URL(auth.base_url).origin()
    except ValueError:
        same = False
    if not same:
        raise Refusal(400, "endpoint is not on the origin of the connected account")
    return endpoint
