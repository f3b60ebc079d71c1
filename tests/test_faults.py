"""No fault of the other side makes a verdict better, lets a secret out, or lasts."""

import fault_table
import faults
import pytest
from fault_table import Fault
from faults import TYPES

from keylint.sandbox.credentials import api_key

pytestmark = pytest.mark.slow

TABLE = {fault.name: fault for fault in fault_table.faults()}
HUGE = [name for name in TABLE if name in {"1 GB", "a body without end", "a gzip bomb", "nesting of 100,000"}]


@pytest.mark.parametrize("kind", TYPES)
def test_without_a_fault_every_live_rule_has_something_to_find(kind: str) -> None:
    run = faults.look(kind, Fault("none"))

    assert faults.live_codes() - {code for code, _ in run.live} == set()
    assert faults.leaks(kind, run) == []
    assert run.crashes == ()


def test_the_table_is_as_long_as_it_is_said_to_be() -> None:
    assert len(TABLE) == len(fault_table.faults()) >= 300
    assert len(HUGE) == 4


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", TABLE)
def test_a_fault_makes_no_verdict_better(name: str, kind: str) -> None:
    fault = TABLE[name]
    run = faults.look(kind, fault)

    assert faults.better(kind, run) == []
    assert faults.leaks(kind, run) == []
    assert run.after_silence == 0
    assert run.crashes == ()
    assert run.seconds < faults.MOST_SECONDS
    if fault.answers:
        assert run.live == faults.baseline(kind)
    assert run.report.summary.planned == sum(run.report.summary[1:])


@pytest.mark.parametrize("name", HUGE)
def test_what_is_huge_is_not_held_in_memory(name: str) -> None:
    run = faults.look("ed25519", TABLE[name], measure_memory=True)

    assert run.bytes < faults.MOST_BYTES


def test_the_search_for_leaks_would_find_one() -> None:
    run = faults.look("hmac", Fault("none"))
    secret = api_key("power")

    for shape in (secret, secret[::-1], secret.encode().hex(), f"xx{secret[20:36]}yy"):
        assert faults.leaks("hmac", run._replace(output=run.output + shape)) != []
