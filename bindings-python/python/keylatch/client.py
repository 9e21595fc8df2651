"""The blocking client. Calls wait with the interpreter released, so threads run at once; a client is shared freely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

from keylatch import _calls, _native, _options, streams
from keylatch._calls import Call, ConnectionFilter, Paging, Pairs, RequestOptions, StreamOptions, Value, Values
from keylatch._expired import Listener, OnExpired
from keylatch._forget import forgetful
from keylatch._options import ApiKey
from keylatch._transit import Transit
from keylatch.groups import Apps, ConnectedAccounts, Integrations
from keylatch.initiated import ConnectionRequest
from keylatch.models import ActionResult, Connection, ExpectedParams, Page
from keylatch.response import Response
from keylatch.streams import Body, ResponseStream
from keylatch.vault_calls import VaultCalls

T = TypeVar("T")


class Keylatch(VaultCalls):
    """A client on an encrypted vault, which is made at first use; on Composio's API instead by `Keylatch.composio`.

    One client serves all threads, and the processes that are forked after it was made.

    path: the vault's file, or the URL of a vault in PostgreSQL, such as `postgres://user:password@host/database`, which
        wants one of the six key sources. Default: `keylatch/vault.db` in the platform's data folder.
    tenant: whose vault. Each tenant's rows and data keys are its own, and no call sees those of another.
    key: 32 bytes, best as a `Secret` or a bytearray (which is wiped). At most one of the six sources may be given;
        by default a private file beside the vault holds the key.
    key_env: name of an environment variable with the key (64 hexadecimal digits, or Base64 of 32 bytes).
    key_file: another file for the key, of mode 0600; made at first use.
    passphrase: stretched to the key with Argon2id.
    keyring: name of the application in the operating system's keyring, where the key is made at first use.
    transit: a key of OpenBao's or Vault's Transit engine that seals the vault's key.
    timeout: longest time in seconds for one request to a provider, and for waiting while other processes write to the
        vault, a keyring is unlocked or Transit answers. Default: 30.
    max_response_bytes: largest answer of a provider that is taken. Default: 32 MiB.
    extra_ca: certificate authorities to trust besides the system's: a PEM file's path, or PEM bytes.
    proxy: such as `http://proxy:3128`. Default: none; the environment is not consulted.
    strict_secrets: refuse secrets in `str` and `bytes`, which Python cannot wipe, and keep no connection open on which
        a credential has travelled. Default: off.
    hold_for: how long, in seconds, the opened record of a connection may be used again by `request` and
        `execute_action` without asking the vault. What this client changes is seen at once, what others change when
        this time is over, after a day at most. It is held in memory that is left out of core dumps, and locked as far
        as the system allows. Default: 0, no longer than a call.
    audit: whether this client writes what it does into the vault's audit log: "off" (the default), "best_effort", or
        "required", which refuses a call whose entry cannot be written. A use of a connection costs a transaction then.
    on_expired: called with the `Expired` connection when a call finds that the app no longer takes its credentials: by
        a 401 that the app's check confirms, a check, or a token that is refused. Once for each change, on the thread
        whose call found out (or that makes a later one), just before that call returns; no lock is held, so it may make
        calls. What it raises is logged. `Keylatch.composio` has none: there only Composio changes a status.

    Raises `WrongKeyError`, `VaultLockedError`, `StorageError`; `InvalidArgumentError` for options that cannot be.

    >>> from keylatch import Keylatch
    >>> with Keylatch("vault.db") as client:
    ...     expected = client.get_expected_params_for_user(app="stripe")
    ...     for field in expected.expected_params:
    ...         print(field.name, field.is_secret)
    ...     made = client.initiate_connection(
    ...         entity_id="user-1",
    ...         app_name="stripe",
    ...         connected_account_params={"api_key": bytearray(b"sk_test_123")},
    ...         verify="off",
    ...     )
    ...     print(made.connection_status, made.redirect_url, made.verdict)
    api_key True
    ACTIVE None not_checked
    """

    @forgetful
    def __init__(
        self,
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
        max_response_bytes: int = 32 << 20,
        extra_ca: str | PathLike[str] | bytes | None = None,
        proxy: str | None = None,
        strict_secrets: bool = False,
        hold_for: float = 0.0,
        audit: Literal["off", "best_effort", "required"] = "off",
        on_expired: OnExpired | None = None,
    ) -> None:
        listener = Listener(on_expired)
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
            max_response_bytes=max_response_bytes,
            extra_ca=extra_ca,
            proxy=proxy,
            strict_secrets=strict_secrets,
            hold_for=hold_for,
            audit=audit,
            news=listener.news,
        )
        self._open(options, listener)

    def _open(self, options: _native.Options, listener: Listener) -> None:
        self._listener = listener
        self._native = _native.Client.open(options)
        self.apps = Apps(self)
        self.integrations = Integrations(self)
        self.connected_accounts = ConnectedAccounts(self)

    @classmethod
    @forgetful
    def composio(
        cls,
        api_key: ApiKey | None = None,
        *,
        base_url: str | None = None,
        api_version: str = "v3.1",
        timeout: float = 30.0,
        max_response_bytes: int = 32 << 20,
        extra_ca: str | PathLike[str] | bytes | None = None,
        proxy: str | None = None,
        strict_secrets: bool = False,
    ) -> Self:
        """A client on a project of Composio's API instead of a vault, with the same calls and answers.

        api_key: the project's, best as a `Secret` or a bytearray (which is wiped). Default: the environment's
            COMPOSIO_API_KEY.
        base_url: where the API is, with or without `/api` at the end. Default: the environment's COMPOSIO_BASE_URL,
            else Composio's own.
        api_version: "v3.1", or "v1" for servers that still speak it.
        timeout: longest time in seconds for one call with all its retries. The others are those of a vault.

        Nothing is sent yet. Raises `InvalidArgumentError` for options that cannot be.

        >>> from keylatch import Keylatch
        >>> with Keylatch.composio("ak_example", base_url="https://composio.example.com") as client:
        ...     user = client.entity("user-1")
        """
        options = _options.composio(
            api_key,
            base_url=base_url,
            api_version=api_version,
            timeout=timeout,
            max_response_bytes=max_response_bytes,
            extra_ca=extra_ca,
            proxy=proxy,
            strict_secrets=strict_secrets,
        )
        client = cls.__new__(cls)
        client._open(options, Listener(None))
        return client

    def close(self) -> None:
        """Lets go of the vault and of all connections; later calls raise `ClosedError`. Closing twice is fine."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get_expected_params_for_user(
        self, app: str | None = None, auth_scheme: str | None = None, integration_id: str | None = None
    ) -> ExpectedParams:
        """What a user must give to connect: by app or by integration, with or without scheme.

        Names an integration: the one asked for, else the newest of the app that fits, else one that this call makes.
        Raises `UnknownAppError`, `UnsupportedSchemeError`, `NotFoundError`, `InvalidArgumentError`.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     info = client.get_expected_params_for_user(app="STRIPE", auth_scheme="API_KEY")
        >>> [field["name"] for field in info["expectedInputFields"]]
        ['api_key']
        >>> info.json_schema["properties"]["api_key"]["format"]
        'password'
        """
        return self._run(
            _calls.expected_params(app=app, auth_scheme=auth_scheme, integration_id=integration_id),
        )

    @forgetful
    def initiate_connection(
        self,
        *,
        entity_id: str,
        connected_account_params: Values,
        integration_id: str | None = None,
        app_name: str | None = None,
        app: str | None = None,
        auth_scheme: str | None = None,
        verify: str = "auto",
        alias: str | None = None,
        labels: Sequence[str] = (),
        metadata: Any = None,
        allow_multiple: bool = False,
        replace: bool = False,
        callback_url: str | None = None,
    ) -> ConnectionRequest:
        """Checks the values, asks the provider, stores them and answers ACTIVE.

        entity_id: your user. integration_id, or app_name (`app` is the same): what to connect to.
        connected_account_params: what the user typed, by field name. A bytearray is taken: it holds zeros afterwards.
        verify: "auto" asks the provider where it can be asked, refuses what it rejects and takes the rest with its
            verdict; "required" takes only what it accepts; "off" does not ask.
        alias: your name for the connection, unique per entity and app. labels: to list by. metadata: your own JSON.
        allow_multiple: have another connection although there is an active one. replace: put the values in its place.
        callback_url: where a redirect would lead to; keys and tokens need none, so only Composio's API is told.

        Raises `MissingFieldsError`, `UnknownFieldError`, `InvalidFieldError` (each with all problems at once),
        `CredentialsRejectedError`, `ProviderUnreachableError`, `ForbiddenHostError`, `AlreadyExistsError`; nothing is
        stored then.

        >>> from keylatch import Keylatch
        >>> typed = bytearray(b"sk_test_123")
        >>> with Keylatch("vault.db") as client:
        ...     made = client.initiate_connection(
        ...         entity_id="user-1", app_name="stripe", connected_account_params={"api_key": typed}, verify="off"
        ...     )
        >>> made.connectionStatus, made.redirectUrl, bytes(typed) == bytes(11)
        ('ACTIVE', None, True)
        """
        call = _calls.initiate_connection(
            connected_account_params,
            labels,
            app_name,
            app,
            entity_id=entity_id,
            integration_id=integration_id,
            auth_scheme=auth_scheme,
            verify=verify,
            alias=alias,
            metadata=metadata,
            allow_multiple=allow_multiple,
            replace=replace,
            callback_url=callback_url,
        )
        return ConnectionRequest.from_dict(self._run(call), _client=self)

    def entity(self, id: str) -> Entity:
        """The user of this id."""
        return Entity(self, id)

    def get_entity(self, id: str) -> Entity:
        """The user of this id, by the page's name of the call."""
        return self.entity(id)

    def get_connection(self, *, entity_id: str, app: str) -> Connection:
        """The one active connection of this user to this app.

        Raises `NotFoundError`; `AmbiguousError` with the candidates where there are several.
        """
        return self._run(_calls.get_connection(entity_id, app))

    def execute_action(
        self,
        action: str,
        params: Mapping[str, Any] | None = None,
        *,
        entity_id: str | None = None,
        connected_account_id: str | None = None,
        timeout: float | None = None,
    ) -> ActionResult:
        """Does one of an app's actions with a user's connection.

        action: its name, in any case; `client.apps.get(app).actions` lists those that are known beforehand.
        params: what it takes, by name. entity_id, or connected_account_id: whose connection to use.
        timeout: in seconds. Default: the client's.

        Raises `ActionFailedError` where the app did not do it; `InvalidArgumentError` for an action that is not known;
        `MissingFieldsError`, `UnknownFieldError`, `InvalidFieldError` for its params; and as `request` does.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     instance = client.integrations.create(app="stripe", base_url=provider_url)  # a test instance
        ...     made = client.initiate_connection(
        ...         entity_id="user-1",
        ...         integration_id=instance.id,
        ...         connected_account_params={"api_key": bytearray(b"sk_test_123")},
        ...     )
        ...     result = client.execute_action("STRIPE_RETRIEVE_BALANCE", entity_id="user-1")
        >>> result.successful, result["data"]["object"]
        (True, 'balance')
        """
        call = _calls.execute_action(
            params, timeout, action=action, entity_id=entity_id, connected_account_id=connected_account_id
        )
        return self._run(call)

    def request(
        self,
        method: str,
        path: str,
        *,
        entity_id: str | None = None,
        app: str | None = None,
        connected_account_id: str | None = None,
        query: Pairs | None = None,
        headers: Pairs | None = None,
        json: Any = None,
        body: bytes | bytearray | memoryview | str | None = None,
        timeout: float | None = None,
        retry: int | None = None,
    ) -> Response:
        """Sends a request to the app with the user's credential in it, which the caller never sees.

        entity_id and app, or connected_account_id: whose connection to use.
        path: below the connection's base URL; another origin is refused.
        json: sent as JSON. body: sent as it is.
        timeout: in seconds, with all retries and waits. Default: the client's.
        retry: how often to send again at most, 0 to 10. Default: 2. GET, HEAD and OPTIONS are sent again after 429,
            502, 503, 504 and broken connections, any method where there was no connection. Where an answer told that
            the app's limit is used up, the next request waits for it; with `retry=0` it does not.

        Answers of any HTTP status are returned. A 401 that the app's own check confirms makes the connection EXPIRED.
        Raises `NotFoundError`, `AmbiguousError`, `ForbiddenHostError`, `CredentialsRejectedError` (EXPIRED),
        `ProviderUnreachableError`, `TimeoutError`; `RateLimitedError` where a limit outlasts the timeout.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     instance = client.integrations.create(app="stripe", base_url=provider_url)  # a test instance
        ...     made = client.initiate_connection(
        ...         entity_id="user-1",
        ...         integration_id=instance.id,
        ...         connected_account_params={"api_key": bytearray(b"sk_test_123")},
        ...     )
        ...     answer = client.request("GET", "/v1/balance", entity_id="user-1", app="stripe")
        >>> made.verdict, answer.status, answer.json()["object"]
        ('accepted', 200, 'balance')
        """
        call = _calls.request(
            method,
            path,
            entity_id=entity_id,
            app=app,
            connected_account_id=connected_account_id,
            query=query,
            headers=headers,
            json=json,
            body=body,
            timeout=timeout,
            retry=retry,
        )
        return self._run(call)

    def request_stream(
        self, method: str, path: str, *, body: Body | None = None, **options: Unpack[StreamOptions]
    ) -> ResponseStream:
        """As `request`, for bodies of any size: they go and come in pieces, on a connection of their own.

        body: sent in pieces where it is a file opened in binary mode or an iterable of bytes; such a request is
            sent once. Apps that take their credential in the body, or a signature over it, take it whole.
        content_length: the size of a body in pieces, which some apps demand. Without it, it goes in chunks of HTTP's.
        timeout: in seconds, for all of it to the last byte. Default: none; the client's is how long nothing may move.
        max_response_bytes: most bytes of the answer; 0 is any number. Default: the client's.

        The other options, and what is raised, are those of `request`; `InvalidArgumentError` on Composio's API too,
        whose proxy passes whole bodies only.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     instance = client.integrations.create(app="stripe", base_url=provider_url)  # a test instance
        ...     made = client.initiate_connection(
        ...         entity_id="user-1",
        ...         integration_id=instance.id,
        ...         connected_account_params={"api_key": bytearray(b"sk_test_123")},
        ...     )
        ...     with client.request_stream("GET", "/v1/balance", entity_id="user-1", app="stripe") as answer:
        ...         size = sum(len(piece) for piece in answer)
        >>> answer.status, size > 0
        (200, True)
        """
        call, pieces = _calls.request_stream(method, path, body, **options)
        following = None if pieces is None else streams.reader(pieces)
        try:
            return ResponseStream(self._native.stream(call.json(), call.body, following))
        finally:
            self._listener.tell()

    def request_pages(
        self, method: str, path: str, *, paging: Paging | None = None, **options: Unpack[RequestOptions]
    ) -> Iterator[Response]:
        """The pages of an app's list, each fetched when it is wanted; the options are those of `request`.

        paging: how the list goes on, by default as a `Link` header says. It ends where the app tells of no more, where
            it leads back to a page that was there, after `max_pages`, and after an answer that is not of success.

        Raises as `request` does, and `ForbiddenHostError` where the next page is on another origin.

        >>> from keylatch import Keylatch
        >>> with Keylatch("vault.db") as client:
        ...     instance = client.integrations.create(app="stripe", base_url=provider_url)  # a test instance
        ...     made = client.initiate_connection(
        ...         entity_id="user-1",
        ...         integration_id=instance.id,
        ...         connected_account_params={"api_key": bytearray(b"sk_test_123")},
        ...     )
        ...     user = client.entity("user-1")
        ...     stripe = {"by": "cursor", "next": "/data/-/id", "query": "starting_after", "more": "/has_more"}
        ...     for page in user.request_pages("GET", "/v1/customers", app="stripe", paging=stripe):
        ...         print(page.status, page.tries)
        200 1
        """
        call, cursor = _calls.request(method, path, **options), None
        while True:
            page, cursor = self._run(_calls.request_page(call, paging, cursor))
            yield page
            if cursor is None:
                return

    def _run(self, call: Call[T]) -> T:
        try:
            return call.answer(self._native.call(call.name, call.json(), call.values, call.body))
        finally:
            self._listener.tell()


