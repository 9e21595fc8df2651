"""What all results have in common: how they are made of what the core answers, read, compared and shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

M = TypeVar("M", bound="Model")
C = TypeVar("C")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m[1].lower(), name)


# Which fields of a result are lists, with the class of their items (None: plain texts).
Lists = Mapping[str, "type[Model] | None"]
# Which are results themselves.
Models = Mapping[str, "type[Model]"]


@dataclass_transform(frozen_default=True)
def unchangeable(cls: type[C]) -> type[C]:
    """As `dataclass(frozen=True)`, for subclasses of `Model`, which does the work.

    A module of the standard library that most programs need not load takes longer than all that this package does.
    """
    own = {name: kind.startswith("ClassVar") for name, kind in cls.__annotations__.items()}
    kept = [name for name in getattr(cls, "_names", ()) if name not in own]
    names = (*kept, *(name for name, of_class in own.items() if not of_class))
    cls._names = cls.__match_args__ = names  # type: ignore[attr-defined, misc]
    cls._known = frozenset(names)  # type: ignore[attr-defined]
    cls._defaults = {name: getattr(cls, name) for name in names if hasattr(cls, name)}  # type: ignore[attr-defined]
    return cls


def _fields(kind: type[Model]) -> dict[str, Any]:
    from dataclasses import field, fields, make_dataclass  # rarely needed, and long to load

    types = {name: of for each in reversed(kind.__mro__) for name, of in getattr(each, "__annotations__", {}).items()}
    defaults = kind._defaults
    given = {name: field(default=defaults[name]) if name in defaults else field() for name in kind._names}
    alike = make_dataclass(kind.__name__, [(name, types[name], of) for name, of in given.items()], init=False)
    return {each.name: each for each in fields(alike)}


class _Fields:
    """Lets `dataclasses.fields`, `asdict` and `replace` take results."""

    def __init__(self) -> None:
        self._made: dict[type[Model], dict[str, Any]] = {}

    def __get__(self, _result: object, kind: type[Model]) -> dict[str, Any]:
        if kind not in self._made:
            self._made[kind] = _fields(kind)
        return self._made[kind]


class Model:
    """Base of all results."""

    _names: ClassVar[tuple[str, ...]] = ()
    """The fields. Those that begin with an underscore are neither shown nor compared."""
    _known: ClassVar[frozenset[str]] = frozenset()
    """The same, to be compared."""
    _defaults: ClassVar[Mapping[str, Any]] = {}
    """Values of fields that need not be given."""
    _lists: ClassVar[Lists] = {}
    _models: ClassVar[Models] = {}
    _aliases: ClassVar[Mapping[str, str]] = {}
    """Names beside the camelCase spelling of a field, and the field they mean."""

    __match_args__: ClassVar[tuple[str, ...]] = ()

    if not TYPE_CHECKING:
        __dataclass_fields__ = _Fields()

    # Type checkers know a narrower one of each class.
    def __init__(self, *values: Any, **named: Any) -> None:
        names = self._names
        given = dict(zip(names, values, strict=False))
        whole = {**self._defaults, **given, **named}
        if len(values) > len(names) or given.keys() & named.keys() or whole.keys() != set(names):
            missing = [name for name in names if name not in whole]
            raise TypeError(f"{type(self).__name__}() takes {', '.join(names)}, each once, and lacks {missing}")
        self.__dict__.update({name: whole[name] for name in names})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], **extra: Any) -> Self:
        """Reads what the core answered; names that this version does not know are left out."""
        whole = {**cls._defaults, **data, **extra}
        if whole.keys() != cls._known:
            whole = {name: whole[name] for name in cls._names if name in whole}
            if len(whole) < len(cls._names):
                return cls(**whole)  # which says what is lacking
        for name, item in cls._lists.items():
            if whole[name] is not None:
                whole[name] = tuple(whole[name] if item is None else map(item.from_dict, whole[name]))
        for name, kind in cls._models.items():
            if whole[name] is not None:
                whole[name] = kind.from_dict(whole[name])
        made = cls.__new__(cls)
        object.__setattr__(made, "__dict__", whole)
        return made

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.keys())
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return self._compared() == other._compared() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._compared())

    def _compared(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.keys())

    if not TYPE_CHECKING:
        # Hidden from type checkers, to which these are frozen.
        def __setattr__(self, name: str, value: Any) -> None:
            raise _frozen(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> None:
            raise _frozen(f"cannot delete field {name!r}")

    def keys(self) -> list[str]:
        """The names of the fields, so that `dict(result)` works."""
        return [name for name in self._names if not name.startswith("_")]

    def to_dict(self) -> dict[str, Any]:
        """The whole as plain dicts, lists and texts."""
        return {name: _plain(getattr(self, name)) for name in self.keys()}

    def get(self, key: str, default: Any = None) -> Any:
        """The field of this name in either spelling, or `default`."""
        return self[key] if key in self else default  # noqa: SIM401 - this is that `get`

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._name_of(key) is not None

    def __getitem__(self, key: str) -> Any:
        name = self._name_of(key) if isinstance(key, str) else None
        if name is None:
            raise KeyError(key)
        return getattr(self, name)

    def _name_of(self, key: str) -> str | None:
        name = self._aliases.get(key) or _snake(key)
        return name if name in self.keys() or name in _ALWAYS else None

    if not TYPE_CHECKING:
        # Hidden from type checkers, so that a misspelt name is still an error to them.
        def __getattr__(self, key: str) -> Any:
            name = None if key.startswith("_") else self._name_of(key)
            if name is None or name == key:
                raise AttributeError(f"{type(self).__name__} has no {key!r}", name=key, obj=self)
            return getattr(self, name)


def _frozen(message: str) -> AttributeError:
    from dataclasses import FrozenInstanceError  # rarely needed, and long to load

    return FrozenInstanceError(message)


_ALWAYS = ("expected_from_customer",)


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def read_items(kind: type[M], data: Mapping[str, Any]) -> list[M]:
    """The items of an answer that is a whole list."""
    items: Iterable[Mapping[str, Any]] = data["items"]
    return [kind.from_dict(each) for each in items]
