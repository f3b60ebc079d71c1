"""A value out of Binance's JSON → what it is, or, in a few words, what is wrong with it.

Nothing is taken for something else here: `"true"` and `1` are not true, `null` is not false, and a field that is
spelled otherwise is not there. A wrong form of the whole answer raises Failure; the answer itself is never quoted.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from keylint.secret_shapes import mask
from keylint.unseen import alike

from .endpoints import Endpoint
from .failure import Failure

MALFORMED: Final = "malformed"
MISSING: Final = object()
"""What stands for a field that an answer lacks."""
MAX_TEXT: Final = 200
"""Characters that are kept of a text of Binance's; its labels and ids have at most a few dozen."""

_FIRST = datetime(2017, 7, 1, tzinfo=UTC)
"""Binance opened in July 2017: what it dates earlier is dated in another unit."""
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_FIRST_MS, _LAST_MS = int(_FIRST.timestamp()) * 1000, int(_LAST.timestamp()) * 1000
_SLIPS = 2
"""By how many characters the length of a name may be off, with white space around it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a number",
    float: "a number with a fraction",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def oddity(value: object, due: str) -> str:
    """What is wrong with `value`, as the end of a sentence about its field, where `due` was expected."""
    if value is MISSING:
        return "is missing"
    if value is None:
        return "is null"
    return f"is {_KINDS.get(type(value), 'something else')}, where {due} was due"


def malformed(endpoint: Endpoint, wrong: str) -> Failure:
    """The failure of an answer that came, and is not in the form that Binance documents."""
    return Failure(
        MALFORMED,
        f"the answer to {endpoint.path} is not in the form that Binance documents: {wrong}; look again later, and "
        "report it to keylint if it stays so",
    )


def mapping(endpoint: Endpoint, value: object, what: str) -> Mapping[str, object]:
    """`value` if it is an object. Raises Failure."""
    if isinstance(value, dict):
        return value
    raise malformed(endpoint, f"{what} {oddity(value, 'an object')}")


def rows(endpoint: Endpoint, value: object, what: str) -> Sequence[Mapping[str, object]]:
    """`value` if it is a list of objects. Raises Failure."""
    if not isinstance(value, list):
        raise malformed(endpoint, f"{what} {oddity(value, 'a list')}")
    return [mapping(endpoint, row, f"{what}[{index}]") for index, row in enumerate(value)]


def true_or_false(endpoint: Endpoint, row: Mapping[str, object], name: str, what: str = "") -> bool:
    """The field `name` of `row` if it is true or false. Raises Failure."""
    value = row.get(name, MISSING)
    if value is True or value is False:
        return value
    raise malformed(endpoint, f"{what}{name} {oddity(value, 'true or false')}")


def text(endpoint: Endpoint, row: Mapping[str, object], name: str, what: str = "") -> str:
    """The field `name` of `row` if it is a string with something in it. Raises Failure."""
    value = row.get(name, MISSING)
    if not isinstance(value, str):
        raise malformed(endpoint, f"{what}{name} {oddity(value, 'a string')}")
    if not value:
        raise malformed(endpoint, f"{what}{name} is empty")
    return value


def near(row: Collection[str], due: str) -> bool:
    """Whether a field that may be left out is there under a name that is hard to tell from its own, and not its own."""
    return due not in row and any(alike((due, name)) for name in row if abs(len(name) - len(due)) <= _SLIPS)


def kept(said: str, most: int = MAX_TEXT) -> str:
    """A text of Binance's as it is kept: bounded, and with what has the shape of a secret covered.

    What in it acts on a terminal is left to the reports, which escape all that they print.
    """
    covered = mask(said[: 8 * most])
    return covered if len(covered) <= most else f"{covered[: most - 1]}…"


def moment(milliseconds: object) -> datetime | None:
    """The UTC time that a whole number of milliseconds between July 2017 and 2100 means; None for anything else."""
    if type(milliseconds) is not int or not _FIRST_MS <= milliseconds < _LAST_MS:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def time_oddity(value: object) -> str:
    """What is wrong with a `value` that `moment` takes for no time."""
    if type(value) is int:
        return "is no time in milliseconds between 2017 and 2100"
    return oddity(value, "a time in milliseconds")


def stamp(said: str) -> datetime | None:
    """The UTC time that `2019-10-12 11:12:02` means; None for another form, or another time than Binance can mean."""
    try:
        found = datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if _FIRST <= found < _LAST and f"{found:%Y-%m-%d %H:%M:%S}" == said else None
