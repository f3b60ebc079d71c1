"""Due dates → what a person reads in a terminal: by date, with the days that are left."""

from collections.abc import Iterator
from datetime import date
from textwrap import wrap

from keylint.report.escape import clean, inert

from .due import Dues, days

_COLORS = {"late": "1;31", "soon": "1;33", "dim": "2"}
_SOON = 14


def render(name: str, found: Dues, today: date, *, width: int = 80, color: bool = False) -> str:
    """Everything in `found`, seen on `today`, in lines of at most `width` columns; what has no day comes last."""
    overdue = sum(each.left(today) < 0 for each in found.dated)
    count = len(found.dated)
    late = f", {overdue} overdue" if overdue else ""
    lines = [f"{clean(name)} as of {today}: {count} {'due date' if count == 1 else 'due dates'}{late}"]
    words = {each.left(today): _left(each.left(today)) for each in found.dated}
    column = max((len(word) for word in words.values()), default=0)
    if found.dated:
        lines.append("")
    for each in found.dated:
        left = each.left(today)
        stamp = f"{each.day}  {words[left]:>{column}}  "
        shade = "late" if left < 0 else "soon" if left <= _SOON else ""
        first, *more = _rows(clean(each.what), clean(each.why), width - len(stamp), color=color)
        lines.append(f"{_painted(stamp, shade, color=color)}{first}")
        lines += [" " * len(stamp) + row for row in more]
    if found.undated:
        lines += ["", "Without a day, because nobody has written down from when to count:"]
        lines += [row for each in found.undated for row in _wrapped(clean(each.why), width, "  ", "    ")]
    return inert("\n".join(lines) + "\n")


def _rows(what: str, why: str, width: int, *, color: bool) -> Iterator[str]:
    yield from _wrapped(what, width)
    for row in _wrapped(why, width):
        yield _painted(row, "dim", color=color)


def _left(number: int) -> str:
    if number < 0:
        return f"{days(-number)} late"
    return f"in {days(number)}" if number else "today"


def _painted(text: str, shade: str, *, color: bool) -> str:
    return f"\x1b[{_COLORS[shade]}m{text}\x1b[0m" if color and shade else text


def _wrapped(text: str, width: int, first: str = "", indent: str = "") -> list[str]:
    return wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [first]
