"""An endpoint and credentials → the JSON value that Binance answered, within limits of time, size and weight."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from keylint import __version__
from keylint.evidence.model import LIMITED, MALFORMED, UNREACHABLE

from .connection import Answer, Line, Resolver, silence, tls_context
from .credentials import Credentials
from .deadline import Watch, Watchdog
from .endpoints import ENDPOINTS, HOSTS, RECV_WINDOW, TIME, Endpoint
from .failure import Failure, over_time
from .http_answer import frame, judge
from .library_error import closed, failure_of
from .loopback import NotLoopback, base_url
from .pace import LIMITS, Clock, Pacer
from .secret import Secret
from .signing import query, signed
from .workers import Crew, request

__all__ = ["Failure", "NotLoopback", "Transport"]

T = TypeVar("T")

CONNECTIONS: Final = 12
"""How many requests are on their way at a time."""
MOST_MISSES: Final = 3
"""After so many requests in a row that brought no answer at all, a host is not asked again."""
TELLING: Final = 16
"""So many characters of an API key in a row are not shown."""
WIDEST_SKEW: Final = 3600
"""By how many seconds two clocks may differ before one of them is taken to be wrong."""
SPENT: Final = 0.9
"""Where this much of a pool is used up, by whomever, keylint leaves the rest to the bots."""

_EARLIEST, _LATEST = 1_483_228_800_000, 4_102_444_800_000
"""2017 and 2100, in milliseconds: Binance opened in the one, and microseconds or seconds fall outside of both."""
_USED: Final = {
    "api": "x-mbx-used-weight-1m",
    "fapi": "x-mbx-used-weight-1m",
    "sapi-ip": "x-sapi-used-ip-weight-1m",
    "sapi-uid": "x-sapi-used-uid-weight-1m",
}
_NOTHING: Final[Mapping[str, str | Secret]] = MappingProxyType({})


class Transport:
    """Asks Binance, or a server on this machine, from any number of threads."""

    def __init__(
        self, *, endpoint: str | None = None, clock: Clock, deadline: float = 10.0, connections: int = CONNECTIONS
    ) -> None:
        """`endpoint` stands for both hosts, and is a loopback address; `deadline` in seconds, for each request.

        Raises NotLoopback.
        """
        bases = dict(HOSTS) if endpoint is None else dict.fromkeys(HOSTS, base_url(endpoint))
        silence()
        self._bases = frozenset(bases.values())
        doors = {base: _Door(base) for base in self._bases}
        self._doors = {host: doors[base] for host, base in bases.items()}
        self._clock = clock
        self._pacer = Pacer(clock)
        self._watchdog = Watchdog(deadline)
        self._connections = connections
        self._resolver = Resolver()
        encrypted = any(base.startswith("https:") for base in self._bases)
        self._tls = tls_context(DEFAULT_CA_BUNDLE_PATH) if encrypted else None  # loading it takes 20 ms
        self._lock = threading.Lock()
        self._idle: list[Line] = []
        self._closed = False
        self._skew = 0.0
        self._clocks_differ = ""
        self.requests_sent = 0
        """How many requests were tried; those that a host's silence kept from being sent are not among them."""

    def measure_skew(self) -> None:
        """Ask the server's time once, so that signed requests carry it. Raises Failure.

        Where the clocks differ by more than an hour no signed request is made from then on: times that the answers
        are judged by would be wrong too.
        """
        failure = self._measured()
        if failure is not None:
            raise failure

    @property
    def skew(self) -> float:
        """By how many seconds the server's clock is ahead of this machine's; 0 until it was measured."""
        return self._skew

    def get(
        self,
        endpoint: Endpoint,
        credentials: Credentials | None = None,
        values: Mapping[str, str | Secret] = _NOTHING,
    ) -> object:
        """The JSON value of a good answer. Raises Failure.

        `values` are those of `endpoint.varying`, all of them. Raises ValueError for a request that is not in the table:
        a fault of the caller, of which nothing is sent.
        """
        _check(endpoint, credentials, values)
        if self._closed:
            msg = "the transport is closed"
            raise ValueError(msg)
        outcome = self._ask(endpoint, credentials, values)
        if isinstance(outcome, Failure):
            raise outcome  # made far from any library's error, which would be its context, with a signed URL in it
        return outcome

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T | Failure]:
        """What each of `jobs` returned or failed with, in their order; they run side by side.

        A job that raises anything else than a Failure, or hangs in a request beyond its time, has failed too.
        """

        def failed(error: BaseException | None) -> Failure:
            if isinstance(error, Failure):
                return Failure(error.outcome, error.message, error.code)
            if error is None:
                return Failure(UNREACHABLE, "the request hung beyond its time and was given up")
            kind = type(error).__name__
            return Failure(MALFORMED, f"keylint failed on an answer ({kind}); please report this line")

        return Crew(jobs, failed).run(self._connections)

    def close(self) -> None:
        """Close the connections and end the watch."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()
        self._watchdog.close()

    def _ask(self, endpoint: Endpoint, credentials: Credentials | None, values: Mapping[str, str | Secret]) -> object:
        """The JSON value, or a Failure; it is returned, so that no frame with a signed URL is in its traceback."""
        door = self._doors[endpoint.host]
        self._pacer.wait(endpoint, "" if credentials is None else credentials.id, unless=door.refusal)
        if self._closed:  # while it waited for its turn: nobody would take the answer, and nothing ends the request
            return Failure(UNREACHABLE, "the run was ended before it was asked")
        if endpoint.signed and self._clocks_differ:
            return Failure(MALFORMED, self._clocks_differ)
        outcome, _ = self._through(door, endpoint, credentials, values)
        return outcome

    def _through(
        self, door: "_Door", endpoint: Endpoint, credentials: Credentials | None, values: Mapping[str, str | Secret]
    ) -> tuple[object, float]:
        """The JSON value or a Failure, and how many seconds it took to connect."""
        refusal = door.refusal()
        if refusal is not None:
            return refusal, 0.0
        with self._watchdog.watching() as watch, request(watch.due):
            answer = self._answer(door, endpoint, credentials, values, watch)
            connecting = watch.connected - watch.began
        if answer is None:
            return door.refusal(), connecting
        outcome = answer if isinstance(answer, Failure) else judge(answer, door.name)
        if isinstance(answer, Answer):
            good = not isinstance(outcome, Failure)  # of a bad one nothing is kept anyway
            if good and credentials is not None and _repeats(answer.body, credentials.api_key):
                outcome = Failure(MALFORMED, f"{door.name} repeated the API key in its answer; nothing of it was kept")
            door.answered(outcome, _spent(endpoint, answer))
        elif answer.outcome == UNREACHABLE:
            door.missed()
        return outcome, connecting

    def _answer(
        self,
        door: "_Door",
        endpoint: Endpoint,
        credentials: Credentials | None,
        values: Mapping[str, str | Secret],
        watch: Watch,
    ) -> Answer | Failure | None:
        """What came back, unjudged, or what kept it from coming; None where nothing may be sent any more."""
        with self._lock:
            line = self._idle.pop() if self._idle else None
        if line is not None:
            result = self._on(line, door, endpoint, credentials, values, watch)
            if not isinstance(result, _Closed):
                return result
            # Servers close connections that were kept open, sometimes while the next request is on its way; HTTP lets
            # a GET be sent once more on a new one (RFC 9110, 9.2.2).
        result = self._on(None, door, endpoint, credentials, values, watch)
        return result.failure if isinstance(result, _Closed) else result

    def _on(  # noqa: PLR0913, PLR0917 - what one request needs
        self,
        line: Line | None,
        door: "_Door",
        endpoint: Endpoint,
        credentials: Credentials | None,
        values: Mapping[str, str | Secret],
        watch: Watch,
    ) -> "Answer | Failure | _Closed | None":
        """The same of one attempt, on a kept connection or on a new one."""
        result: Answer | Failure | _Closed | None = None
        try:
            if line is None:
                line = Line(self._bases, self._tls, self._resolver)
            url, headers = self._addressed(door, endpoint, credentials, values)
            answer = line.get(url, headers, watch, door.check)
            # An answer without a length ends where its connection ends, and that may have been our doing.
            result = over_time(door.name, self._watchdog.seconds) if watch.expired else answer
        except _Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - becomes an unknown, of which nothing but the kind is said
            result = failure_of(error, door.name, self._watchdog.seconds, expired=watch.expired)
            if closed(error) and not watch.expired:
                result = _Closed(result)
        with self._lock:
            self.requests_sent += result is not None
            # What did not end where it said it would may have left something on the connection.
            keep = line is not None and isinstance(result, Answer) and frame(result) is None and not self._closed
            if line is not None and keep:
                self._idle.append(line)
        if line is not None and not keep:
            with suppress(Exception):
                line.close()
        return result

    def _addressed(
        self, door: "_Door", endpoint: Endpoint, credentials: Credentials | None, values: Mapping[str, str | Secret]
    ) -> tuple[str, dict[str, str]]:
        """The URL and the headers of a request, which hold what must not be shown."""
        headers = {"User-Agent": f"keylint/{__version__}", "Accept": "application/json", "Accept-Encoding": "identity"}
        varying = [(name, values[name]) for name in endpoint.varying]
        parameters = [*endpoint.fixed, *((name, it if isinstance(it, str) else it.reveal()) for name, it in varying)]
        if credentials is None:
            text = query(parameters)
        else:
            headers["X-MBX-APIKEY"] = credentials.api_key.reveal()
            moment = _milliseconds(self._clock.now()) + round(self._skew * 1000)
            window = [("recvWindow", str(RECV_WINDOW)), ("timestamp", str(moment))]
            text = signed([*parameters, *window], credentials.signer)
        return f"{door.base}{endpoint.path}{'?' if text else ''}{text}", headers

    def _measured(self) -> Failure | None:
        """The failure of measuring the skew, if it failed."""
        door = self._doors[TIME.host]
        self._pacer.wait(TIME, unless=door.refusal)
        began = self._clock.now()
        outcome, connecting = self._through(door, TIME, None, _NOTHING)
        ended = self._clock.now()
        if isinstance(outcome, Failure):
            return outcome
        there = outcome.get("serverTime") if isinstance(outcome, dict) else None
        if not isinstance(there, int) or isinstance(there, bool) or not _EARLIEST <= there < _LATEST:
            return Failure(MALFORMED, f"{door.name} named no time in milliseconds")
        # The server looked at its clock half-way between question and answer, once the connection stood.
        asked = _milliseconds(began) + connecting * 1000
        skew = (there - (min(asked, _milliseconds(ended)) + _milliseconds(ended)) / 2) / 1000
        if abs(skew) > WIDEST_SKEW:
            side = "behind" if skew > 0 else "ahead of"
            hours = f"{abs(skew) / 3600:,.1f} hours"
            self._clocks_differ = f"this machine's clock is {hours} {side} that of {door.name}; set it, and ask again"
            return Failure(MALFORMED, self._clocks_differ)
        self._skew = skew
        return None


class _Closed(NamedTuple):
    """A connection that ended before there was a single byte of an answer."""

    failure: Failure


class _Stopped(Exception):  # noqa: N818 - becomes a Failure
    """Nothing may be sent to a host any more."""


class _Door:
    """What all threads know about one server: where it is, and whether it may be asked."""

    def __init__(self, base: str) -> None:
        self.base: Final = base
        self.name: Final = urlsplit(base).netloc
        self._misses = 0
        self._shut: tuple[str, str] | None = None
        self._lock = threading.Lock()

    def refusal(self) -> Failure | None:
        """Why nothing may be sent; None where it may."""
        return None if self._shut is None else Failure(*self._shut)

    def check(self) -> None:
        """Raises _Stopped where nothing may be sent."""
        if self._shut is not None:
            raise _Stopped

    def answered(self, outcome: object, spent: str | None) -> None:
        """Take in that there was an answer."""
        with self._lock:
            self._misses = 0
            if isinstance(outcome, Failure) and outcome.outcome == LIMITED:
                self._shut = (LIMITED, f"not asked, to take no bot off the exchange, because earlier {outcome.message}")
            elif spent is not None and self._shut is None:
                self._shut = (LIMITED, f"not asked, to take no bot off the exchange: {self.name} says that {spent}")

    def missed(self) -> None:
        """Take in that there was none."""
        with self._lock:
            self._misses += 1
            if self._misses >= MOST_MISSES and self._shut is None:
                self._shut = (
                    UNREACHABLE,
                    f"not asked, because {self.name} could not be reached {MOST_MISSES} times in a row",
                )


def _check(endpoint: Endpoint, credentials: Credentials | None, values: Mapping[str, str | Secret]) -> None:
    """Raises ValueError for a request that is not in the table."""
    if endpoint not in ENDPOINTS:
        msg = "only requests of the table are made"
        raise ValueError(msg)
    if endpoint.signed != (credentials is not None):
        msg = f"{endpoint.path} is asked {'with' if endpoint.signed else 'without'} credentials"
        raise ValueError(msg)
    if set(values) != set(endpoint.varying):
        msg = f"{endpoint.path} takes the values {', '.join(endpoint.varying) or '(none)'}"
        raise ValueError(msg)


def _repeats(body: bytes, api_key: Secret) -> bool:
    """Whether a part of the API key that would be worth something stands in an answer, which may be shown."""
    key = api_key.reveal().encode()
    return any(key[at : at + TELLING] in body for at in range(len(key) - TELLING + 1))


def _spent(endpoint: Endpoint, answer: Answer) -> str | None:
    """What a server says of a pool that is nearly used up; None where it is not, or the server says nothing clear."""
    values = answer.headers.get(_USED[endpoint.pool], ())
    limit = LIMITS[endpoint.pool]
    if len(values) == 1 and values[0].isdecimal() and values[0].isascii() and len(values[0]) <= len(str(limit)) + 3:
        used = int(values[0])
        if used >= limit * SPENT:
            return f"{used:,} of {limit:,} are used of this minute's weight; ask again in a minute"
    return None


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
