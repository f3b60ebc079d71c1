"""Report → what a person reads in a terminal: each finding with its line of the manifest, a caret, and the way out."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from keylint import secret_shapes
from keylint.api import Severity, Source, Span
from keylint.engine import Baselined, Report, Waived
from keylint.tally import Extent, Reported

from . import Style
from .escape import UNSAFE, clean, inert, visible
from .summary import remarks, seen, statistics, summary, undecided

_COLORS: Final = {"error": "1;31", "warning": "1;33", "note": "1;36", "bold": "1", "frame": "1;34", "help": "1;32"}
_TAB = "    "

FEW = 12
"""How many undecided rules are named one by one."""


def render(report: Report, style: Style) -> str:
    """The findings in order, then accepted ones where asked for, then what is unknown, then one summary line."""
    painter = _Painter(style)
    blocks = []
    findings: dict[str, list[Reported]] = {}
    accepted: dict[str, list[Waived | Baselined]] = {}
    for finding in report.findings:
        findings.setdefault(finding.file, []).append(finding)
    if style.show_waived:
        both: list[Waived | Baselined] = [*report.waived, *report.baseline]
        for each in both:
            accepted.setdefault(each.finding.file, []).append(each)
    for source in report.sources:
        if source.name in findings or source.name in accepted:
            lines = _Lines(source)
            blocks += [painter.finding(it, lines, seen(report, it)) for it in findings.get(source.name, ())]
            blocks += [painter.accepted(it, lines, seen(report, it.finding)) for it in accepted.get(source.name, ())]
    if report.unknown:
        blocks.append("\n".join(painter.unknowns(report)))
    if not style.quiet and (said := remarks(report)):
        blocks.append("\n".join(line for remark in said for line in _wrapped(remark, style.width, "      ")))
    if style.statistics and report.findings:
        blocks.append("\n".join(statistics(report)))
    if not style.quiet:
        blocks.append("\n".join(_wrapped(summary(report), style.width)))
    return inert("\n\n".join(blocks) + "\n") if blocks else ""


def _wrapped(text: str, width: int, indent: str = "", first: str = "") -> list[str]:
    """`text` in lines of at most `width`, the later ones indented; words are kept whole."""
    if len(first) + len(text) <= width:
        return [first + text]
    from textwrap import wrap  # noqa: PLC0415 - a run without findings needs it not

    return wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


class _Lines:
    """The lines of a manifest as they may be shown: secrets covered, nothing unsafe."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.secrets = secret_shapes.find(source.text)

    def span(self, number: int) -> Span:
        """Where a line, from 1, stands in the text, without its end."""
        start, end = self.source.positions.line_span(number)
        return Span(start, end - self.source.text.endswith("\r", start, end))

    def part(self, start: int, end: int) -> str:
        """The text from `start` to `end`; secrets that reach into it are covered character by character."""
        spans = []
        at = bisect_right(self.secrets, start, key=attrgetter("end"))
        while at < len(self.secrets) and self.secrets[at].start < end:
            secret = self.secrets[at]
            spans.append(Span(max(secret.start, start) - start, min(secret.end, end) - start))
            at += 1
        return secret_shapes.covered(self.source.text[start:end], tuple(spans))


