"""Places in TOML text → edits that take a table or an element of a list out of it, and leave the layout as it is."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from keylint.manifest.positions import Span


class Edit(NamedTuple):
    """What stands from `start` to `end`, in characters, the end exclusive, becomes `replacement`."""

    start: int
    end: int
    replacement: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """`text` with `edits`, of which no two overlap, in any order."""
    parts, at = list[str](), 0
    for edit in sorted(edits):
        parts += [text[at : edit.start], edit.replacement]
        at = edit.end
    return "".join([*parts, text[at:]])


def table_gone(text: str, header: int, last: int) -> Edit:
    """The edit that takes a table out: all lines from that of its `header` to that of its `last` value's end.

    The comment lines right above the header go with it, and as many blank lines that one gap is left of two. A table at
    the end of the file takes the gap before it along; whether the file ends with a line end stays as it is.
    """
    start, end = _line_start(text, header), _line_end(text, last)
    while start and _is_comment(above := text[_line_start(text, start - 1) : start]):
        start -= len(above)
    follows = end
    while follows < len(text) and not text[follows : _line_end(text, follows)].strip():
        follows = _line_end(text, follows)
    gap = start  # where the blank lines in front of it begin
    while gap and not (above := text[_line_start(text, gap - 1) : gap]).strip():
        gap -= len(above)
    if follows < len(text):
        return Edit(start, follows if gap < start or not start else end, "")
    if text.endswith("\n") or not gap:
        return Edit(gap, follows, "")
    return Edit(gap - (2 if text.endswith("\r\n", 0, gap) else 1), follows, "")


def element_gone(text: str, whole: Span, elements: Sequence[Span], index: int) -> Edit:
    """The edit that takes the element number `index` out of a list; comments in the list stay.

    `whole` is the list with its brackets, `elements` are all of its elements. The last one takes the comma before it
    along where both stand on one line and the list does not end with a comma.
    """
    start, end = elements[index]
    last = index == len(elements) - 1
    comma = _comma(text, end, whole.end - 1 if last else elements[index + 1].start)
    if comma is None and len(elements) == 1 and not text[whole.start + 1 : start].strip(" \t"):
        # Nothing is left of a list on one line.
        if not text[end : whole.end - 1].strip(" \t"):
            return Edit(whole.start + 1, whole.end - 1, "")
    elif comma is None and index:
        before = _comma(text, elements[index - 1].end, start)
        if before is not None and not text[before + 1 : start].strip(" \t"):
            return Edit(before, end, "")
    left = ""
    if comma is not None:
        left, end = text[end:comma].strip(" \t"), comma + 1
    return Edit(*_with_its_spaces(text, start, end), left) if not left else Edit(start, end, left)


def _with_its_spaces(text: str, start: int, end: int) -> Span:
    """A stretch with the spaces that would be too many without it, and with its line where it stands there alone."""
    before, after = start, end
    while before and text[before - 1] in " \t":
        before -= 1
    while text[after : after + 1] in {" ", "\t"}:
        after += 1
    first, ends = not before or text[before - 1] == "\n", text.startswith(("\n", "\r\n"), after)
    if first and ends:
        return Span(before, _line_end(text, after))
    return Span(before, after) if ends else Span(start, after)


def _comma(text: str, start: int, end: int) -> int | None:
    """Where the comma stands in what is between two elements, which holds spaces, line ends and comments besides."""
    found = re.compile(r"(?:[^,#]|#[^\n]*+)*+,").match(text, start, end)
    return None if found is None else found.end() - 1


def _is_comment(line: str) -> bool:
    """Whether a line that stands above a header is a comment about it.

    Not where a string of several lines ends in it, nor where it names the schema for an editor.
    """
    said = line.lstrip()
    return said.startswith("#") and not said.startswith("#:") and '"""' not in said and "'''" not in said


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    """Where the line of `offset` ends, its line end included."""
    return text.find("\n", offset) + 1 or len(text)
