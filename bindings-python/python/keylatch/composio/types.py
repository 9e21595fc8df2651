"""Where the new SDK has `auth_scheme`."""

from keylatch.composio.schemes import auth_scheme

__all__ = ["auth_scheme"]
