"""The new SDK's tools, as far as they are executed by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keylatch import errors
from keylatch._model import Model, unchangeable
from keylatch.client import Keylatch
from keylatch.composio import connecting, proxy
from keylatch.composio.absent import Partial


@unchangeable
class ProxyResponse(Model):
    """What an app answered: `status`, `data` (JSON, or text where it is none), `headers` (the last of each name)."""

    status: int
    data: Any
    headers: dict[str, str]


class Tools(Partial):
    """`composio.tools`: what is done with connections."""

    def __init__(self, keylatch: Keylatch) -> None:
        self._keylatch = keylatch

    def execute(
        self,
        slug: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        connected_account_id: str | None = None,
        user_id: str | None = None,
        version: str | None = None,  # noqa: ARG002 - actions have no versions here
        dangerously_skip_version_check: bool | None = None,  # noqa: ARG002 - so there is nothing to check
    ) -> dict[str, Any]:
        """Does an action with the account named, else with the user's newest active one.

        Answers `data`, `error` and `successful`. Where the app did not do it, `successful` is False and `error` says
        why; everything else that goes wrong is raised, as by `Keylatch.execute_action`.
        """
        if connected_account_id is None:
            connecting.must_say_whose(user_id, "user_id")
        return connecting.execute(
            self._keylatch, slug, arguments, entity_id=user_id, connected_account_id=connected_account_id
        )

    def proxy(
        self,
        endpoint: str,
        method: str,
        body: Any = None,
        connected_account_id: str | None = None,
        parameters: Sequence[Any] | None = None,
    ) -> ProxyResponse:
        """Sends a request to the app over an account; raises as `Keylatch.request` does.

        endpoint: below the connection's base URL. parameters: `{"name", "type": "query" | "header", "value"}` each.
        """
        if connected_account_id is None:
            raise errors.InvalidArgumentError("name the account", fields=["connected_account_id"])
        answer = proxy.send(self._keylatch, endpoint, method, body, parameters, connected_account_id)
        return ProxyResponse(answer.status, proxy.content(answer), dict(answer.headers.items()))
