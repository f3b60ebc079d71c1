"""Bytes of an answer → the one JSON value that they are; anything doubtful is refused."""

import json
import re
from collections.abc import Callable
from typing import Final

MAX_NESTING: Final = 32
LARGEST: Final = 2**63 - 1
"""Integers go to this and to its negative less one."""
_DIGITS = 19
_NOT_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+"|[^][}{"]++', re.DOTALL)


class Doubtful(Exception):  # noqa: N818 - becomes a Failure
    """What is no JSON, or is JSON that two readers could read differently. Says why, and nothing of what was there."""


def loads(data: bytes) -> object:
    """The value in `data`: UTF-8 without a byte order mark, one document, no NaN, no infinity, no key twice.

    Integers fit in 64 bits, nesting is at most 32 deep, and no text holds half a character. Raises Doubtful.
    """
    problem = _unfit(data)
    value: object = None
    if problem is None:
        try:
            value = _decoder.decode(data.decode("utf-8"))
            if b"\\u" in data:  # UTF-8 itself has no halves of characters
                _whole(value)
        except Doubtful as doubtful:
            problem = str(doubtful)
        except UnicodeDecodeError:
            problem = "it is not UTF-8"
        except (ValueError, RecursionError, OverflowError):
            problem = "it is not one JSON document"
    if problem is not None:  # here, where no error of the parser is at hand, which holds the document
        raise Doubtful(problem)
    return value


def _unfit(data: bytes) -> str | None:
    if not data:
        return "it is empty"
    if data.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark"
    # The parser would call itself for each bracket, and the stack has an end.
    if data.count(b"[") + data.count(b"{") > MAX_NESTING and _nesting(data) > MAX_NESTING:
        return f"it is nested deeper than {MAX_NESTING}"
    return None


def _nesting(data: bytes) -> int:
    depth = deepest = 0
    for byte in _NOT_STRUCTURE.sub(b"", data):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        msg = "an object in it has one key twice"
        raise Doubtful(msg)
    return value


def _integer(digits: str) -> int:
    if len(digits) <= _DIGITS + 1 and -LARGEST - 1 <= (value := int(digits)) <= LARGEST:
        return value
    msg = "a number in it is too large"
    raise Doubtful(msg)


def _fraction(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        msg = "a number in it is too large"
        raise Doubtful(msg)
    return value


def _constant(_name: str) -> object:
    msg = "a number in it is none"
    raise Doubtful(msg)


def _whole(value: object) -> None:
    """Raises Doubtful where a text in `value` holds half a character (a lone surrogate)."""
    match value:
        case str():
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                msg = "a text in it holds half a character"
                raise Doubtful(msg)
        case list():
            for item in value:
                _whole(item)
        case dict():
            for key, item in value.items():
                _whole(key)
                _whole(item)


_parse_constant: Callable[[str], object] = _constant
_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_parse_constant
)
