"""An error of requests, urllib3, http.client, TLS or a socket → the failure that it means."""

import http.client
import ssl
from collections.abc import Iterator
from typing import Final, NamedTuple

import requests
from urllib3.exceptions import HTTPError, InvalidChunkLength

from keylint.evidence.model import MALFORMED, UNREACHABLE

from .connection import Unreached, reason
from .deadline import Overdue
from .failure import Failure, over_time

_CERTIFICATE: Final = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "is signed by an authority that is not known",
    20: "is signed by an authority that is not known",
    21: "is signed by an authority that is not known",
    62: "is another host's",
    64: "is another address's",
}
"""What OpenSSL's numbers mean (x509_vfy.h)."""


class _Meaning(NamedTuple):
    rank: int
    """The least one of a chain of errors says most of what happened."""
    outcome: str
    what: str


def failure_of(error: BaseException, host: str, seconds: float, *, expired: bool) -> Failure:
    """The failure that an exception of requests, urllib3, http.client, TLS or a socket means.

    `expired`: the request, which had `seconds`, was over its time and was ended.
    """
    meanings = [_meaning(it) for it in _chain(error)]
    if expired or any(isinstance(it, Overdue) for it in _chain(error)):
        return over_time(host, seconds)
    clear = min((it for it in meanings if it is not None), default=None)
    if clear is None:  # a fault of ours, which is no verdict either
        kind = type(error).__name__
        return Failure(MALFORMED, f"keylint failed on what {host} answered ({kind}); please report this line")
    return Failure(clear.outcome, f"{host} {clear.what}")


def closed(error: BaseException) -> bool:
    """Whether a connection ended before there was a single byte of an answer."""
    ends = http.client.RemoteDisconnected | ConnectionResetError | ConnectionAbortedError | BrokenPipeError
    # What is raised while an answer is read is urllib3's own, and not wrapped.
    return isinstance(error, requests.ConnectionError) and any(isinstance(it, ends) for it in _chain(error))


def _meaning(error: BaseException) -> _Meaning | None:
    """What one error of a chain means; None where it says nothing by itself."""
    meaning = None
    match error:
        case Unreached():
            meaning = _Meaning(0, UNREACHABLE, f"could not be reached: {error}")
        case ssl.SSLCertVerificationError():
            what = _CERTIFICATE.get(error.verify_code, "could not be verified")
            meaning = _Meaning(1, UNREACHABLE, f"could not be trusted: its TLS certificate {what}; nothing was sent")
        case ssl.SSLError():
            meaning = _Meaning(2, UNREACHABLE, "could not be reached: it did not speak TLS, or stopped to")
        case http.client.RemoteDisconnected() | http.client.IncompleteRead():
            meaning = _Meaning(3, UNREACHABLE, "cut its answer off")
        case InvalidChunkLength() | http.client.HTTPException():
            meaning = _Meaning(4, MALFORMED, "answered in something that is not HTTP")
        case OSError() if error.errno or isinstance(error, TimeoutError | ConnectionError):
            meaning = _Meaning(5, UNREACHABLE, f"could not be reached: {reason(error)}")
        case OSError() | HTTPError():  # requests' own are OSErrors too, with no number in them
            meaning = _Meaning(6, MALFORMED, "answered in something that is not HTTP")
    return meaning


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and all the errors in it: those it came from, and those that it holds."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        it = waiting.pop(0)
        if isinstance(it, BaseException) and id(it) not in seen:
            seen.add(id(it))
            yield it
            waiting += [*it.args, getattr(it, "reason", None), it.__cause__, it.__context__]
