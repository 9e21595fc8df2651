"""Keeps credentials out of tracebacks: these lead to every frame an exception went through, and to all it held."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def forgetful(function: Callable[P, T]) -> Callable[P, T]:
    """The same function, save that what it raises does not lead to its arguments."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> T:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            args, kwargs = (), {}
            raise _without_frames(error)  # noqa: B904 - it is the same error

    return wrapper


def forgetful_async(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """`forgetful`, for a coroutine function."""

    @wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> T:
        try:
            return await function(*args, **kwargs)
        except BaseException as error:
            args, kwargs = (), {}
            raise _without_frames(error)  # noqa: B904 - it is the same error

    return wrapper


def _without_frames(error: BaseException) -> BaseException:
    """The error without the frames below here, and so are those that led to it."""
    each: BaseException | None = error
    seen: set[int] = set()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error
