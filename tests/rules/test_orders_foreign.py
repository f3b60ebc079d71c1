"""KL803 on looks that no sandbox gives: without --activity, or with it on one market alone."""

from datetime import datetime, timedelta
from importlib import import_module

from live_rules import NOW, answered, reported

from keylint.api import Rule
from keylint.evidence.model import FUTURES_ORDERS, SPOT_ORDERS, UNREACHABLE, AccountLook, Order, Orders

RULE: Rule = import_module("keylint.rules.orders_foreign").RULE
ONE = """
[bots.dca]
kind = "spot"
order_prefix = "dca-"
[keys.dca]
bot = "dca"
permissions = ["read", "spot"]
"""


def look(question: str, *client_ids: str, at: datetime = NOW) -> AccountLook:
    market = question.partition("-")[0]
    told = Orders(tuple(Order(market, "BTCUSDT", each) for each in client_ids))
    return answered("main", question, told, at)


def test_without_activity_nothing_is_judged() -> None:
    assert reported(RULE, ONE).summary.not_applicable == 1


def test_no_order_at_all_bears_no_strange_prefix() -> None:
    assert reported(RULE, ONE, look(SPOT_ORDERS), look(FUTURES_ORDERS)).summary.passed == 1


def test_a_market_that_was_not_answered_is_unknown() -> None:
    silent = AccountLook("main", FUTURES_ORDERS, NOW, UNREACHABLE, "no answer")
    report = reported(RULE, ONE, look(SPOT_ORDERS, "dca-1"), silent)

    assert [it.message for it in report.unknown] == ["accounts.main: no answer"]
    assert report.summary.passed == 0


def test_each_market_has_its_own_finding_and_its_own_moment() -> None:
    hour = timedelta(hours=1)
    report = reported(RULE, ONE, look(SPOT_ORDERS, "web", at=NOW - hour), look(FUTURES_ORDERS, "web", "dca-1"))

    assert {(it.fingerprint, it.observed_at) for it in report.findings} == {
        ("KL803/accounts.main/spot-orders", NOW - hour),
        ("KL803/accounts.main/futures-orders", NOW),
    }
