"""Status, headers and bytes of an answer → its JSON value, or the failure that it means."""

import re
from http import HTTPStatus
from typing import Final, NamedTuple

from keylint.evidence.model import LIMITED, MALFORMED, NOT_FOUND, REJECTED, UNREACHABLE

from .connection import MAX_BYTES, Answer
from .failure import Failure
from .strict_json import Doubtful, loads

QUIET: Final = frozenset({HTTPStatus.FORBIDDEN, 418, HTTPStatus.TOO_MANY_REQUESTS})
"""What Binance answers when it wants no more requests: its firewall, a ban, and the warning before one."""
LONGEST_WAIT: Final = 3 * 24 * 60 * 60
"""The longest ban that Binance names, in seconds; a Retry-After beyond it is not repeated."""
_LARGEST_CODE: Final = 999_999

_AGAIN = "its state is unknown; try again later"
_FAULT = "says that the request was not as it has to be, which is a fault of keylint; please report this line"


class _Kind(NamedTuple):
    outcome: str
    message: str


_CODES: Final = {
    -2008: _Kind(NOT_FOUND, "says “Invalid Api-Key ID”: the key was deleted, or is one of a test network"),
    -2015: _Kind(
        REJECTED,
        "says “Invalid API-key, IP, or permissions for action”, and not which: is this host's address on the "
        "key's list, is the key still there, may it read",
    ),
    -2014: _Kind(REJECTED, "says “API-key format invalid”: what was given as API key is none"),
    -1022: _Kind(
        REJECTED,
        "says “Signature for this request is not valid”: the key is there, and the secret or private key is another's",
    ),
    -1002: _Kind(REJECTED, "says “You are not authorized to execute this request”"),
    -1021: _Kind(
        REJECTED,
        "says that the timestamp is outside of its window: this machine's clock jumped, or the request was "
        "more than 5 seconds on its way",
    ),
    -1003: _Kind(LIMITED, "says that too many requests came from this address or account"),
    -9000: _Kind(REJECTED, "says “Unsupported operation”"),
    **dict.fromkeys((-1000, -1001, -1006, -1007, -1008, -1016), _Kind(UNREACHABLE, f"is in trouble; {_AGAIN}")),
    **dict.fromkeys((*range(-1108, -1099), -1130), _Kind(MALFORMED, _FAULT)),
}
"""Binance's codes, which are the same everywhere; its messages vary, and may repeat what was sent."""
_RESTRICTED = _Kind(REJECTED, "does not serve the country from which this machine asks")


def judge(answer: Answer, host: str) -> object:
    """The JSON value of a good answer, or the Failure that another one means (returned, not raised)."""
    status = answer.status
    if status in QUIET:
        return Failure(LIMITED, f"{host} answered HTTP {status}{_retry_after(answer)}", _code(answer))
    if status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
        return Failure(REJECTED, f"{host} {_RESTRICTED.message} (HTTP 451)", _code(answer))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status < 600:  # noqa: PLR2004 - the last of the 5xx
        return _of_trouble(answer, host)
    if status == HTTPStatus.OK:
        problem = frame(answer) or _content(answer)
        return Failure(MALFORMED, f"{host} answered, but {problem}") if problem else _of_good(answer, host)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and not frame(answer):
        code = _code(answer)
        if code is not None:
            return _of_code(answer, host, code)
    redirect = ", a redirect, which keylint does not follow" if 300 <= status < 400 else ""  # noqa: PLR2004 - the 3xx
    return Failure(MALFORMED, f"{host} answered HTTP {status}{redirect} without one of Binance's codes")


def _of_good(answer: Answer, host: str) -> object:
    problem = ""
    try:
        value = loads(answer.body)
    except Doubtful as doubtful:
        problem = str(doubtful)
        value = None
    if problem:
        return Failure(MALFORMED, f"{host} answered with JSON that cannot be trusted: {problem}")
    if isinstance(value, dict) and "code" in value:  # an error that comes as a success
        code = _code(answer)
        if code is None:
            return Failure(MALFORMED, f"{host} answered with an error whose code is no number")
        return _of_code(answer, host, code)
    return value


def _of_trouble(answer: Answer, host: str) -> Failure:
    """What a 5xx means: that nothing is known; but a request for silence is heard in any answer."""
    code = _code(answer)
    if code is not None and (kind := _CODES.get(code)) and kind.outcome == LIMITED:
        return _of_code(answer, host, code)
    named = "" if code is None else f" ({code})"
    return Failure(UNREACHABLE, f"{host} answered HTTP {answer.status}{named}: {_AGAIN}", code)


def _of_code(answer: Answer, host: str, code: int) -> Failure:
    kind = _CODES.get(code)
    if code == 0 and b"restricted location" in answer.body:
        kind = _RESTRICTED
    if kind is None:
        kind = _Kind(MALFORMED, "answered with an error that keylint does not know")
    wait = _retry_after(answer) if kind.outcome == LIMITED else ""
    return Failure(kind.outcome, f"{host} {kind.message} ({code}){wait}", code)


def _code(answer: Answer) -> int | None:
    """Binance's code in the body of an error; None where there is none in the documented form."""
    try:
        value = loads(answer.body) if len(answer.body) <= MAX_BYTES else None
    except Doubtful:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("msg", ""), str):
        return None
    code = value.get("code")
    if isinstance(code, int) and not isinstance(code, bool) and abs(code) <= _LARGEST_CODE:
        return code
    return None


def frame(answer: Answer) -> str | None:
    """What is wrong with how long an answer is said to be."""
    if answer.status < HTTPStatus.OK or answer.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        # http.client reads no body after these, nor the answer that follows an interim one: both would be left over.
        return "with a status after which more may come"
    lengths = answer.headers.get("content-length", ())
    codings = answer.headers.get("transfer-encoding", ())
    if len(lengths) > 1 or any(not re.fullmatch(r"[0-9]{1,9}", it.strip()) for it in lengths):
        return "its Content-Length is given twice, or is no number"
    if codings and (lengths or [it.strip().lower() for it in codings] != ["chunked"]):
        return "its Transfer-Encoding is not one that keylint takes"
    if len(answer.body) > MAX_BYTES:
        return f"with more than {MAX_BYTES:,} bytes"
    return None


def _content(answer: Answer) -> str | None:
    """What is wrong with what an answer is said to hold."""
    if any(it.strip().lower() not in {"", "identity"} for it in answer.headers.get("content-encoding", ())):
        return "compressed, which keylint did not ask for"
    types = answer.headers.get("content-type", ())
    media, _, parameters = (types[0] if len(types) == 1 else "").partition(";")
    if media.strip().lower() != "application/json":
        return "not with JSON"
    charset = re.fullmatch(r"\s*charset\s*=\s*\"?([\w-]+)\"?\s*", parameters, re.IGNORECASE | re.ASCII)
    if parameters.strip() and (charset is None or charset[1].lower() not in {"utf-8", "utf8"}):
        return "in another charset than UTF-8"
    return None


def _retry_after(answer: Answer) -> str:
    values = answer.headers.get("retry-after", ())
    if len(values) == 1 and re.fullmatch(r"[0-9]{1,6}", values[0], re.ASCII) and 1 <= int(values[0]) <= LONGEST_WAIT:
        return f", and asks for {int(values[0])} s of silence"
    return ""
