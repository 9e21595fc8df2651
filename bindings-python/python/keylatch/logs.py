"""What the library does, told to a logger of `logging`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from keylatch import _native

if TYPE_CHECKING:
    import logging  # long to load, and whoever has a logger has loaded it

# As `logging` numbers them; it has none for what comes after debug.
_NUMBERS = {"error": 40, "warn": 30, "info": 20, "debug": 10, "trace": 5}


def set_log(
    logger: logging.Logger | None, *, level: Literal["off", "error", "warn", "info", "debug", "trace"] = "info"
) -> None:
    """Tells this logger what the library does, in the place of the one before; None ends it. For the whole process.

    Each record has, beside its text, `keylatch_target` (the part of the library), `keylatch_operation` (the call as
    docs/calls.md names it, or None) and `keylatch_fields` (a dict of names, OpenTelemetry's where it has one, to texts,
    numbers and booleans). None ever has a credential, a user's id, a URL, or what an app or a server said. `level` is
    what the library bothers to tell; the logger's own level applies as well. `trace` is level 5 of `logging`.

    Called on the thread that makes a call, or that of its event loop, just before the call is over. What a handler
    calls of Keylatch itself is not told. What it raises goes to `sys.unraisablehook`. Thread-safe.

    Raises `InvalidArgumentError` for a level that is none.

    >>> import keylatch, logging
    >>> keylatch.set_log(logging.getLogger("keylatch"), level="debug")
    >>> keylatch.set_log(None)
    """
    if logger is None:
        _native.set_log(None, "off")
        return

    def tell(level: str, target: str, operation: str | None, message: str, fields: dict[str, str | int | bool]) -> None:
        number = _NUMBERS[level]
        if logger.isEnabledFor(number):
            words = [f"{operation}:"] if operation else []
            text = " ".join([*words, message, *(f"{name}={value}" for name, value in fields.items())])
            extra = {"keylatch_target": target, "keylatch_operation": operation, "keylatch_fields": fields}
            logger.log(number, "%s", text, extra=extra)

    _native.set_log(tell, level)
