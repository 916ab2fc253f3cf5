"""What other packages add by entry points: found by name, and refused in one line where it is broken.

Looking for a name reads package metadata alone. Only the entry point of that name is loaded, and it must bring no more
than a record that describes the thing: its engine is imported later, where it is needed.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from profiler.base.errors import OptionError

if TYPE_CHECKING:
    import importlib.metadata


class Named(Protocol):
    """A record that bears the name it is asked for by."""

    @property
    def name(self) -> str:
        """The name by which the record is asked for."""
        ...


Added = TypeVar("Added", bound=Named)


@dataclasses.dataclass(frozen=True)
class Plugins(Generic[Added]):
    """The records that installed packages add to a table, under the entry points of one group.

    Attributes:
        group: that of the entry points.
        noun: what such a thing is called in messages.
        record: the class of the records.
        built_in: the names that are taken.
        shown: those of them that an unknown name is told of.
        name_pattern: what a name must look like.
        problem: what else is wrong with a record, None if nothing is.
    """

    group: str
    noun: str
    record: type[Added]
    built_in: Mapping[str, Added]
    shown: tuple[str, ...]
    name_pattern: re.Pattern[str]
    problem: Callable[[Added], str | None]

    def names(self) -> tuple[str, ...]:
        """The names that installed packages add, in alphabetical order. Nothing of theirs is imported."""
        return tuple(sorted({point.name for point in self._points()} - self.built_in.keys()))

    def find(self, name: str) -> Added:
        """The record that an installed package adds under that name.

        Raises:
            OptionError: none or several packages do, or the entry point is broken.
        """
        found = {(point.value, _origin(point)): point for point in self._points() if point.name == name}
        if not found or name in self.built_in:
            known = ", ".join((*self.shown, *self.names()))
            notes = "".join(f"; {note}" for note in self.shadowing())
            raise OptionError(f"no {self.noun} is called {name[:80]!r}; there are {known}{notes}")
        if len(found) > 1:
            origins = " and ".join(sorted(origin for _, origin in found))
            raise OptionError(f"the {self.noun} {name[:80]!r} comes from {origins}; uninstall all but one of them")
        (point,) = found.values()
        return self._load(point)

    def shadowing(self) -> tuple[str, ...]:
        """A line for every entry point whose name belongs to a built-in record. It is never loaded."""
        return tuple(
            f"{_origin(point)} adds a {self.noun} {point.name!r}, which is built in; the built-in one is used"
            for point in self._points()
            if point.name in self.built_in
        )

    def _points(self) -> "list[importlib.metadata.EntryPoint]":
        import importlib.metadata  # takes longer than all else here, and no built-in name needs it

        return list(importlib.metadata.entry_points(group=self.group))

    def _load(self, point: "importlib.metadata.EntryPoint") -> Added:
        blame = f"the {self.noun} {point.name[:80]!r} of {_origin(point)} cannot be used"
        try:
            record = point.load()
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises
            reason = str(error).splitlines()[:1] or [""]
            raise OptionError(f"{blame}: {point.value} raises {type(error).__name__}: {reason[0][:200]}") from error
        if not isinstance(record, self.record):
            kind = type(record).__name__
            raise OptionError(f"{blame}: {point.value} is a {kind}, not a {self.record.__name__}")
        problem = self._name_problem(record, point.name) or self.problem(record)
        if problem is not None:
            raise OptionError(f"{blame}: {point.value} {problem}")
        return record

    def _name_problem(self, record: Added, name: str) -> str | None:
        if record.name != name:
            kind = self.record.__name__
            return f"is called {str(record.name)[:80]!r}; entry point and {kind} must bear the same name"
        if not self.name_pattern.fullmatch(name):
            return "bears a name with other characters than a-z, 0-9, '.', '_' and '-', or a longer one than 64"
        return None


def _origin(point: "importlib.metadata.EntryPoint") -> str:
    return point.dist.name if point.dist is not None else point.value