class _Painter:
    """Lays out blocks for one width, in colour or without."""

    def __init__(self, style: Style) -> None:
        self.width = style.width
        self.color = style.color

    def paint(self, text: str, color: str) -> str:
        """`text` in a colour, where there are colours."""
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if self.color and text else text

    def finding(self, finding: Reported, lines: _Lines, live: str) -> str:
        """One finding as a block; `live` is what Binance said of it."""
        block = self._block(finding, lines, finding.severity.value, finding.severity)
        said = self._labelled("live", live) if live else ()
        return "\n".join([*block, *said, *self._labelled("help", finding.help)])

    def accepted(self, accepted: Waived | Baselined, lines: _Lines, live: str) -> str:
        """One accepted finding as a block, with what Binance said of it, and who accepts it."""
        if isinstance(accepted, Waived):
            waiver = accepted.waiver
            word, why = "waived", f"{waiver} by {waiver.by} until {waiver.until}: {waiver.reason}"
        else:
            word, why = "baseline", f"in it since {accepted.entry.since}"
        block = self._block(accepted.finding, lines, word, Severity.NOTE)
        said = self._labelled("live", live) if live else ()
        return "\n".join([*block, *said, *self._labelled(word, why)])

    def unknowns(self, report: Report) -> Iterator[str]:
        """What could not be decided, and by which rules, where they are few enough to be worth a look."""
        for it in undecided(report):
            label = f"unknown[{it.rules}]"
            text = it.message if it.message.startswith(it.subject) else f"{it.subject}: {it.message}"
            text = f"{it.file}: {text}"
            yield from self._wrapped(f"{self.paint(label, 'warning')}: ", f"{label}: ", text)
            if 1 < len(it.codes) <= FEW:
                yield from _wrapped(", ".join(it.codes), self.width, "      ", "      ")

    def _block(self, finding: Reported, lines: _Lines, word: str, severity: Severity) -> Iterator[str]:
        label = f"{word}[{finding.code}]"
        yield from self._wrapped(f"{self.paint(label, severity.value)}: ", f"{label}: ", finding.message, "bold")
        extent = finding.extent
        if extent is None:
            yield f"{self.paint(' -->', 'frame')} {clean(finding.file)}"
        else:
            gutter = len(str(extent.end_line))
            where = f"{clean(finding.file)}:{extent.line}:{extent.column}"
            yield f"{' ' * gutter}{self.paint('-->', 'frame')} {where}"
            yield from self._snippet(extent, lines, gutter, severity)

    def _snippet(self, extent: Extent, lines: _Lines, gutter: int, severity: Severity) -> Iterator[str]:
        """The first line of the place, cut to the width around what the caret points at."""
        line = lines.span(extent.line)
        start = line.start + extent.column - 1
        end = line.start + extent.end_column - 1 if extent.end_line == extent.line else line.end
        # A line may have megabytes, and no more of it than this can be shown.
        most = self.width
        before = _shown(lines.part(max(line.start, start - most), start))
        marked = _shown(lines.part(start, min(end, start + most)))
        after = _shown(lines.part(end, min(end + most, line.end)))
        before, marked, after = _cut(before, marked, after, self.width - gutter - 3)
        bar = self.paint("|", "frame")
        yield f"{' ' * gutter} {bar}"
        number = self.paint(str(extent.line).rjust(gutter), "frame")
        yield f"{number} {bar} {before}{marked}{after}".rstrip()
        carets = self.paint("^" * max(1, _columns(marked)), severity.value)
        yield f"{' ' * gutter} {bar} {' ' * _columns(before)}{carets}"
        yield f"{' ' * gutter} {bar}"

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        return self._wrapped(f"{self.paint(label, 'help')}: ", f"{label}: ", text)

    def _wrapped(self, painted: str, plain: str, text: str, color: str | None = None) -> Iterator[str]:
        """`text` after a label, broken at the width and set under itself."""
        indent = " " * min(len(plain), 6)
        rows = _wrapped(plain + clean(text), self.width, indent)
        first = rows[0].removeprefix(plain.rstrip()).lstrip()  # a long word leaves the label alone on its line
        yield painted + (self.paint(first, color) if color else first) if first else painted.rstrip()
        for row in rows[1:]:
            body = row.removeprefix(indent)
            yield indent + (self.paint(body, color) if color else body)


def _shown(text: str) -> str:
    """A piece of a source line as it may be shown: tabs as four spaces, what is unsafe as its escape."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(UNSAFE, visible, text.replace("\t", _TAB))


def _columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - few manifests need it

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _cut(before: str, marked: str, after: str, room: int) -> tuple[str, str, str]:
    """The three parts of a line cut to `room` columns so that what is marked stays in sight."""
    room = max(room, 20)
    if _columns(before) + _columns(marked) + _columns(after) <= room:
        return before, marked, after
    if _columns(marked) > room // 2:
        marked = _head(marked, room // 2 - 1) + "…"
    left = room - _columns(marked)
    if _columns(before) > left * 2 // 3:
        before = "…" + _head(before[::-1], left * 2 // 3 - 1)[::-1]
    left -= _columns(before)
    if _columns(after) > left:
        after = _head(after, left - 1) + "…"
    return before, marked, after


def _head(text: str, room: int) -> str:
    """As much of the beginning of `text` as fits into `room` columns."""
    text = text[: max(0, room)]
    while _columns(text) > room:
        text = text[:-1]
    return text
