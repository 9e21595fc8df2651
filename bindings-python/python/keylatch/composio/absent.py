"""What Composio's SDKs have and this module has not: said in a sentence where a program asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_REDIRECTS = "keys and tokens need no redirect and no hosted page: give them to the call that initiates"
_TOOLS = "tools for agent frameworks are not built here; execute actions by their names"
_TRIGGERS = "there are no triggers here"
_CREDENTIALS = "credentials are never handed out; send requests through the connection instead"
_REASONS = {
    "authorize": _REDIRECTS,
    "link": _REDIRECTS,
    "refresh": _REDIRECTS,
    "oauth1": _REDIRECTS,
    "oauth2": _REDIRECTS,
    "composio_link": _REDIRECTS,
    "get_tools": _TOOLS,
    "get_action_schemas": _TOOLS,
    "find_actions_by_use_case": _TOOLS,
    "handle_tool_calls": _TOOLS,
    "provider": _TOOLS,
    "actions": _TOOLS,
    "triggers": _TRIGGERS,
    "get_trigger": _TRIGGERS,
    "create_trigger_listener": _TRIGGERS,
    "info": _CREDENTIALS,
    "get_auth_params": _CREDENTIALS,
}
_OTHERWISE = "keylatch.composio has the calls of the flow for keys and tokens, which docs/drop-in.md lists"


class Partial:
    """Base of what stands for a class of Composio's and has fewer attributes."""

    if not TYPE_CHECKING:
        # Hidden from type checkers, to which a missing name is an error anyway.
        def __getattr__(self, name: str) -> Any:
            why = _REASONS.get(name, _OTHERWISE)
            raise AttributeError(f"{type(self).__name__} has no {name!r}: {why}", name=name, obj=self)
