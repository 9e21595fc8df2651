"""Keylatch: let your users bring their own API keys. Discover which fields an app needs, collect them, connect, use.

Start with `Keylatch`, or `AsyncKeylatch` for asyncio. Results are in `keylatch.models`, errors in `keylatch.errors`.
"""

from typing import TYPE_CHECKING, Any

from keylatch import errors
from keylatch._calls import Paging
from keylatch._native import VERSION as __version__  # noqa: N811 - a constant, by its usual name
from keylatch._native import Secret
from keylatch._transit import Transit
from keylatch.client import Entity, Keylatch
from keylatch.diagnosing import diagnose
from keylatch.errors import KeylatchError, Upstream
from keylatch.initiated import AsyncConnectionRequest, ConnectionRequest
from keylatch.logs import set_log
from keylatch.models import (
    Action,
    ActionParam,
    ActionResult,
    App,
    AuditCheck,
    AuditEntry,
    AuditLog,
    AuthScheme,
    Connection,
    Diagnosis,
    ExpectedParams,
    Expired,
    Exported,
    Field,
    FieldCondition,
    Imported,
    Integration,
    KeyOrigin,
    Page,
    Permission,
    Recheck,
    Rechecks,
    Rotation,
    Status,
    Verdict,
    Verification,
)
from keylatch.response import Headers, Response
from keylatch.streams import AsyncResponseStream, ResponseStream

if TYPE_CHECKING:
    from keylatch.aio import AsyncEntity, AsyncKeylatch

__all__ = [
    "Action",
    "ActionParam",
    "ActionResult",
    "App",
    "AsyncConnectionRequest",
    "AsyncEntity",
    "AsyncKeylatch",
    "AsyncResponseStream",
    "AuditCheck",
    "AuditEntry",
    "AuditLog",
    "AuthScheme",
    "Connection",
    "ConnectionRequest",
    "Diagnosis",
    "Entity",
    "ExpectedParams",
    "Expired",
    "Exported",
    "Field",
    "FieldCondition",
    "Headers",
    "Imported",
    "Integration",
    "KeyOrigin",
    "Keylatch",
    "KeylatchError",
    "Page",
    "Paging",
    "Permission",
    "Recheck",
    "Rechecks",
    "Response",
    "ResponseStream",
    "Rotation",
    "Secret",
    "Status",
    "Transit",
    "Upstream",
    "Verdict",
    "Verification",
    "__version__",
    "diagnose",
    "errors",
    "set_log",
]


def __getattr__(name: str) -> Any:
    if name not in ("AsyncEntity", "AsyncKeylatch"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from keylatch import aio  # a program wants one of the two clients

    return getattr(aio, name)
