"""Due dates → a calendar that people's own programs read (RFC 5545): a day-long event for each."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final

from keylint import __version__
from keylint.report.escape import clean

from .due import Due

_OCTETS: Final = 75
"""The longest that a line may be, without its end (RFC 5545, 3.1)."""


def render(due: tuple[Due, ...], as_of: datetime, calendar: str = "keylint") -> str:
    """`due` as one iCalendar object; what is overdue at the instant `as_of` says so.

    `calendar` is what the calendar is called, and a part of each event's UID: two calendars of one name are one, and an
    event that is imported again replaces itself. RFC 5545 knows no calendar without an event: `due` is not empty.
    """
    moment = as_of.astimezone(UTC)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//keylint//keylint {__version__}//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(calendar)}",
        *(line for each in due for line in _event(each, moment, calendar)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def uid(due: Due, calendar: str = "keylint") -> str:
    """What names an event: the same for one thing to do about one subject, on whatever day it is due."""
    name = f"{calendar}\n{due.kind}\n{due.subject}"
    return f"{sha256(name.encode()).hexdigest()[:32]}@keylint"


def _event(due: Due, moment: datetime, calendar: str) -> Iterator[str]:
    overdue = due.left(moment.date()) < 0
    yield "BEGIN:VEVENT"
    yield f"UID:{uid(due, calendar)}"
    yield f"DTSTAMP:{_day(moment.date())}T{moment.hour:02}{moment.minute:02}{moment.second:02}Z"
    # Without an end it lasts the whole day (3.6.1).
    yield f"DTSTART;VALUE=DATE:{_day(due.day)}"
    yield f"SUMMARY:{_text(f'OVERDUE: {due.what}' if overdue else due.what)}"
    said = [f"overdue since {due.day}", due.why, due.how] if overdue else [due.why, due.how]
    yield "DESCRIPTION:" + "\\n".join(_text(line) for line in said)
    yield f"CATEGORIES:{'keylint,overdue' if overdue else 'keylint'},{due.kind}"
    yield "TRANSP:TRANSPARENT"  # nobody is busy for it
    yield "END:VEVENT"


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _text(text: str) -> str:
    """A TEXT value (3.3.11). No line end is left in it: `clean` writes those as people do."""
    return clean(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """`line` in pieces of at most 75 octets, the later ones after a space; no character is cut."""
    room, piece = _OCTETS, ""
    for character in line:
        size = len(character.encode())
        if size > room:
            yield piece
            piece, room = " ", _OCTETS - 1
        piece += character
        room -= size
    yield piece
