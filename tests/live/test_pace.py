"""keylint.live.pace."""

import threading
import time
from collections import Counter
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live.keys import FakeClock

from keylint.live.endpoints import (
    ENDPOINTS,
    FUTURES_ORDERS,
    KEY_PERMISSIONS,
    SPOT_ACCOUNT,
    SPOT_ORDERS,
    SUB_ACCOUNT_KEY_IPS,
    SUB_ACCOUNT_KEYS,
    TIME,
    WITHDRAW_HISTORY,
    Endpoint,
)
from keylint.live.pace import LIMITS, Pacer, SystemClock, pool


def sent(calls: list[Endpoint]) -> list[tuple[float, Endpoint]]:
    clock = FakeClock()
    pacer = Pacer(clock)
    moments = []
    for call in calls:
        pacer.wait(call)
        moments.append((clock.monotonic(), call))
    return moments


def most_in_a_minute(moments: list[tuple[float, Endpoint]], name: tuple[str, ...]) -> int:
    mine = [(when, it.weight) for when, it in moments if pool(it) == name]
    return max(sum(weight for when, weight in mine if start <= when < start + 60) for start, _ in mine)


@given(calls=st.lists(st.sampled_from(ENDPOINTS), min_size=1, max_size=400))
def test_no_minute_takes_more_than_half_of_a_pool(calls: list[Endpoint]) -> None:
    moments = sent(calls)
    for name in {pool(it) for it in calls}:
        assert most_in_a_minute(moments, name) <= LIMITS[name[0]] / 2  # type: ignore[index] # it is the name of a pool


def test_light_calls_do_not_wait() -> None:
    assert {when for when, _ in sent([KEY_PERMISSIONS] * 6_000)} == {1000.0}
    assert sent([KEY_PERMISSIONS] * 6_001)[-1][0] == 1060.0


def test_api_is_one_pool_and_each_sapi_endpoint_its_own() -> None:
    moments = sent([SPOT_ACCOUNT] * 149 + [TIME] * 20 + [KEY_PERMISSIONS] + [SPOT_ORDERS])
    assert moments[-2][0] == 1000.0
    assert moments[-1][0] == 1060.0


def test_futures_have_a_pool_of_their_own() -> None:
    moments = sent([FUTURES_ORDERS] * 30 + [SPOT_ORDERS] + [FUTURES_ORDERS])
    assert [when for when, _ in moments[-3:]] == [1000.0, 1000.0, 1060.0]


def test_heavy_calls_are_spread_over_the_minute() -> None:
    moments = Counter(when for when, _ in sent([SUB_ACCOUNT_KEYS] * 28))
    assert moments == {1000.0: 7, 1015.0: 7, 1030.0: 7, 1045.0: 7}
    assert [when for when, _ in sent([WITHDRAW_HISTORY] * 3)] == [1000.0, 1015.0, 1030.0]
    assert sent([SUB_ACCOUNT_KEYS] * 7 + [SUB_ACCOUNT_KEY_IPS])[-1][0] == 1000.0


def test_a_call_that_fits_into_no_minute_goes_alone() -> None:
    vast = TIME._replace(weight=1_000_000)
    assert [when for when, _ in sent([TIME, vast, TIME])] == [1000.0, 1060.0, 1120.0]


def test_a_wait_ends_when_there_is_nothing_to_wait_for() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.wait(WITHDRAW_HISTORY)
    began = clock.monotonic()
    assert pacer.wait(WITHDRAW_HISTORY, unless=lambda: clock.monotonic() > began + 3) == pytest.approx(3.25)


def test_threads_share_what_there_is() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)
    waited: list[float] = []
    threads = [threading.Thread(target=lambda: waited.append(pacer.wait(SPOT_ORDERS))) for _ in range(37)]
    for it in threads:
        it.start()
        it.join()
    assert Counter(it > 0 for it in waited) == {False: 37}
    assert pacer.wait(SPOT_ORDERS) == 60.0


def test_the_clock_of_this_machine() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    before = time.monotonic()
    clock.sleep(0)
    assert before <= clock.monotonic() <= time.monotonic()


def test_pools_by_account_are_counted_for_each_key_and_those_by_address_for_all() -> None:
    assert pool(WITHDRAW_HISTORY, "a") != pool(WITHDRAW_HISTORY, "b")
    assert pool(KEY_PERMISSIONS, "a") == pool(KEY_PERMISSIONS, "b")
    assert pool(SPOT_ACCOUNT, "a") == pool(SPOT_ORDERS, "b")


def test_the_history_of_another_account_need_not_wait() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)

    assert pacer.wait(WITHDRAW_HISTORY, "a") == pacer.wait(WITHDRAW_HISTORY, "b") == 0
    assert pacer.wait(WITHDRAW_HISTORY, "a") > 0
