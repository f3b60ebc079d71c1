"""A value out of an evidence file → what the schema says that it is, or Wrong with the place where it is not."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from keylint.manifest.addresses import network

from .model import NOT_FOUND, OUTCOMES, QUESTIONS, SOURCES

T = TypeVar("T")
Reader = Callable[[object, str], T]
"""A value and its place, such as `keys[3].at` → what it is; raises Wrong."""

MAX_TEXT: Final = 2_000
MAX_COUNT: Final = 10**9
MAX_NAMES: Final = 1_000
"""Names in one object; of an answer with more than 200 nothing is believed."""
MAX_ADDRESSES: Final = 200
"""Binance takes 30 for one key."""
KEY_TYPES: Final = ("hmac", "rsa", "ed25519")
MARKETS: Final = ("spot", "futures")
ACCOUNT_OUTCOMES: Final = tuple(outcome for outcome in OUTCOMES if outcome != NOT_FOUND)
"""Of an account nobody says that it is not there: only a key can be unknown."""

# The patterns of the schema, which `$` would let end in a line end here.
ID: Final = "^[a-z0-9][a-z0-9-]{0,62}$"
TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$"
FINGERPRINT: Final = "^sha256:[0-9a-f]{16}$"
HASH: Final = "^[0-9a-f]{16}$"

_PLAIN_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}")


class Wrong(Exception):  # noqa: N818 - it becomes BadEvidence, with the name of the file
    """What is wrong with a file. `helped`: whether it says what to do."""

    def __init__(self, message: str, *, helped: bool = False) -> None:
        super().__init__(message)
        self.helped = helped


class Object:
    """An object of the file whose fields are taken one by one; what is left at the end is wrong too."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(place, "is no object")
        self._fields: Mapping[str, object] = value
        self._place = place
        self._taken = 0

    def take(self, name: str, read: Reader[T]) -> T:
        """The field `name`, which must be there."""
        place = f"{self._place}.{name}" if self._place else name
        if name not in self._fields:
            raise _wrong(place, "is missing")
        self._taken += 1
        return read(self._fields[name], place)

    def maybe(self, name: str, read: Reader[T]) -> T | None:
        """The field `name`, which must be there and may be null."""
        return self.take(name, lambda value, place: None if value is None else read(value, place))

    def each(self, name: str, read: Reader[T]) -> list[T]:
        """The items of the list `name`."""
        return list(self.take(name, tuple_of(read)))

    def end(self) -> None:
        """Raise Wrong where there are fields that nobody took."""
        if self._taken < len(self._fields):
            raise _wrong(self._place, "has a field that keylint does not write")

    def whole(self, made: T) -> T:
        """`made` of all fields there are."""
        self.end()
        return made


def _wrong(place: str, what: str) -> Wrong:
    return Wrong(f"{place} {what}" if place else what)


def anything(value: object, _place: str) -> object:
    """Whatever stands there."""
    return value


def text(value: object, place: str) -> str:
    """A string of at most MAX_TEXT characters."""
    if not isinstance(value, str):
        raise _wrong(place, "is no string")
    if len(value) > MAX_TEXT:
        raise _wrong(place, f"is longer than {MAX_TEXT:,} characters")
    return value


def true_or_false(value: object, place: str) -> bool:
    """True or false, and nothing that might pass for it."""
    if value is True or value is False:
        return value
    raise _wrong(place, "is neither true nor false")


def count(value: object, place: str) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        raise _wrong(place, f"is no whole number from 0 to {MAX_COUNT:,}")
    return value


def one_of(words: Collection[str]) -> Reader[str]:
    """One of `words`."""

    def read(value: object, place: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise _wrong(place, f"is none of {', '.join(words)}")
        return value

    return read


def _like(pattern: str, what: str) -> Reader[str]:
    compiled = re.compile(pattern.removeprefix("^").removesuffix("$"))

    def read(value: object, place: str) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise _wrong(place, f"is no {what}")
        return value

    return read


id_ = _like(ID, "id")
fingerprint = _like(FINGERPRINT, "fingerprint such as sha256:0123456789abcdef")
short_hash = _like(HASH, "hash of 16 hexadecimal digits")
source = one_of(SOURCES)
key_outcome = one_of(OUTCOMES)
account_outcome = one_of(ACCOUNT_OUTCOMES)
question = one_of(tuple(QUESTIONS))
key_type = one_of(KEY_TYPES)
market = one_of(MARKETS)

_time = _like(TIME, "time such as 2026-11-20T09:30:00Z")


def time(value: object, place: str) -> datetime:
    """A time in UTC."""
    try:
        return datetime.fromisoformat(_time(value, place)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(place, "is no day or no time of day") from None


def written(moment: datetime) -> str:
    """A time as `time` reads it."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def address(value: object, place: str) -> str:
    """An IP address or a network."""
    found = text(value, place)
    if network(found) is None:
        raise _wrong(place, "is no address or network")
    return found


def tuple_of(read: Reader[T], most: int | None = None) -> Reader[tuple[T, ...]]:
    """A list of what `read` reads, with at most `most` items."""

    def items(value: object, place: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise _wrong(place, "is no list")
        if most is not None and len(value) > most:
            raise _wrong(place, f"has more than {most:,} items")
        return tuple([read(item, f"{place}[{index}]") for index, item in enumerate(value)])

    return items


def table(read: Reader[T]) -> Reader[Mapping[str, T]]:
    """An object whose names are Binance's, of what `read` reads."""

    def items(value: object, place: str) -> Mapping[str, T]:
        if not isinstance(value, dict):
            raise _wrong(place, "is no object")
        if len(value) > MAX_NAMES:
            raise _wrong(place, f"has more than {MAX_NAMES:,} names")
        found = {}
        for index, (name, item) in enumerate(value.items()):
            # A name that could be anything is not quoted.
            found[text(name, f"{place}, name {index + 1},")] = read(
                item, f"{place}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{place}, value {index + 1},"
            )
        return dict(sorted(found.items()))

    return items
