"""Keep what is expensive to build for the next use, up to a limit in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """An object that knows its size; it may grow after it was built."""

    @property
    def nbytes(self) -> int:
        """Bytes held at the moment."""
        ...


V = TypeVar("V", bound=Sized)


class Kept(Generic[V]):
    """The latest objects by key; the least recently used go when a new one comes and all together exceed the limit.

    Parameters
    ----------
    limit_bytes : int
        What the older objects may hold together; the newest always stays, however large.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._objects: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the object of `key`, made now if it is not kept."""
        if key in self._objects:
            self._objects.move_to_end(key)
            return self._objects[key]
        while self._objects and sum(each.nbytes for each in self._objects.values()) > self._limit:
            self._objects.popitem(last=False)
        made = self._objects[key] = make()
        return made

    def clear(self) -> None:
        """Forget everything."""
        self._objects.clear()

    def __len__(self) -> int:
        return len(self._objects)
