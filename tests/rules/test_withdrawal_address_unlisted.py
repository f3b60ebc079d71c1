"""KL506 on looks that no sandbox gives: an earlier one, one that failed, none."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

from keylint import engine, gate
from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import (
    ADDRESSES,
    BINANCE,
    MALFORMED,
    OBSERVED,
    STATUS,
    AccountLook,
    Evidence,
    Status,
    WithdrawalAddresses,
)
from keylint.manifest.load import load

RULE: Rule = import_module("keylint.rules.withdrawal_address_unlisted").RULE
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ONE = """\
version = 1
[accounts.main]
withdrawal_allowlist = { enabled = true, attested = 2026-11-02, by = "alice" }
[keys.dca]
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-01
"""


def judged(*looks: AccountLook) -> Report:
    evidence = Evidence("", BINANCE, NOW, NOW, (), looks)
    return gate.apply([engine.run(load("keylint.toml", ONE.encode()), (RULE,), NOW, {}, [evidence])], (RULE,))


def test_a_finding_says_when_binance_was_asked_for_the_addresses() -> None:
    earlier = NOW - timedelta(hours=3)
    told = WithdrawalAddresses(2, ("BTC on BTC 1A1z…vfNa",))
    report = judged(
        AccountLook("main", ADDRESSES, earlier, OBSERVED, "", "dca", told),
        AccountLook("main", STATUS, NOW, OBSERVED, "", "dca", Status("Normal")),
    )

    assert [it.observed_at for it in report.findings] == [earlier]


def test_addresses_that_were_not_told_are_unknown() -> None:
    assert [it.reason for it in judged().unknown] == ["not-looked-at"]
    assert [it.reason for it in judged(AccountLook("main", ADDRESSES, NOW, MALFORMED, "odd")).unknown] == [MALFORMED]


def test_addresses_that_are_all_listed_pass() -> None:
    told = WithdrawalAddresses(2, ())

    assert judged(AccountLook("main", ADDRESSES, NOW, OBSERVED, "", "dca", told)).summary.passed == 1
