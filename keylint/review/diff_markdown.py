"""Diff → Markdown for the comment on a pull request: a table of changes, and the findings folded below it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from keylint.report import Style
from keylint.report.escape import clean

from .diff import Diff, Found
from .diff_text import called, finding, place, summary, undecided, values
from .directions import Direction

MOST: Final = 60_000
"""How long a comment may become; GitHub refuses one of more than 65,536 characters."""
_RESERVED: Final = 2_000
"""Of those, what is kept for what says that something was left out."""

_MARK: Final = {
    Direction.WIDENING: "🔺 **widening**",
    Direction.NARROWING: "🔻 narrowing",
    Direction.NEUTRAL: "neutral",
}


def render(diff: Diff, _style: Style) -> str:
    """The table and what belongs to it; rows that do not fit are counted and left to `keylint diff` itself."""
    page = _Page()
    page.add(f"### keylint: {cell(summary(diff))}", "")
    page.add(f"{cell(called(diff.base))} → {cell(called(diff.head))}", "")
    for remark in diff.remarks:
        page.add(f"> {cell(remark)}", "")
    page.table(("", "what", "change", "what it means"), _changes(diff))
    for title, found, new in (("new finding", diff.new, True), ("cleared finding", diff.cleared, False)):
        if found:
            page.details(title, len(found), found, new=new)
    for title, unknown in (("new", diff.new_unknown), ("cleared", diff.cleared_unknown)):
        if unknown:
            page.table((f"{title} unknown",), ((cell(it),) for it in undecided(unknown)))
    if page.left_out:
        page.lines += [f"{page.left_out} rows did not fit; `keylint diff` shows them all.", ""]
    return "\n".join(page.lines).rstrip("\n") + "\n"


def _changes(diff: Diff) -> Iterator[tuple[str, ...]]:
    for entry in diff.entries:
        was = f" (was {entry.was_called})" if entry.was_called else ""
        for change in entry.changes:
            what = f"{change.sign} {change.field}: {values(change)}"
            yield _MARK[change.direction], cell(f"{entry.subject}{was}"), cell(what), cell(change.note)


class _Page:
    """Lines that together stay short enough."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.length = 0
        self.left_out = 0

    def add(self, *lines: str) -> bool:
        """Add all of `lines`, or, where they do not fit, none."""
        length = sum(len(line) + 1 for line in lines)
        if self.length + length > MOST - _RESERVED:
            self.left_out += 1
            return False
        self.length += length
        self.lines += lines
        return True

    def table(self, header: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
        """A table, unless it has no rows."""
        started = False
        for row in rows:
            head = () if started else (_row(header), _row(["---"] * len(header)))
            started = self.add(*head, _row(row)) or started
        if started:
            self.lines.append("")

    def details(self, title: str, count: int, found: Sequence[Found], *, new: bool) -> None:
        """Findings, folded where there are none that a reviewer must see."""
        opened = " open" if new else ""
        summary = f"<summary>{count} {title}{'' if count == 1 else 's'}</summary>"
        if not self.add(f"<details{opened}>{summary}", ""):
            return
        rows = (
            (
                it.finding.severity.value,
                it.finding.code,
                cell(finding(it, new=new)),
                cell(place(it)),
                cell(it.finding.help),
            )
            for it in found
        )
        self.table(("severity", "rule", "finding", "place", "help"), rows)
        self.lines += ["</details>", ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(text: str) -> str:
    """`text` as Markdown that shows it and does nothing: no markup, no link, nobody is mentioned.

    GitHub looks for @names and #numbers in what it has made of the text, so a reference to a character does not hide
    them; a space of no width behind it does.
    """
    text = _MARKUP.sub(lambda found: f"&#{ord(found.group())};", clean(text))
    return text.replace("&#64;", "&#64;&#8203;").replace("&#35;", "&#35;&#8203;")


# Letters, digits, blanks and a few signs mean nothing inside a cell. The dot does where an address begins with `www.`.
_MARKUP: Final = re.compile(r"[!#$&*<>@\[-`{-~]|:(?! )|(?<=[Ww]{3})\.|(?<=[Gg][Hh])-(?=[0-9])")
