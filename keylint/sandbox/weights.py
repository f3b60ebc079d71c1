"""Requests one after another → how much of Binance's limits they used, and when they are refused."""

from collections.abc import Mapping
from threading import Lock
from typing import Literal, NamedTuple

Pool = Literal["api", "sapi-ip", "sapi-uid", "fapi"]

MINUTE_MS = 60_000

LIMITS: Mapping[Pool, int] = {"api": 6_000, "sapi-ip": 12_000, "sapi-uid": 180_000, "fapi": 2_400}
"""The weight that a pool holds in a minute. /api and /fapi share one an address, each /sapi endpoint has its own.

Binance, rate limits (2026); the 2,400 of futures are quoted by third parties.
"""

HEADERS: Mapping[Pool, str] = {
    "api": "X-MBX-USED-WEIGHT-1M",
    "sapi-ip": "X-SAPI-USED-IP-WEIGHT-1M",
    "sapi-uid": "X-SAPI-USED-UID-WEIGHT-1M",
    "fapi": "X-MBX-USED-WEIGHT-1M",
}

BANNING: frozenset[Pool] = frozenset({"api", "fapi"})
"""The pools where whoever goes on after a 429 is banned; on /sapi it stays at 429."""
PATIENCE = 10
"""Guessed: how many requests after a first 429, which may have been on their way, bring no ban yet."""
BAN_MS = 2 * MINUTE_MS
"""Documented as from two minutes to three days; the sandbox knows the first."""


class Spent(NamedTuple):
    """What became of a request: the weight used in this minute, and, where it is refused, for how long and how."""

    used: int
    status: Literal[200, 429, 418]
    until_ms: int


class Weights:
    """The weight that was used in each pool; the one thing that an answer changes. May be used from many threads."""

    def __init__(self, limits: Mapping[Pool, int] = LIMITS) -> None:
        self.limits = dict(limits)
        self._lock = Lock()
        self._used: dict[tuple[Pool, str], tuple[int, int]] = {}
        self._ignored: dict[tuple[Pool, str], int] = {}
        self._banned: dict[tuple[Pool, str], int] = {}

    def spend(self, pool: Pool, whose: str, weight: int, now_ms: int) -> Spent:
        """Count `weight` against what `whose` (an address, or an address and a path) has in `pool`."""
        minute = now_ms // MINUTE_MS
        holder = (pool, whose)
        with self._lock:
            banned = self._banned.get(holder, 0)
            if now_ms < banned:
                return Spent(self._used[holder][1], 418, banned)
            before, used = self._used.get(holder, (minute, 0))
            if before != minute:
                used = 0
                self._ignored.pop(holder, None)
            used += weight
            self._used[holder] = (minute, used)
            if used <= self.limits[pool]:
                return Spent(used, 200, 0)
            ignored = self._ignored[holder] = self._ignored.get(holder, -1) + 1
            if pool in BANNING and ignored > PATIENCE:
                self._banned[holder] = now_ms + BAN_MS
                return Spent(used, 418, now_ms + BAN_MS)
            return Spent(used, 429, (minute + 1) * MINUTE_MS)