class Entity:
    """One of the application's users, seen through a client."""

    def __init__(self, client: Keylatch, id: str) -> None:
        self._client = client
        self.id = id

    @forgetful
    def initiate_connection(
        self,
        *,
        connected_account_params: Values,
        integration_id: str | None = None,
        app_name: str | None = None,
        app: str | None = None,
        entity_id: str | None = None,
        auth_scheme: str | None = None,
        verify: str = "auto",
        alias: str | None = None,
        labels: Sequence[str] = (),
        metadata: Any = None,
        allow_multiple: bool = False,
        replace: bool = False,
        callback_url: str | None = None,
    ) -> ConnectionRequest:
        """As `Keylatch.initiate_connection`, for this user; an `entity_id` may repeat the user's own."""
        return self._client.initiate_connection(
            entity_id=_calls.same_entity(self.id, entity_id),
            connected_account_params=connected_account_params,
            integration_id=integration_id,
            app_name=app_name,
            app=app,
            auth_scheme=auth_scheme,
            verify=verify,
            alias=alias,
            labels=labels,
            metadata=metadata,
            allow_multiple=allow_multiple,
            replace=replace,
            callback_url=callback_url,
        )

    def get_connection(self, app: str) -> Connection:
        """The user's one active connection to the app. Raises `NotFoundError`, `AmbiguousError`."""
        return self._client.get_connection(entity_id=self.id, app=app)

    def connections(self, **filters: Unpack[ConnectionFilter]) -> Page[Connection]:
        """The user's connections, filtered as by `ConnectedAccounts.list`."""
        filters["entity_id"] = _calls.same_entity(self.id, filters.get("entity_id"))
        return self._client.connected_accounts.list(**filters)

    def execute_action(
        self,
        action: str,
        params: Mapping[str, Any] | None = None,
        *,
        connected_account_id: str | None = None,
        timeout: float | None = None,
    ) -> ActionResult:
        """As `Keylatch.execute_action`, with a connection of this user."""
        return self._client.execute_action(
            action, params, entity_id=self.id, connected_account_id=connected_account_id, timeout=timeout
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        app: str | None = None,
        connected_account_id: str | None = None,
        query: Pairs | None = None,
        headers: Pairs | None = None,
        json: Any = None,
        body: bytes | bytearray | memoryview | str | None = None,
        timeout: float | None = None,
        retry: int | None = None,
    ) -> Response:
        """As `Keylatch.request`, over a connection of this user."""
        return self._client.request(
            method,
            path,
            entity_id=self.id,
            app=app,
            connected_account_id=connected_account_id,
            query=query,
            headers=headers,
            json=json,
            body=body,
            timeout=timeout,
            retry=retry,
        )

    def request_pages(
        self, method: str, path: str, *, paging: Paging | None = None, **options: Unpack[RequestOptions]
    ) -> Iterator[Response]:
        """As `Keylatch.request_pages`, over a connection of this user."""
        options["entity_id"] = _calls.same_entity(self.id, options.get("entity_id"))
        return self._client.request_pages(method, path, paging=paging, **options)

    def request_stream(
        self, method: str, path: str, *, body: Body | None = None, **options: Unpack[StreamOptions]
    ) -> ResponseStream:
        """As `Keylatch.request_stream`, over a connection of this user."""
        options["entity_id"] = _calls.same_entity(self.id, options.get("entity_id"))
        return self._client.request_stream(method, path, body=body, **options)

    def __repr__(self) -> str:
        return f"Entity({self.id!r})"
