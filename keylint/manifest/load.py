"""Bytes of a manifest → Source: its text, what is wrong with it, and, if nothing is, the Manifest."""

import re
from typing import Any

import tomli

from .build import build
from .positions import PositionIndex
from .screen import screen
from .source import Fault, Source

MAX_BYTES = 16 * 1024 * 1024
MAX_KEY_PARTS = 16
MAX_NESTING = 32

_BOM = b"\xef\xbb\xbf"
_ALL_BUT_DOTS_AND_LINE_ENDS = bytes(set(range(256)) - set(b".\n"))
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""


def load(name: str, data: bytes) -> Source:
    """What the bytes `data` of the manifest called `name` say. Never raises: what is wrong stands in the Source."""
    text, values, fault = parsed(data)
    return checked(name, text, values) if fault is None else _faulty(name, text, fault)


def parsed(data: bytes) -> tuple[str, dict[str, Any], Fault | None]:
    """The text and the values of a TOML file, or why it is none that is read: whatever it holds, in bounded time."""
    text, fault = _decoded(data.removeprefix(_BOM))
    if fault is None:
        fault = _too_long_a_key(text, data)
    if fault is not None:
        return text, {}, fault
    try:
        return text, tomli.loads(text), None
    except tomli.TOMLDecodeError as error:
        return text, {}, Fault(_offset(text, error), _said(error), "correct the TOML here")
    except RecursionError:
        return text, {}, _TOO_DEEP
    except (ValueError, OverflowError, MemoryError):
        return text, {}, _impossible_number(text)


def _decoded(data: bytes) -> tuple[str, Fault | None]:
    """The text of a manifest, and what keeps it from being one before it is parsed."""
    if len(data) > MAX_BYTES:
        return "", Fault(0, f"is larger than {MAX_BYTES // 1024 // 1024} MiB", "split the desk into several manifests")
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        # The bytes themselves are not quoted: they could be part of a secret.
        offset = len(data[: error.start].decode())
        return data.decode(errors="replace"), Fault(offset, "is not UTF-8 from here on", "save the file as UTF-8")


def checked(name: str, text: str, values: dict[str, Any]) -> Source:
    """The Source of parsed `values`, held to the schema; `text` is where positions are looked up."""
    index = PositionIndex(text)
    wrong = screen(values)
    if wrong:
        if _depth(values) > MAX_NESTING:
            return _faulty(name, text, _TOO_DEEP)
        # jsonschema costs nine times a bare interpreter, so it is imported where there is something to explain.
        from .explain import explain  # noqa: PLC0415

        return Source(name, text, index, values, None, explain(values, wrong), None)
    return Source(name, text, index, values, None, (), build(values))


_TOO_DEEP = Fault(0, f"nests arrays or tables more than {MAX_NESTING} deep", "a manifest needs no more than four")


def _faulty(name: str, text: str, fault: Fault) -> Source:
    return Source(name, text, PositionIndex(text), {}, fault, (), None)


def _too_long_a_key(text: str, data: bytes) -> Fault | None:
    """A dotted key of more than MAX_KEY_PARTS parts, whose cost for the parser grows with the square of its length."""
    if b"." * MAX_KEY_PARTS not in data.translate(None, _ALL_BUT_DOTS_AND_LINE_ENDS):
        return None
    dotted = re.compile(rf"^[ \t]*+\[?\[?[ \t]*+({_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_KEY_PARTS}}})", re.MULTILINE)
    found = dotted.search(text)
    if found is None:
        return None
    return Fault(found.start(1), f"has a key of more than {MAX_KEY_PARTS} parts", "a manifest needs no more than three")


def _offset(text: str, error: tomli.TOMLDecodeError) -> int:
    """The offset in `text` that a parser's error means: the parser counts a CR LF as one character."""
    if "\r\n" not in text:
        return min(error.pos, len(text))
    before = text.split("\n", error.lineno - 1)[: error.lineno - 1]
    return min(sum(len(line) + 1 for line in before) + error.colno - 1, len(text))


def _said(error: tomli.TOMLDecodeError) -> str:
    # Of a table that is declared twice the parser gives the path as Python writes it.
    said = re.sub(r"\((?:'[^']*',? ?)+\)", lambda path: ".".join(re.findall(r"'([^']*)'", path[0])), error.msg)
    return f"is not valid TOML: {said[:1].lower()}{said[1:]}"


def _impossible_number(text: str) -> Fault:
    found = re.search(r"[0-9][0-9_]{300,}", text)
    offset = found.start() if found else 0
    return Fault(offset, "holds a number or a date that is out of range", "a manifest needs no such number")


def _depth(values: dict[str, Any]) -> int:
    """How deep arrays and tables nest, counted without recursion; the usual manifest is three deep."""
    depth = 0
    level: list[Any] = [values]
    while level:
        depth += 1
        if depth > MAX_NESTING:
            break
        level = [
            item
            for holder in level
            for item in (holder.values() if type(holder) is dict else holder)
            if type(item) is dict or type(item) is list
        ]
    return depth
