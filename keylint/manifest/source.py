"""One manifest as it was read: its text, what is wrong with it, what it declares, and where each part stands."""

from typing import Any, NamedTuple

from .model import Manifest, Place
from .positions import Path, Position, PositionIndex, Span


class Fault(NamedTuple):
    """Why a text is no TOML that keylint reads, and the offset at which it stops being so."""

    offset: int
    message: str
    help: str


class Violation(NamedTuple):
    """What breaks the schema: the dotted path that the sentence is about, the rest of the sentence, and what to do."""

    path: Path
    message: str
    help: str
    names: bool = False
    """Whether it is the name at the end of the path that is wrong, and not what stands there."""


def dotted(path: Path) -> str:
    """A path as a report writes it: `keys.mm-1.permissions[2]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


class Source(NamedTuple):
    """One manifest as it was read.

    Exactly one of these holds: `fault` is set; `violations` is not empty; `manifest` is set.
    """

    name: str
    """How the file is called in reports."""
    text: str
    positions: PositionIndex
    values: dict[str, Any]
    fault: Fault | None
    violations: tuple[Violation, ...]
    manifest: Manifest | None

    def locate(self, at: Place | Span) -> Span | None:
        """Where a place stands: its value or its name, else the header of the table that lacks it, else nothing."""
        if isinstance(at, Span):
            return at
        path = self.concrete(at)
        if at.names:
            return self.positions.key(path)
        while path:
            found = self.positions.value(path) or self.positions.key(path)
            if found is not None:
                return self.positions.table(path) or found
            path = path[:-1]
        return None

    def concrete(self, place: Place) -> Path:
        """The path of a place, with the position of its item in the list where it names one."""
        if place.item is None:
            return place.path
        value: Any = self.values
        for part in place.path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return place.path
        return (*place.path, value.index(place.item)) if isinstance(value, list) and place.item in value else place.path

    def position(self, offset: int) -> Position:
        """The line and column, from 1 and in characters, of an offset."""
        return self.positions.position(offset)
