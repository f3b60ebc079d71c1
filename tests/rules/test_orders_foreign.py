"""KL803 on looks that no sandbox gives: without --activity, or with it on one market alone."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

from keylint import engine, gate
from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import (
    BINANCE,
    FUTURES_ORDERS,
    OBSERVED,
    SPOT_ORDERS,
    UNREACHABLE,
    AccountLook,
    Evidence,
    Order,
    Orders,
)
from keylint.manifest.load import load

RULE: Rule = import_module("keylint.rules.orders_foreign").RULE
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ONE = """\
version = 1
[bots.dca]
kind = "spot"
order_prefix = "dca-"
[keys.dca]
bot = "dca"
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-01
"""


def look(question: str, *client_ids: str, at: datetime = NOW) -> AccountLook:
    market = question.partition("-")[0]
    told = Orders(tuple(Order(market, "BTCUSDT", each) for each in client_ids))
    return AccountLook("main", question, at, OBSERVED, "", "dca", told)


def judged(*looks: AccountLook) -> Report:
    evidence = Evidence("", BINANCE, NOW, NOW, (), looks)
    return gate.apply([engine.run(load("keylint.toml", ONE.encode()), (RULE,), NOW, {}, [evidence])], (RULE,))


def test_without_activity_nothing_is_judged() -> None:
    assert judged().summary.not_applicable == 1


def test_no_order_at_all_bears_no_strange_prefix() -> None:
    assert judged(look(SPOT_ORDERS), look(FUTURES_ORDERS)).summary.passed == 1


def test_a_market_that_was_not_answered_is_unknown() -> None:
    report = judged(look(SPOT_ORDERS, "dca-1"), AccountLook("main", FUTURES_ORDERS, NOW, UNREACHABLE, "no answer"))

    assert [it.message for it in report.unknown] == ["accounts.main: no answer"]
    assert report.summary.passed == 0


def test_each_market_has_its_own_finding_and_its_own_moment() -> None:
    hour = timedelta(hours=1)
    report = judged(look(SPOT_ORDERS, "web", at=NOW - hour), look(FUTURES_ORDERS, "web", "dca-1"))

    assert {(it.fingerprint, it.observed_at) for it in report.findings} == {
        ("KL803/accounts.main/spot-orders", NOW - hour),
        ("KL803/accounts.main/futures-orders", NOW),
    }
