"""A third party's check → one that ends, and whose findings are whole."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from types import FrameType, NoneType

from .api import Finding, Place, Severity, Span, Undecided

SECONDS = 5
"""How long one check may take."""
MOST_ITEMS = 250_000
"""How many items a check may return, which could have no end; more than the engine takes."""

_PARTS: tuple[tuple[type, ...], ...] = (
    (Place, Span),
    (str,),
    (str,),
    (Severity, NoneType),
    (str, NoneType),
    (datetime, NoneType),
)


def bounded(check: Callable[..., object]) -> Callable[..., object]:
    """The check of a third party as the engine may call it.

    Where it fails, what it said before comes first and then the failure, which the engine makes an unknown. One that
    had to be stopped is not asked again: it would take as long on every key of a desk.
    """
    stopped = False

    @wraps(check)
    def judge(*arguments: object) -> object:
        nonlocal stopped
        said: list[object] = []
        if stopped:
            return _then(said, _crashed("had to be stopped before, and was not asked again"))
        try:
            with _stopping_after(SECONDS):
                outcome = check(*arguments)
                if isinstance(outcome, Finding) or not isinstance(outcome, Iterable):
                    return _whole(outcome)
                _read(outcome, said)
        except _Stopped:
            stopped = True
            return _then(said, _crashed(f"was stopped after {SECONDS} seconds"))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - handed on
            return _then(said, error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the engine lets the others through
            return _then(said, _crashed(f"crashed: {type(error).__name__}"))
        return said

    return judge


def _then(said: Iterable[object], failure: BaseException) -> Iterator[object]:
    yield from said
    raise failure


def _crashed(how: str) -> Undecided:
    return Undecided("rule-crashed", f"the rule {how}")


def _read(outcome: Iterable[object], said: list[object]) -> None:
    """Add what a check returned to `said`, one by one: what came before a failure is kept."""
    if isinstance(outcome, str | bytes | Mapping):  # an empty one would pass for no findings
        how = f"returned {type(outcome).__name__}, where a finding was due"
        raise _crashed(how)
    for item in outcome:
        if len(said) == MOST_ITEMS:
            how = f"has more than {MOST_ITEMS} findings of one subject"
            raise _crashed(how)
        said.append(_whole(item))


def _whole(item: object) -> object:
    """What a check returned; raises Undecided for a finding that no report could print."""
    if isinstance(item, Finding) and not all(map(isinstance, item, _PARTS)):
        how = "returned a finding whose parts are not of their types"
        raise _crashed(how)
    return item


class _Stopped(BaseException):
    """Raised in a check that does not come back; no `except Exception` of its own holds it up."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped


@contextmanager
def _stopping_after(seconds: float) -> Iterator[None]:
    """Raise _Stopped in what runs here for longer; not on Windows nor beside the main thread, where nothing can."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
