"""The weight of a request → the moment at which it may be sent, so that the bots keep their limits to themselves."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Final, Protocol

from .endpoints import Endpoint, Pool

LIMITS: Final[dict[Pool, int]] = {"api": 6_000, "sapi-ip": 12_000, "sapi-uid": 180_000, "fapi": 2_400}
"""Weight a minute. `/api` and `/fapi` share one pool each by address; each `/sapi` endpoint has its own, by address or
by account (Binance, rate limits, 2026; futures: third parties)."""
SHARE: Final = 0.5
"""How much of a pool keylint takes in any minute: the other half is the bots'."""
MINUTE: Final = 60.0
HEAVY: Final = 1_000
"""Calls of this weight on are spread over the minute too: at most a quarter of the share in a quarter of a minute."""
_SLICE: Final = 0.25
"""How many seconds a wait lasts at most before it is asked again whether there is anything to wait for."""


class Clock(Protocol):
    """The time, which is handed in."""

    def now(self) -> datetime:
        """The moment, in UTC and aware of it."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        time.sleep(seconds)


class Pacer:
    """Spends the weight of each pool, for all threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._pools: dict[tuple[str, ...], _Budget] = {}

    def wait(self, endpoint: Endpoint, key: str = "", *, unless: Callable[[], object] = bool) -> float:
        """Return when `endpoint` may be asked with the key of the id `key`, or once `unless` returns something true.

        Returns how many seconds that took.
        """
        began = self._clock.monotonic()
        with self._lock:
            name = pool(endpoint, key)
            if name not in self._pools:
                self._pools[name] = _Budget(LIMITS[endpoint.pool] * SHARE)
            due = self._pools[name].reserve(began, endpoint.weight)
        while (left := due - self._clock.monotonic()) > 0 and not unless():
            self._clock.sleep(min(left, _SLICE))
        return self._clock.monotonic() - began


def pool(endpoint: Endpoint, key: str = "") -> tuple[str, ...]:
    """The name of the pool that a call is taken from.

    Pools by account are counted by key, because the account of a key is not known before it is asked: the questions
    that are taken from them are asked with one key of an account, and with others only where that one fails.
    """
    if endpoint.pool == "sapi-uid":
        return (endpoint.pool, endpoint.path, key)
    return (endpoint.pool, endpoint.path) if endpoint.pool == "sapi-ip" else (endpoint.pool,)


class _Budget:
    """What may be spent of one pool in any minute, in order."""

    def __init__(self, share: float) -> None:
        self._minute = _Window(MINUTE, share)
        self._quarter = _Window(MINUTE / 4, share / 4)
        self._last = float("-inf")

    def reserve(self, now: float, weight: int) -> float:
        """The moment at which `weight` may be spent; it is taken to be spent then."""
        windows = (self._minute, self._quarter) if weight >= HEAVY else (self._minute,)
        due = max(now, self._last)
        for window in windows:
            due = window.earliest(due, weight)
        for window in windows:
            window.spend(due, weight)
        self._last = due
        return due


class _Window:
    """Weight spent within a stretch of time that moves on; moments come in order."""

    def __init__(self, seconds: float, most: float) -> None:
        self._seconds = seconds
        self._most = most
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def earliest(self, moment: float, weight: int) -> float:
        """The first moment from `moment` on at which `weight` fits in; one that never would waits until all is free."""
        while self._spent and (self._spent[0][0] + self._seconds <= moment or self._total + weight > self._most):
            when, spent = self._spent.popleft()
            self._total -= spent
            moment = max(moment, when + self._seconds)
        return moment

    def spend(self, moment: float, weight: int) -> None:
        self._spent.append((moment, weight))
        self._total += weight
