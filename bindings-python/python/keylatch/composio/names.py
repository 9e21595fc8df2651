"""`App` and `Action`: names of apps and actions, in the manner of an enum that knows no list."""

from __future__ import annotations

import re
from typing import Self, TypeVar

from keylatch import errors

_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


N = TypeVar("N", bound="_Name")


class _Open(type):
    """Makes `App.STRIPE` out of the attribute's name. Whether there is such an app, the call says that uses it."""

    def __getattr__(cls: type[N], name: str) -> N:  # type: ignore[misc]  # only `_Name` has it
        if _CONSTANT.fullmatch(name) is None:
            raise AttributeError(f"{cls.__name__} has no {name!r}", name=name, obj=cls)
        return cls(name)


class _Name(str, metaclass=_Open):
    """Text that is compared without regard to case."""

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise errors.InvalidArgumentError(f"{name!r} is no name of an {cls.__name__.lower()}")
        return super().__new__(cls, cls._spelt(name))

    @staticmethod
    def _spelt(name: str) -> str:
        return name

    @property
    def value(self) -> str:
        """The name as plain text, as it goes over the wire."""
        return str.__str__(self)

    @property
    def name(self) -> str:
        """The name in capitals, as the attribute is called."""
        return self.upper()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __ne__(self, other: object) -> bool:
        return not self == other

    # Two of these that are equal have one hash; plain text has its own unless it is in lower case.
    def __hash__(self) -> int:
        return hash(self.lower())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


class App(_Name):
    """The name of an app: `App.STRIPE`, `App("stripe")`. It is text too, and goes wherever a name goes.

    >>> from keylatch.composio import App
    >>> App.STRIPE.value, App("Stripe") == App.STRIPE == "STRIPE"
    ('stripe', True)
    """

    __slots__ = ()

    @staticmethod
    def _spelt(name: str) -> str:
        return name.lower()


class Action(_Name):
    """The name of an action: `Action.STRIPE_RETRIEVE_BALANCE`.

    >>> from keylatch.composio import Action
    >>> Action("stripe_retrieve_balance").value
    'STRIPE_RETRIEVE_BALANCE'
    """

    __slots__ = ()

    @staticmethod
    def _spelt(name: str) -> str:
        return name.upper()
