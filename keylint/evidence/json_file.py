"""The bytes of a JSON file of keylint's own → its document, in which nothing is doubtful and nothing is a secret."""

import json
from collections.abc import Sequence
from typing import Final, NoReturn

from keylint import secret_shapes

from .fields import Wrong

MAX_BYTES: Final = 16 * 1024 * 1024
BOM: Final = b"\xef\xbb\xbf"


def parsed(data: bytes, what: str, too_large: str = "") -> object:
    """The document in `data`: UTF-8, one document, no field twice, no NaN, no shape of a secret. Raises Wrong.

    `what` is what the file ought to be, such as `baseline`; `too_large` what to do where it has more than MAX_BYTES.
    """
    if len(data) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES // 1024 // 1024} MiB{too_large}"
        raise Wrong(message, helped=bool(too_large))
    text, document = _read(data, what)
    # Escapes can hide the shape of a secret from who looks at the text alone, and line ends from who looks at strings.
    if secret_shapes.find(text) or any(secret_shapes.find(each) for each in _strings(document)):
        message = (
            "holds what has the shape of a secret, which keylint never writes: delete the file, and rotate the key if "
            "it was one"
        )
        raise Wrong(message, helped=True)
    return document


def _read(data: bytes, what: str) -> tuple[str, object]:
    text = ""
    try:
        text = data.removeprefix(BOM).decode()
        return text, json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        message = "is not UTF-8"
    except json.JSONDecodeError as error:
        message = f"is not JSON (line {error.lineno}, column {error.colno})"
    except RecursionError:
        message = f"nests deeper than any {what}"
    except (ValueError, MemoryError):
        message = "holds a number that is out of range"
    raise Wrong(message)


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "names one field twice"
        raise Wrong(message)
    return found


def _no_number(_name: str) -> NoReturn:
    message = "holds what is no number in JSON"
    raise Wrong(message)


def _strings(value: object) -> list[str]:
    """Every string in a document, names too, that is long enough to be a secret."""
    found: list[str] = []
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            if len(each) >= secret_shapes.SHORTEST:
                found.append(each)
        elif isinstance(each, dict):
            left += [*each, *each.values()]
        elif isinstance(each, list):
            left += each
    return found
