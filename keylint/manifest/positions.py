"""Turn TOML text that the strict parser accepted into the places of its keys, values and table headers."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

Path = tuple[str | int, ...]


class Span(NamedTuple):
    """A stretch of the text: offsets in characters, the end exclusive."""

    start: int
    end: int


class Position(NamedTuple):
    """A 1-based line and column; columns are characters (code points)."""

    line: int
    column: int


# All loops in the patterns are possessive (`*+`, `++`): they give nothing back, so that every pattern is linear on any
# text. `re` compiles and keeps them at their first use: a run that asks for no position does not pay for them.
# Up to Python 3.11.4 a possessive loop over a group ends in the wrong place when a lookahead or an inner loop fails in
# the middle of the group (gh-100061). Hence the ways in which one or two quotes go on are spelled out.
_SPACE = r"[ \t]*+"
_GAP = r"(?:[ \t\r\n]++|#[^\n]*+)*+"  # spaces, line ends and comments
_BASIC = r'"(?:[^"\\\n]++|\\.)*+"'
_LITERAL = r"'[^'\n]*+'"
# Two of the quotes at the end may belong to the string.
_LONG_BASIC = r'"""(?:[^"\\]++|\\[\s\S]|"[^"\\]|"\\[\s\S]|""[^"\\]|""\\[\s\S])*+"""["]{0,2}+'
_LONG_LITERAL = r"'''(?:[^']++|'[^']|''[^'])*+'''[']{0,2}+"
_PART = rf"(?:[A-Za-z0-9_-]++|{_BASIC}|{_LITERAL})"
_KEY = rf"{_PART}(?:{_SPACE}\.{_SPACE}{_PART})*+"
_BARE = r"[A-Za-z0-9_:.+-]++(?: [0-9]{2}:[0-9A-Za-z:.+-]++)?"  # a number, a boolean, a date, also `2026-01-31 07:30`

# A header after its line's end, or what looks like one: an array alone on its line inside of another array, `["x"]`.
# What follows tells them apart: after an element comes `,` or `]`, which no statement begins with.
_HEADER = rf"{_SPACE}\[(\[)?{_SPACE}({_KEY}){_SPACE}\](?(1)\])(?!{_GAP}[,\]])"

# The next step inside of a table, an inline table or an array.
_STEP = (
    rf"{_GAP}(?:,{_GAP})?+"
    rf"(?:(?P<key>{_KEY}){_SPACE}={_SPACE})?"
    rf"(?:(?P<value>{_LONG_BASIC}|{_LONG_LITERAL}|{_BASIC}|{_LITERAL}|{_BARE})|(?P<opening>[\[{{])|(?P<closing>[\]}}]))?"
)

# What to tell apart in a line to find the multi-line strings that begin there.
_QUOTED = rf"({_LONG_BASIC}|{_LONG_LITERAL})|{_BASIC}|{_LITERAL}|#[^\n]*+|\n"

_ESCAPE = r"\\(x.{2}|u.{4}|U.{8}|.)"
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}

_ROOT = 0
_NOWHERE = -1
_CHUNK = 4096  # characters between two checkpoints of the line count


class PositionIndex:
    """Where the keys, the values and the table headers of a text stand.

    The text is one that tomli accepted, without a byte order mark and with the file's own line ends, LF or CRLF; lines
    and positions are those of any text. A path leads from the document to a key, a table or an array element, such as
    `("keys", "grid", "permissions", 2)`; integers count the elements of arrays and of arrays of tables. For a path that
    the text does not have, the answer is None.

    The headers are read at the first question, the inside of a table at the first question that leads through it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        # Every path is a number, so that headers, dotted keys and inline tables that speak of one table meet in it.
        self._nodes: dict[tuple[int, str | int], int] = {}
        # Where a dotted key begins: in the header of a table; where a path is first mentioned, with the part that does.
        self._headers: dict[int, int] = {}
        self._mentions: dict[int, tuple[int, int]] = {}
        self._values: dict[int, tuple[int, int]] = {}
        self._unread: set[int] | None = None  # the tables whose inside is yet to be read; None before the headers are
        # For each chunk of the text: how many lines end before it, and the offset where its first line begins.
        self._lines_before: list[int] = []
        self._line_starts: list[int] = []

    def key(self, path: Path) -> Span | None:
        """Take a path; return the last part of the key that names it, with its quotes.

        A header goes before dotted keys and the headers of sub-tables; without one, the first mention counts. The first
        header of an array of tables names the array, and each header its own element. Nothing names the document and
        the elements of other arrays: None.
        """
        node = self._node(path)
        if node in self._headers:
            start, part = self._headers[node], -1
        elif node in self._mentions:
            start, part = self._mentions[node]
        else:
            return None
        parts = re.compile(_PART).finditer(self._text, *self._dotted_key(start))
        return Span(*[match.span() for match in parts][part])

    def value(self, path: Path) -> Span | None:
        """Take a path; return its value: a string with its quotes, an array or an inline table with its brackets.

        Tables made by headers or dotted keys have none: None.
        """
        span = self._values.get(self._node(path))
        return Span(*span) if span else None

    def table(self, path: Path) -> Span | None:
        """Take the path of a table; return the dotted key between its header's brackets, None without a header.

        An array of tables has the header of its first element.
        """
        start = self._headers.get(self._node(path))
        return None if start is None else self._dotted_key(start)

    def position(self, offset: int) -> Position:
        """Take an offset, at most the text's length; return the line and the column there."""
        self._count_lines()
        chunk = offset // _CHUNK
        begin = chunk * _CHUNK
        lines = self._lines_before[chunk] + self._text.count("\n", begin, offset)
        line_start = self._text.rfind("\n", begin, offset) + 1 or self._line_starts[chunk]
        return Position(lines + 1, offset - line_start + 1)

    def line(self, number: int) -> str:
        """Take the 1-based number of a line; return its text without the line end, "" for a line that is not there."""
        start, end = self.line_span(number)
        return self._text[start:end].removesuffix("\r")

    def line_span(self, number: int) -> Span:
        """Take the 1-based number of a line; return where it stands, without its LF; an empty span if there is none."""
        if number < 1:
            return Span(0, 0)
        self._count_lines()
        skipped = number - 1
        chunk = max(bisect_left(self._lines_before, skipped) - 1, 0)
        start = chunk * _CHUNK
        for _ in range(skipped - self._lines_before[chunk]):
            start = self._text.find("\n", start) + 1
            if not start:
                return Span(len(self._text), len(self._text))
        end = self._text.find("\n", start)
        return Span(start, len(self._text) if end < 0 else end)

    def _count_lines(self) -> None:
        if self._lines_before:
            return
        lines = line_start = 0
        for begin in range(0, len(self._text) + 1, _CHUNK):
            self._lines_before.append(lines)
            self._line_starts.append(line_start)
            lines += self._text.count("\n", begin, begin + _CHUNK)
            line_start = self._text.rfind("\n", begin, begin + _CHUNK) + 1 or line_start

    def _node(self, path: Path) -> int:
        if self._unread is None:
            self._unread = self._read_headers()
        node = _ROOT
        for part in path:
            if node in self._unread:
                self._unread.remove(node)
                self._read_inside(node)
            node = self._nodes.get((node, part), _NOWHERE)
        return node

    def _child(self, node: int, part: str | int) -> int:
        return self._nodes.setdefault((node, part), len(self._nodes) + 1)

    def _dotted_key(self, start: int) -> Span:
        key = re.compile(_KEY).match(self._text, start)
        return Span(start, key.end() if key else start)

    def _read_headers(self) -> set[int]:
        tables = {_ROOT}
        elements: dict[int, list[int]] = {}
        for header in _headers(self._text):
            start = header.start(2)
            *parents, name = _names(header[2])
            node = _ROOT
            for part, parent in enumerate(parents):
                node = self._child(node, parent)
                if node not in self._mentions:
                    self._mentions[node] = (start, part)
                if node in elements:
                    node = elements[node][-1]
            node = self._child(node, name)
            if header[1]:
                self._headers.setdefault(node, start)
                siblings = elements.setdefault(node, [])
                node = self._child(node, len(siblings))
                siblings.append(node)
            self._headers[node] = start
            tables.add(node)
        return tables

    def _read_inside(self, node: int) -> None:
        # A key has no line end in it, and the rest of a header's line has nothing to read.
        start = 0 if node == _ROOT else self._text.find("\n", self._headers[node])
        if start < 0:
            return
        index = None  # of the next element, in an array
        begin = start
        outer: list[tuple[int, int | None, int]] = []
        for step in re.compile(_STEP).finditer(self._text, start):
            kind = step.lastgroup
            if kind == "closing":
                self._values[node] = (begin, step.end())
                node, index, begin = outer.pop()
                continue
            if step["key"]:
                child = self._read_key(node, step["key"], step.start("key"))
            elif index is not None:
                child = self._child(node, index)
                index += 1
            else:
                return
            if kind == "value":
                self._values[child] = step.span("value")
            else:
                outer.append((node, index, begin))
                node, begin = child, step.start("opening")
                index = 0 if step["opening"] == "[" else None

    def _read_key(self, node: int, key: str, start: int) -> int:
        for part, name in enumerate(_names(key)):
            node = self._child(node, name)
            # The header of a sub-table may have mentioned this node before, although it stands further down.
            if node not in self._mentions or start < self._mentions[node][0]:
                self._mentions[node] = (start, part)
        return node


def _headers(text: str) -> Iterator[re.Match[str]]:
    # A search that begins with a line end is several times as fast as one for `^`, but misses the first line.
    if text.startswith(("[", " ", "\t")) and (header := re.match(_HEADER, text)):
        yield header
    headers = re.compile(r"\n" + _HEADER)
    for start, end in _outside_multiline_strings(text):
        yield from headers.finditer(text, start, end)


def _outside_multiline_strings(text: str) -> list[tuple[int, int]]:
    stretches = []
    start = seen = 0
    for quotes in sorted(match.start() for kind in ('"""', "'''") for match in re.compile(kind).finditer(text)):
        if quotes < seen:
            continue
        # Three quotes also stand in comments and in other strings: only their line, read from its beginning, tells.
        line = text.rfind("\n", seen, quotes) + 1 or seen
        seen = len(text)
        for token in re.compile(_QUOTED).finditer(text, line):
            if token[1]:
                stretches.append((start, token.start()))
                start = seen = token.end()
                break
            if token[0] == "\n":
                seen = token.start()
                break
    return [*stretches, (start, len(text))]


def _names(key: str) -> list[str]:
    if '"' in key or "'" in key or " " in key or "\t" in key:
        return [_name(part) for part in re.findall(_PART, key)]
    return key.split(".")


def _name(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        return re.sub(_ESCAPE, _unescape, part[1:-1])
    return part


def _unescape(escape: re.Match[str]) -> str:
    code = escape[1]
    return _ESCAPES.get(code) or chr(int(code[1:], 16))
