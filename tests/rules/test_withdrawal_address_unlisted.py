"""KL506 on looks that no sandbox gives: an earlier one, one that failed, none."""

from datetime import timedelta
from importlib import import_module

from live_rules import NOW, answered, reported

from keylint.api import Rule
from keylint.evidence.model import ADDRESSES, MALFORMED, STATUS, AccountLook, Status, WithdrawalAddresses

RULE: Rule = import_module("keylint.rules.withdrawal_address_unlisted").RULE
ONE = """
[accounts.main]
withdrawal_allowlist = { enabled = true, attested = 2026-11-02, by = "alice" }
[keys.dca]
permissions = ["read", "spot"]
"""


def test_a_finding_says_when_binance_was_asked_for_the_addresses() -> None:
    earlier = NOW - timedelta(hours=3)
    told = WithdrawalAddresses(2, ("BTC on BTC 1A1z…vfNa",))
    report = reported(
        RULE,
        ONE,
        answered("main", ADDRESSES, told, earlier),
        answered("main", STATUS, Status("Normal")),
    )

    assert [it.observed_at for it in report.findings] == [earlier]


def test_addresses_that_were_not_told_are_unknown() -> None:
    odd = AccountLook("main", ADDRESSES, NOW, MALFORMED, "odd")

    assert [it.reason for it in reported(RULE, ONE).unknown] == ["not-looked-at"]
    assert [it.reason for it in reported(RULE, ONE, odd).unknown] == [MALFORMED]


def test_addresses_that_are_all_listed_pass() -> None:
    told = WithdrawalAddresses(2, ())

    assert reported(RULE, ONE, answered("main", ADDRESSES, told)).summary.passed == 1
