"""Float dtypes made complex: what a file asks for as float64 or float32 must be able to hold a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

_COMPLEX = np.dtype(np.complex128)


def widened(dtype: Any) -> Any:
    """complex128 for every float dtype, however it is spelled; anything else as it is."""
    if dtype is None:
        return None
    try:
        kind = np.dtype(dtype).kind
    except TypeError:
        return dtype
    return _COMPLEX if kind == "f" else dtype


def widen(value: Any) -> Any:
    """A float array or NumPy scalar as complex128; anything else as it is."""
    if isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f":
        return value.astype(_COMPLEX)
    return value


class Standing:
    """Stands in for a type such as float, by whose name files convert, ask, annotate, inherit and state dtypes."""

    def __init__(self, kind: type, convert: Any, also: tuple[type, ...] = (), dtype: Any = None) -> None:
        self.kind_itself, self._convert, self._accepted = kind, convert, (kind, *also)
        if dtype is not None:
            self.dtype = np.dtype(dtype)  # NumPy asks any object that is given as a dtype for this
        self.__name__ = self.__qualname__ = kind.__name__
        self.__module__, self.__doc__ = kind.__module__, kind.__doc__

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._convert(*args, **named)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, self._accepted)

    def __subclasscheck__(self, kind: type) -> bool:
        return issubclass(kind, self._accepted)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self.kind_itself,)

    def __eq__(self, other: object) -> bool:
        return other is self or other in self._accepted

    def __hash__(self) -> int:
        return hash(self.kind_itself)

    def __or__(self, other: Any) -> Any:
        return self.kind_itself | (other.kind_itself if isinstance(other, Standing) else other)

    def __ror__(self, other: Any) -> Any:
        return other | self.kind_itself

    def __getitem__(self, item: Any) -> Any:
        return self.kind_itself[item]  # type: ignore[index]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kind_itself, name)
