"""The async client, for asyncio and every other loop that speaks its protocol. It never blocks the loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

from keylatch import _calls, _native, _options, errors, streams
from keylatch._calls import Call, ConnectionFilter, Paging, Pairs, RequestOptions, StreamOptions, Value, Values
from keylatch._expired import AsyncOnExpired, Listener
from keylatch._forget import forgetful, forgetful_async
from keylatch._options import ApiKey
from keylatch._transit import Transit
from keylatch.async_groups import AsyncApps, AsyncConnectedAccounts, AsyncIntegrations
from keylatch.async_vault_calls import AsyncVaultCalls
from keylatch.initiated import AsyncConnectionRequest
from keylatch.models import ActionResult, Connection, ExpectedParams, Page
from keylatch.response import Response
from keylatch.streams import AsyncBody, AsyncResponseStream

T = TypeVar("T")


class AsyncKeylatch(AsyncVaultCalls):
    """An async client on an encrypted vault; options, calls and errors are those of `Keylatch`.

    It opens with `async with AsyncKeylatch(...) as client`, or `client = await AsyncKeylatch.open(...)`; on Composio's
    API instead of a vault with `AsyncKeylatch.composio(...)`. Every call is awaited; any number may be under way at
    once, and cancelling the task that awaits one stops it. Bound to no event loop: one client may serve several,
    and the processes that are forked after it was made.

    >>> import asyncio
    >>> from keylatch import AsyncKeylatch
    >>> async def main():
    ...     async with AsyncKeylatch("vault.db") as client:
    ...         made = await client.initiate_connection(
    ...             entity_id="user-1",
    ...             app_name="stripe",
    ...             connected_account_params={"api_key": bytearray(b"sk_test_123")},
    ...             verify="off",
    ...         )
    ...         return made.connection_status
    >>> asyncio.run(main())
    'ACTIVE'
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
        on_expired: AsyncOnExpired | None = None,
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
        self._begin(options, listener)

    def _begin(self, options: _native.Options, listener: Listener) -> None:
        self._listener = listener
        self._options = options
        self._opened: _native.AsyncClient | None = None
        self.apps = AsyncApps(self)
        self.integrations = AsyncIntegrations(self)
        self.connected_accounts = AsyncConnectedAccounts(self)

    @classmethod
    @forgetful_async
    async def open(
        cls,
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
        on_expired: AsyncOnExpired | None = None,
    ) -> Self:
        """Opens a client, to be closed by the caller; the options are those of `Keylatch`."""
        client = cls(
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
            on_expired=on_expired,
        )
        return await client

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
        """A client on a project of Composio's API instead of a vault; the options are those of `Keylatch.composio`.

        It opens with `async with AsyncKeylatch.composio(...) as client`, or `await AsyncKeylatch.composio(...)`.
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
        client._begin(options, Listener(None))
        return client

    async def close(self) -> None:
        """Lets go of the vault and of all connections; later calls raise `ClosedError`. Closing twice is fine."""
        if self._opened is not None:
            await self._opened.close()

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        if self._opened is None:
            self._opened = await _native.AsyncClient.open(self._options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def get_expected_params_for_user(
        self, app: str | None = None, auth_scheme: str | None = None, integration_id: str | None = None
    ) -> ExpectedParams:
        """What a user must give to connect: by app or by integration, with or without scheme.

        Names an integration: the one asked for, else the newest of the app that fits, else one that this call makes.
        Raises `UnknownAppError`, `UnsupportedSchemeError`, `NotFoundError`, `InvalidArgumentError`.
        """
        return await self._run(
            _calls.expected_params(app=app, auth_scheme=auth_scheme, integration_id=integration_id),
        )

    @forgetful_async
    async def initiate_connection(
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
    ) -> AsyncConnectionRequest:
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
        return AsyncConnectionRequest.from_dict(await self._run(call), _client=self)

    def entity(self, id: str) -> AsyncEntity:
        """The user of this id."""
        return AsyncEntity(self, id)

    def get_entity(self, id: str) -> AsyncEntity:
        """The user of this id, by the page's name of the call."""
        return self.entity(id)

    async def get_connection(self, *, entity_id: str, app: str) -> Connection:
        """The one active connection of this user to this app.

        Raises `NotFoundError`; `AmbiguousError` with the candidates where there are several.
        """
        return await self._run(_calls.get_connection(entity_id, app))

    async def execute_action(
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
        """
        call = _calls.execute_action(
            params, timeout, action=action, entity_id=entity_id, connected_account_id=connected_account_id
        )
        return await self._run(call)

    async def request(
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
        return await self._run(call)

    async def request_stream(
        self, method: str, path: str, *, body: AsyncBody | None = None, **options: Unpack[StreamOptions]
    ) -> AsyncResponseStream:
        """As `request`, for bodies of any size: they go and come in pieces, on a connection of their own.

        body: sent in pieces where it is a file opened in binary mode or an iterable of bytes, async ones too; such
            a request is sent once. Apps that take their credential in the body, or a signature over it, take it whole.
        content_length: the size of a body in pieces, which some apps demand. Without it, it goes in chunks of HTTP's.
        timeout: in seconds, for all of it to the last byte. Default: none; the client's is how long nothing may move.
        max_response_bytes: most bytes of the answer; 0 is any number. Default: the client's.

        The other options, and what is raised, are those of `request`; `InvalidArgumentError` on Composio's API too,
        whose proxy passes whole bodies only.
        """
        call, pieces = _calls.request_stream(method, path, body, **options)
        client = self._client()
        upload = None if pieces is None else _native.AsyncUpload()
        sending = None if upload is None else streams.sending(upload, pieces)
        try:
            stream = await streams.or_why(client.stream(call.json(), call.body, upload), sending)
        except BaseException:
            if sending is not None:
                sending.cancel()
            raise
        finally:
            await self._listener.tell_and_wait()
        return AsyncResponseStream(stream, sending)

    async def request_pages(
        self, method: str, path: str, *, paging: Paging | None = None, **options: Unpack[RequestOptions]
    ) -> AsyncIterator[Response]:
        """The pages of an app's list, each fetched when it is wanted; the options are those of `request`.

        paging: how the list goes on, by default as a `Link` header says. It ends where the app tells of no more, where
            it leads back to a page that was there, after `max_pages`, and after an answer that is not of success.

        Raises as `request` does, and `ForbiddenHostError` where the next page is on another origin.
        """
        call, cursor = _calls.request(method, path, **options), None
        while True:
            page, cursor = await self._run(_calls.request_page(call, paging, cursor))
            yield page
            if cursor is None:
                return

    async def _run(self, call: Call[T]) -> T:
        try:
            return call.answer(await self._client().call(call.name, call.json(), call.values, call.body))
        finally:
            await self._listener.tell_and_wait()

    def _client(self) -> _native.AsyncClient:
        if self._opened is None:
            raise errors.ClosedError("this client is not open yet: use `async with`, or await it")
        return self._opened


class AsyncEntity:
    """One of the application's users, seen through a client."""

    def __init__(self, client: AsyncKeylatch, id: str) -> None:
        self._client = client
        self.id = id

    @forgetful_async
    async def initiate_connection(
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
    ) -> AsyncConnectionRequest:
        """As `AsyncKeylatch.initiate_connection`, for this user; an `entity_id` may repeat the user's own."""
        return await self._client.initiate_connection(
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

    async def get_connection(self, app: str) -> Connection:
        """The user's one active connection to the app. Raises `NotFoundError`, `AmbiguousError`."""
        return await self._client.get_connection(entity_id=self.id, app=app)

    async def connections(self, **filters: Unpack[ConnectionFilter]) -> Page[Connection]:
        """The user's connections, filtered as by `AsyncConnectedAccounts.list`."""
        filters["entity_id"] = _calls.same_entity(self.id, filters.get("entity_id"))
        return await self._client.connected_accounts.list(**filters)

    async def execute_action(
        self,
        action: str,
        params: Mapping[str, Any] | None = None,
        *,
        connected_account_id: str | None = None,
        timeout: float | None = None,
    ) -> ActionResult:
        """As `AsyncKeylatch.execute_action`, with a connection of this user."""
        return await self._client.execute_action(
            action, params, entity_id=self.id, connected_account_id=connected_account_id, timeout=timeout
        )

    async def request(
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
        """As `AsyncKeylatch.request`, over a connection of this user."""
        return await self._client.request(
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
    ) -> AsyncIterator[Response]:
        """As `AsyncKeylatch.request_pages`, over a connection of this user."""
        options["entity_id"] = _calls.same_entity(self.id, options.get("entity_id"))
        return self._client.request_pages(method, path, paging=paging, **options)

    async def request_stream(
        self, method: str, path: str, *, body: AsyncBody | None = None, **options: Unpack[StreamOptions]
    ) -> AsyncResponseStream:
        """As `AsyncKeylatch.request_stream`, over a connection of this user."""
        options["entity_id"] = _calls.same_entity(self.id, options.get("entity_id"))
        return await self._client.request_stream(method, path, body=body, **options)

    def __repr__(self) -> str:
        return f"AsyncEntity({self.id!r})"
