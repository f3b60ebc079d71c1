"""Two values of one field → what changed between them, and which way; the directions are those of `directions`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from keylint.manifest.addresses import breadth, common, merged, network
from keylint.manifest.model import networks
from keylint.manifest.permissions import PERMISSION, ordered

from .directions import NEUTRAL, OPEN, ROWS, SECTIONS, TABLE, WIDENING, Direction, Row, way
from .pairs import Paired

Sign = Literal["+", "-", "~"]
Value = str | int | date | tuple[str, ...] | None
"""A field as it is compared: a list for the forms `items` and `addresses`, a number, a day, else a text."""
Values = Mapping[str, Value]


class Change(NamedTuple):
    """One thing that changed."""

    direction: Direction
    sign: Sign
    """Whether it was gained, lost, or became something else."""
    field: str
    before: tuple[str, ...]
    """What stood there, which may hold any text; () for nothing."""
    after: tuple[str, ...]
    note: str
    """What it means, in keylint's own words: ids and numbers at most are the manifest's. "" where there is no need."""


class Entry(NamedTuple):
    """One table of the manifest in which something changed."""

    section: str
    id: str
    """Its id in the head, else in the base; "" for the policy; an event's day and kind, a waiver's rule and subject."""
    was: str | None
    """Its id in the base, where it has another one in the head."""
    sign: Sign
    changes: tuple[Change, ...]

    @property
    def subject(self) -> str:
        """How a report calls it."""
        return f"{self.section}.{self.id}" if self.id else self.section

    @property
    def was_called(self) -> str | None:
        """How a report calls what it was."""
        return None if self.was is None else f"{self.section}.{self.was}"


def entry(section: str, names: tuple[str | None, str | None], changes: Sequence[Change]) -> Iterator[Entry]:
    """The entry of a table with its id in the base and in the head, if anything changed; the widest change first."""
    old, new = names
    if not changes:
        return
    sign: Sign = "~" if old is not None and new is not None else "-" if new is None else "+"
    ranked = sorted(changes, key=lambda change: _RANK[change.direction])
    was = old if sign == "~" and old != new else None
    yield Entry(section, new if new is not None else old or "", was, sign, tuple(ranked))


_RANK = {direction: rank for rank, direction in enumerate(Direction)}


def order(it: Entry) -> tuple[int, str]:
    """Where an entry stands among others: by its section, then by its id."""
    return SECTIONS.index(it.section), it.id


def table(section: str, sign: Literal["+", "-"], what: tuple[str, ...], note: str = "") -> Change:
    """The change of a whole table that is new or gone; `note` says more than the row does."""
    direction, said = way(ROWS[section, ""], 1 if sign == "+" else -1)
    before, after = ((), what) if sign == "+" else (what, ())
    return Change(direction, sign, section.removesuffix("s"), before, after, note or said)


def fields(section: str, before: Values, after: Values, *, but: frozenset[str] = frozenset()) -> Iterator[Change]:
    """What changed in the fields of one table, in the order of the directions, all `but` those."""
    for row in TABLE:
        if row.section == section and row.field and row.field not in but:
            yield from one(row, before.get(row.field), after.get(row.field))


def one(row: Row, before: Value, after: Value) -> Iterator[Change]:
    """What changed in one field."""
    if row.form == "items":
        yield from items(row, _list(before), _list(after))
    elif row.form == "addresses":
        yield from addresses(row, _list(before), _list(after))
    elif before != after:
        direction, note = way(row, _sign(row, before, after))
        sign: Sign = "+" if before is None else "-" if after is None else "~"
        yield Change(direction, sign, row.field, _said(before), _said(after), note)


def items(row: Row, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """The items that were gained and those that were lost, each a change of its own."""
    for item in _sorted(set(after) - set(before)):
        direction, note = way(row, 1)
        yield Change(direction, "+", row.field, (), (item,), _described(row, item, note))
    for item in _sorted(set(before) - set(after)):
        direction, note = way(row, -1)
        yield Change(direction, "-", row.field, (item,), (), _described(row, item, note))


def addresses(row: Row, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """The addresses that were gained and those that were lost, whatever networks they are written as."""
    if (row.section, row.field) in OPEN and bool(before) != bool(after):
        yield opened(row, tuple(before), tuple(after), 1 if before else -1)
        return
    for sign, these, those in ((1, after, before), (-1, before, after)):
        held = merged(networks(tuple(those)))
        entries = tuple(dict.fromkeys(it for it in these if (n := network(it)) and common(n, held) < breadth((n,))))
        if not entries:
            continue
        ranges = merged(networks(entries))
        count = breadth(ranges) - sum(common(it, held) for it in ranges)
        direction, note = way(row, sign)
        note = f"{count} address{'' if count == 1 else 'es'}: {note}"
        gained = sign > 0
        yield Change(
            direction, "+" if gained else "-", row.field, () if gained else entries, entries if gained else (), note
        )


def opened(row: Row, before: tuple[str, ...], after: tuple[str, ...], sign: int) -> Change:
    """A list that came to mean any address (`sign` above 0), or ceased to (below 0)."""
    direction, _ = way(row, sign)
    if row.section == "keys":
        note = "any address may use it" if sign > 0 else "no other address may use it"
    else:
        note = "nobody says any more where it calls from" if sign > 0 else "it calls from nowhere else"
    return Change(direction, "~" if before and after else "+" if after else "-", row.field, before, after, note)


def neutral(field: str, before: Value, after: Value, note: str = "") -> Iterator[Change]:
    """A change of a field that widens and narrows nothing, if it is one."""
    if before != after:
        # Nothing said is less than an empty list, and that is less than anything.
        left, right = (0 if it is None else 1 if it == () else 2 for it in (before, after))
        sign: Sign = "+" if left < right else "-" if left > right else "~"
        yield Change(NEUTRAL, sign, field, _said(before), _said(after), note)


def again(old: str, new: str, found: Paired) -> Iterator[Change]:
    """That a table has another id now, and by what it was known again."""
    if old != new:
        yield from neutral("id", old, new, f"the same one, by {found.told_by[new]}")


def widening(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Those of `changes` that widen."""
    return tuple(change for change in changes if change.direction is WIDENING)


def _sign(row: Row, before: Value, after: Value) -> int:
    """Whether `after` is more (1), less (-1) or neither (0) of a field than `before`, which differs from it."""
    if row.form == "word":
        return (after is not None) - (before is not None)
    if row.form == "day":
        first, last = (it if isinstance(it, date) else date.min for it in (before, after))
        return 1 if first < last else -1
    if row.form == "number" and isinstance(before, int) and isinstance(after, int):
        return 1 if before < after else -1
    if row.form == "rank":
        return _ranked(*(next((at for at, rank in enumerate(row.ranks) if it in rank), None) for it in (before, after)))
    return 0


def _ranked(before: int | None, after: int | None) -> int:
    """The same of two ranks; None is what nobody says, which is worse than the first and no better than another."""
    if before is not None and after is not None:
        return (before < after) - (before > after)
    return (before == 0) - (after == 0)


def _described(row: Row, item: str, note: str) -> str:
    if row.field == "permissions":
        permission = PERMISSION[item]
        return f"{permission.label}, {permission.risk} risk"
    return note


def _sorted(found: set[str]) -> list[str]:
    """Items in the one order in which they are printed: permissions by their power, all else by the alphabet."""
    known = ordered(frozenset(found & set(PERMISSION)))
    return [*known, *sorted(found - set(known))]


def _list(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else () if value is None else (str(value),)


def _said(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else () if value is None else (str(value),)
