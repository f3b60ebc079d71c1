"""Questions → what came of each: in parallel, in waves, and to an end whatever happens on the way."""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from keylint.evidence.model import LIMITED, MALFORMED, NOT_FOUND, REJECTED, UNREACHABLE

from .credentials import Credentials
from .endpoints import Endpoint
from .failure import Failure
from .pace import Clock
from .reading import kept
from .secret import Secret

T = TypeVar("T")
R = TypeVar("R")

NO_VALUES: Final[Mapping[str, str | Secret]] = MappingProxyType({})
MAX_REASON: Final = 1_000
INTERRUPTED: Final = "interrupted before there was an answer: look again"

Progress = Callable[[int, int], None]
"""Called with how many questions are answered, and how many there are so far; from any thread, one at a time."""


class Asks(Protocol):
    """What brings a question to Binance; `Transport` does, and in tests whatever answers like it."""

    def get(
        self, endpoint: Endpoint, credentials: Credentials | None = None, values: Mapping[str, str | Secret] = NO_VALUES
    ) -> object:
        """The JSON that `endpoint` answers. Raises Failure."""
        ...

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T | Failure]:
        """What came of each job, in their order."""
        ...


class Stop:
    """The wish to end early: as a handler of a signal it breaks off a wait, and is remembered everywhere else."""

    def __init__(self) -> None:
        self.wished = False
        self.waiting = False

    def __call__(self, *_signal: object) -> None:
        """Take note of it. Raises KeyboardInterrupt where somebody waits."""
        self.wished = True
        if self.waiting:
            self.waiting = False
            raise KeyboardInterrupt


class Request(NamedTuple):
    """A question to Binance, and who asks it."""

    endpoint: Endpoint
    credentials: Credentials
    values: Mapping[str, str | Secret] = NO_VALUES


class Answer(NamedTuple, Generic[T]):
    """What came of a question."""

    at: datetime
    """When it was asked."""
    got: T | Failure


Conversation = Generator[Request, object, R]
"""Yields questions, and is sent what Binance answered or has Failure raised in it; returns what it knows at its end."""


class Asking:
    """Asks all questions of one run."""

    def __init__(self, asks: Asks, clock: Clock, stop: Stop, progress: Progress | None = None) -> None:
        self._asks = asks
        self._clock = clock
        self._stop = stop
        self._progress = progress
        self._lock = Lock()
        self._done = self._planned = 0

    def now(self) -> datetime:
        """The moment, UTC, in whole seconds."""
        return self._clock.now().replace(microsecond=0)

    @property
    def interrupted(self) -> bool:
        """Whether somebody wished the run to end early."""
        return self._stop.wished

    def set_clock(self) -> None:
        """Measure how far this machine's clock is off, where that can be done.

        A failure is left to the keys to tell: the clock may be right all the same.
        """
        measure: Callable[[], object] | None = getattr(self._asks, "measure_skew", None)
        if measure is None or self._stop.wished:
            return
        try:
            self._stop.waiting = True
            measure()
        except KeyboardInterrupt:
            self._stop.wished = True
        except Exception:  # noqa: BLE001, S110 - what is wrong shows in what the keys are answered
            pass
        finally:
            self._stop.waiting = False

    def all(self, requests: Sequence[Request], read: Callable[[object], T]) -> list[Answer[T]]:
        """What came of each of `requests`, in their order, as `read` understands it."""
        self._planned += len(requests)
        answers: list[Answer[T] | None] = [None] * len(requests)

        def job(index: int) -> Callable[[], None]:
            def ask() -> None:
                answers[index] = self._one(requests[index], read)
                self._answered()

            return ask

        given_up: list[Failure | None] = []
        if requests and not self._stop.wished:
            try:
                self._stop.waiting = True
                given_up = self._asks.run([job(index) for index in range(len(requests))])
            except KeyboardInterrupt:
                self._stop.wished = True
            except Exception as error:  # noqa: BLE001 - it becomes an unknown
                given_up = [_strange(UNREACHABLE, "it could not be asked", error)] * len(requests)
            finally:
                self._stop.waiting = False
        found = []
        for index, answer in enumerate(answers):
            failure = given_up[index] if index < len(given_up) else None
            if answer is None or failure is not None:  # an answer may still come to what was given up; it is too late
                answer = Answer(self.now(), failure or Failure(UNREACHABLE, INTERRUPTED))  # noqa: PLW2901
            found.append(answer)
        return found

    def converse(self, conversations: Sequence[Conversation[R]]) -> list[R]:
        """What each of `conversations` returns, in their order; all that wait for an answer are asked at once."""
        ends: dict[int, R] = {}
        asked: dict[int, Request] = {}

        def go_on(index: int, answer: object) -> None:
            talk = conversations[index]
            try:
                asked[index] = talk.throw(answer) if isinstance(answer, Failure) else talk.send(answer)
            except StopIteration as end:
                asked.pop(index, None)
                ends[index] = end.value

        for index in range(len(conversations)):
            go_on(index, None)
        while asked:
            waiting = list(asked)
            answers = self.all([asked[index] for index in waiting], lambda answer: answer)
            for index, answer in zip(waiting, answers, strict=True):
                go_on(index, answer.got)
        return [ends[index] for index in range(len(conversations))]

    def _one(self, request: Request, read: Callable[[object], T]) -> Answer[T]:
        at = self.now()
        try:
            got: T | Failure = understood(self._got(request), read)
        except Failure as failure:
            got = failure.with_traceback(None)
        return Answer(at, got)

    def _answered(self) -> None:
        with self._lock:
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._planned)

    def _got(self, request: Request) -> object:
        if self._stop.wished:
            raise Failure(UNREACHABLE, INTERRUPTED)
        try:
            return self._asks.get(request.endpoint, request.credentials, request.values)
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 - it becomes an unknown
            raise _strange(UNREACHABLE, "it could not be asked", error) from None


def understood(answer: object, read: Callable[[object], T]) -> T:
    """`answer` as `read` understands it. Raises Failure, also where it could not be read for whatever reason."""
    try:
        return read(answer)
    except Failure:
        raise
    except Exception as error:  # noqa: BLE001 - it becomes an unknown
        raise _strange(MALFORMED, "the answer could not be read", error) from None


def outcome_of_account(failure: Failure) -> str:
    """The outcome of a look at an account: that the key is not known is no answer about its account."""
    return REJECTED if failure.outcome == NOT_FOUND else failure.outcome


def reason(failure: Failure) -> str:
    """Why there is no answer, for people."""
    return kept(failure.message, MAX_REASON) or failure.outcome


def final(failure: Failure) -> bool:
    """Whether asking with another key would be of no use."""
    return failure.outcome == LIMITED


def _strange(outcome_: str, what: str, error: Exception) -> Failure:
    # The kind alone: the text of a library's error may hold what was signed.
    return Failure(outcome_, f"{what} ({type(error).__name__}); report this to keylint")
