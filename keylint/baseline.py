"""Findings ↔ a baseline: the fingerprints of what was there when keylint was adopted, `schemas/baseline.schema.json`.

A fingerprint is a rule, a subject and a field. It holds no line and no count, so that a finding that moves is still the
same, and several of one field are one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from . import secret_shapes
from .evidence.fields import Object, Wrong, one_of, text, tuple_of
from .evidence.json_file import parsed
from .manifest.model import Manifest, Side

VERSION: Final = 1

_AGAIN = "`keylint baseline create` writes one anew"
_SIDES: Final = tuple(side.value for side in Side)
_SECTIONS: Final = ("accounts", "providers", "bots", "keys")


class BadBaseline(Exception):  # noqa: N818 - it is said to the user as it is
    """Why a file is no baseline, or not the one of this manifest, and what to do. Quotes nothing of it."""


class Entry(NamedTuple):
    """One accepted finding, or several of one rule on one field."""

    fingerprint: str
    code: str
    subject: str
    sides: tuple[Side, ...]
    """Where it was found: declared, live, or both."""
    since: date
    """The UTC day on which it was taken in."""


class Baseline(NamedTuple):
    """The findings that were there when keylint was adopted."""

    name: str
    """How the file is called in messages."""
    entries: Mapping[str, Entry]
    """By fingerprint, in the order of fingerprints."""

    def only(self, entries: Iterable[Entry]) -> "Baseline":
        """The same with `entries` alone."""
        return Baseline(self.name, _by_fingerprint(entries))


class BaselineUse(NamedTuple):
    """What became of an entry of the baseline in this run."""

    entry: Entry
    acceptable: bool
    """Whether a baseline may accept findings of its rule."""
    judged: bool
    """Whether its rule was judged in this run, on its subject and on each of its sides."""
    found: bool
    """Whether there was a finding for it."""

    @property
    def stale(self) -> bool:
        """Whether it can go: it accepts nothing."""
        return self.judged and not (self.acceptable and self.found)


class Found(Protocol):
    """What there is to know of a finding here."""

    @property
    def fingerprint(self) -> str:
        """Rule, subject and field."""

    @property
    def code(self) -> str:
        """Its rule."""

    @property
    def subject(self) -> str:
        """What was judged."""

    @property
    def side(self) -> Side:
        """Where it was found."""

    @property
    def observed_at(self) -> datetime | None:
        """When Binance was asked; None where the live side has no part in it."""


def is_nameable(found: Found) -> bool:
    """Whether a finding can be named in a file: not where its fingerprint holds what looks like a secret."""
    return len(found.fingerprint) < secret_shapes.SHORTEST or not secret_shapes.find(found.fingerprint)


def taken(name: str, findings: Iterable[Found], day: date, before: Baseline | None = None) -> Baseline:
    """The baseline of `findings`, taken in on `day`; what `before` holds already keeps its day there."""
    sides: dict[tuple[str, str, str], set[Side]] = {}
    for found in findings:
        both = {found.side} if found.observed_at is None else {found.side, Side.LIVE}
        sides.setdefault((found.fingerprint, found.code, found.subject), set()).update(both)
    known = {} if before is None else before.entries
    entries = [
        Entry(*what, tuple(side for side in Side if side in where), known[what[0]].since if what[0] in known else day)
        for what, where in sides.items()
    ]
    return Baseline(name, _by_fingerprint(entries))


def is_of(baseline: Baseline, manifest: Manifest) -> bool:
    """Whether a baseline may be one of `manifest`: it has no entry, or one about something that is declared there."""
    tables = (manifest.accounts, manifest.providers, manifest.bots, manifest.keys)
    declared = {f"{section}.{name}" for section, table in zip(_SECTIONS, tables, strict=True) for name in table}
    entries = baseline.entries.values()
    # What is about the manifest as a whole may be about any.
    return not entries or any(
        entry.subject in declared or not entry.subject.startswith(tuple(f"{it}." for it in _SECTIONS))
        for entry in entries
    )


def dump(baseline: Baseline) -> str:
    """The text of a file that `load` reads back: ASCII, an entry a line, the same for the same entries."""
    lines = [json.dumps(_written(entry)) for entry in baseline.entries.values()]
    body = "[\n    " + ",\n    ".join(lines) + "\n  ]" if lines else "[]"
    return f'{{\n  "version": {VERSION},\n  "entries": {body}\n}}\n'


def load(name: str, data: bytes) -> Baseline:
    """The baseline in the bytes `data` of the file called `name`. Raises BadBaseline."""
    try:
        top = Object(parsed(data, "baseline"), "")
        _of_this_version(top)
        entries = top.each("entries", _entry)
        top.end()
        _each_once(entries)
    except Wrong as wrong:
        message = f"{name}: {wrong}" + ("" if wrong.helped else f"; {_AGAIN}")
        raise BadBaseline(message) from None
    return Baseline(name, _by_fingerprint(entries))


def _by_fingerprint(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    return MappingProxyType({entry.fingerprint: entry for entry in sorted(entries)})


def _written(entry: Entry) -> dict[str, object]:
    return {
        "fingerprint": entry.fingerprint,
        "code": entry.code,
        "subject": entry.subject,
        "sides": [side.value for side in entry.sides],
        "since": entry.since.isoformat(),
    }


# What is read.


def _of_this_version(top: Object) -> None:
    def version(value: object, _place: str) -> int:
        if type(value) is not int:
            message = "version is no whole number"
            raise Wrong(message)
        return value

    if top.take("version", version) != VERSION:
        message = (
            f"is a baseline of another version than {VERSION}: judge it with the keylint that wrote it, or {_AGAIN}"
        )
        raise Wrong(message, helped=True)


def _each_once(entries: Sequence[Entry]) -> None:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        if entry.fingerprint in seen:
            message = f"entries[{number}] has a fingerprint that stands further up: remove one of the two"
            raise Wrong(message, helped=True)
        seen.add(entry.fingerprint)


def _entry(value: object, place: str) -> Entry:
    fields = Object(value, place)
    entry = Entry(
        fields.take("fingerprint", text),
        fields.take("code", text),
        fields.take("subject", text),
        fields.take("sides", _sides),
        fields.take("since", _day),
    )
    fields.end()
    if not entry.fingerprint.startswith(f"{entry.code}/{entry.subject}/"):
        message = f"{place}.fingerprint does not begin with its code and its subject"
        raise Wrong(message)
    return entry


def _sides(value: object, place: str) -> tuple[Side, ...]:
    named = tuple_of(one_of(_SIDES))(value, place)
    if not named or len(set(named)) < len(named):
        message = f"{place} is no list of {' and '.join(_SIDES)}, or of one of them"
        raise Wrong(message)
    return tuple(Side(name) for name in named)


def _day(value: object, place: str) -> date:
    try:
        day = date.fromisoformat(text(value, place))
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        message = f"{place} is no day such as 2026-11-20"
        raise Wrong(message)
    return day
