"""A value with named fields, quickly defined.

`dataclasses` compiles six methods for each frozen class, and on Python 3.11 that takes as long as a small file takes to
lint. A record compiles one, ``__init__``; the others are the same few lines for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(*, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T] | None = None, /, *, eq: bool = True) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class a dataclass whose instances are equal, hashed and shown by their fields, and are not to be changed.

    That they are not changed is what the type checker holds; at run time nothing refuses.

    Args:
        cls: The class, its fields annotated as a dataclass has them.
        eq: Whether two of them with equal fields are equal; without it each is equal to itself alone.
    """
    if cls is None:
        return lambda made: _made(made, eq=eq)
    return _made(cls, eq=eq)


def _made(cls: type[T], *, eq: bool) -> type[T]:
    own = vars(cls)
    made: Any = dataclass(eq=False, repr=False)(cls)
    names = [each.name for each in fields(made) if each.compare]
    shown = [each.name for each in fields(made) if each.repr]
    values: Callable[[object], object] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 (becomes the class's)
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807 (as above)
        return hash(values(self))

    def __repr__(self: object) -> str:  # noqa: N807 (as above)
        return f"{made.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    for method in (__eq__, __hash__, __repr__) if eq else (__repr__,):
        if method.__name__ not in own:
            setattr(made, method.__name__, method)
    return made  # type: ignore[no-any-return]
