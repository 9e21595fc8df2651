"""Composio's names for Keylatch's calls: programs written for its SDKs run with their import line changed.

`ComposioToolSet`, `App` and `Action` are those of the old SDK, `Composio` and `auth_scheme` those of the new one.
docs/drop-in.md tells what is here and what differs; errors are those of `keylatch.errors`.
"""

from keylatch.composio.entity import Entity
from keylatch.composio.names import Action, App
from keylatch.composio.results import ConnectedAccount, ConnectionRequest, Integration
from keylatch.composio.schemes import auth_scheme
from keylatch.composio.sdk import Composio
from keylatch.composio.toolset import ComposioToolSet

__all__ = [
    "Action",
    "App",
    "Composio",
    "ComposioToolSet",
    "ConnectedAccount",
    "ConnectionRequest",
    "Entity",
    "Integration",
    "auth_scheme",
]
