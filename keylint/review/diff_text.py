"""Diff → what a person reads in a terminal: what changed, which way, and which findings came and went."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from keylint.report import Style
from keylint.report.escape import clean, inert
from keylint.report.summary import LIVE_NOT_LOOKED_AT
from keylint.tally import Unknown

from .changes import Change, Entry
from .diff import Diff, Found, Version
from .directions import Direction

_COLORS: Final = {
    "widening": "1;31",
    "narrowing": "1;32",
    "neutral": "2",
    "+": "1;32",
    "-": "1;31",
    "~": "1;33",
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "bold": "1",
    "frame": "1;34",
    "help": "1;32",
}
_SHORT_COMMIT: Final = 7
_HEAD: Final = len("    narrowing  +")
MOST_ITEMS: Final = 8
"""How many items of a list are shown; JSON has them all."""
MOST_OF_A_VALUE: Final = 100
"""How much of one text is shown."""


def render(diff: Diff, style: Style) -> str:
    """Entries, then findings, then one line that counts; what has not changed is not shown."""
    painter = _Painter(style)
    blocks = [[painter.paint(line, "bold") for line in painter.wrapped(versions(diff), 4)]]
    blocks += [painter.wrapped(f"remark: {clean(it)}", 8) for it in diff.remarks]
    blocks += [[*painter.entry(it)] for it in diff.entries]
    for title, found, unknown, in_full in (
        ("new findings", diff.new, diff.new_unknown, True),
        ("cleared findings", diff.cleared, diff.cleared_unknown, False),
    ):
        lines = [line for it in found for line in painter.finding(it, in_full=in_full)]
        if lines:
            blocks.append([painter.paint(title, "bold"), *lines])
        lines = [line for text in undecided(unknown) for line in painter.wrapped(text, 4, "  ")]
        if lines:
            blocks.append([painter.paint(title.replace("findings", "unknown"), "bold"), *lines])
    blocks.append(painter.wrapped(summary(diff), 0))
    return inert("\n\n".join("\n".join(block) for block in blocks) + "\n")


def versions(diff: Diff) -> str:
    """The two that are compared."""
    return f"{called(diff.base)} → {called(diff.head)}"


def called(version: Version) -> str:
    """One of the two, with the commit where it is a revision."""
    return clean(version.name) + (f" ({version.commit[:_SHORT_COMMIT]})" if version.commit else "")


def summary(diff: Diff) -> str:
    """The last line: how many changes go which way, how many findings came and went."""
    counts = [(diff.count(direction), direction.value) for direction in Direction]
    changes = (
        ", ".join(f"{number} {word}" for number, word in counts) if diff.entries else "nothing changed its meaning"
    )
    new, gone = len(diff.new), len(diff.cleared)
    parts = [changes, f"{new} new finding{'' if new == 1 else 's'}, {gone} cleared"]
    if diff.new_unknown or diff.cleared_unknown:
        parts.append(f"{len(diff.new_unknown)} new unknown, {len(diff.cleared_unknown)} cleared")
    return "; ".join([*parts, LIVE_NOT_LOOKED_AT])


def values(change: Change) -> str:
    """What was gained or lost, or what became what."""
    if change.sign == "~":
        return f"{_listed(change.before)} → {_listed(change.after)}"
    return _listed(change.after if change.sign == "+" else change.before)


def _listed(items: Sequence[str]) -> str:
    shown = [_cut(clean(it)) for it in items[:MOST_ITEMS]]
    more = [f"and {len(items) - MOST_ITEMS} more"] if len(items) > MOST_ITEMS else []
    return ", ".join([*shown, *more]) or "(none)"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_OF_A_VALUE else f"{text[: MOST_OF_A_VALUE - 1]}…"


def undecided(unknown: Sequence[Unknown]) -> list[str]:
    """What could not be decided, together where it is of one subject and for one reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for it in unknown:
        groups.setdefault((it.subject, it.message), []).append(it.code)
    said = []
    for (subject, message), codes in groups.items():
        rules = codes[0] if len(codes) == 1 else f"{len(codes)} rules"
        text = message if message.startswith(subject) else f"{subject}: {message}"
        said.append(f"unknown[{rules}]: {clean(text)}")
    return said


def place(found: Found) -> str:
    """Where a finding stands."""
    extent = found.finding.extent
    return clean(found.finding.file) + ("" if extent is None else f":{extent.line}:{extent.column}")


def finding(found: Found, *, new: bool) -> str:
    """What a finding says, and whether a waiver had a part in its coming or going."""
    accepted = " [was waived]" if new else " [waived now]"
    return clean(found.finding.message) + (accepted if found.waived else "")


class _Painter:
    """Lays out blocks for one width, in colour or without."""

    def __init__(self, style: Style) -> None:
        self.width = style.width
        self.color = style.color

    def paint(self, text: str, color: str) -> str:
        """`text` in a colour, where there are colours."""
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if self.color and text else text

    def wrapped(self, text: str, indent: int, first: str = "") -> list[str]:
        """`text` in lines of at most the width, the later ones indented; words are kept whole."""
        later = " " * indent
        return wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=later,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def entry(self, entry: Entry) -> Iterator[str]:
        """A table and its changes, the fields one below the other."""
        was = f" (was {entry.was_called})" if entry.was_called else ""
        (first, *rest) = self.wrapped(f"{entry.sign} {clean(entry.subject)}{clean(was)}", 4)
        yield self.paint(first[:1], entry.sign) + self.paint(first[1:], "bold")
        yield from rest
        column = max(len(change.field) for change in entry.changes)
        for change in entry.changes:
            yield from self._change(change, column)

    def _change(self, change: Change, column: int) -> Iterator[str]:
        word = change.direction.value
        label = f"    {word:9}  {change.sign} {change.field:{column}}  "
        indent = len(label) if len(label) <= self.width // 2 else 6
        text = values(change) + (f" ({change.note})" if change.note else "")
        first, *rest = self.wrapped(f"{label}{text}", indent)
        head = f"    {self.paint(f'{word:9}', word)}  {self.paint(change.sign, change.sign)}"
        yield head + first[_HEAD:]
        yield from rest

    def finding(self, found: Found, *, in_full: bool) -> Iterator[str]:
        """A finding: one that is new with its place and the way out, one that is gone in a line."""
        it = found.finding
        label = f"{it.severity.value}[{it.code}]:"
        first, *rest = self.wrapped(f"{label} {finding(found, new=in_full)}", 6, "  ")
        yield first.replace(label, self.paint(label, it.severity.value), 1)
        yield from rest
        if in_full:
            yield f"    {self.paint('-->', 'frame')} {place(found)}"
            first, *rest = self.wrapped(f"help: {clean(it.help)}", 6, "    ")
            yield first.replace("help:", self.paint("help:", "help"), 1)
            yield from rest
