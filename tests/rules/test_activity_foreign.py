"""KL802 on looks that no sandbox gives: without --activity, with more withdrawals than are shown, with unknown keys."""

from datetime import datetime, timedelta
from importlib import import_module

from live_rules import NOW, answered, key_look, reported

from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import (
    NO_CREDENTIALS,
    NOT_FOUND,
    POSITIONS,
    WITHDRAWALS,
    AccountLook,
    KeyLook,
    Positions,
    Withdrawals,
)

RULE: Rule = import_module("keylint.rules.activity_foreign").RULE
ONE = """
[keys.dca]
permissions = ["read", "spot"]
[keys.old]
permissions = ["read", "spot"]
created = 2026-08-01
status = "disabled"
disabled = 2026-11-01
"""
BY_API = (NOW - timedelta(days=2), NOW - timedelta(days=80))
SILENT = key_look(outcome=NO_CREDENTIALS, reason="set KEYLINT_DCA_API_KEY")
NOTHING = answered("main", POSITIONS, Positions(()))


def withdrawn(*by_api: datetime, complete: bool = True) -> AccountLook:
    return answered("main", WITHDRAWALS, Withdrawals(by_api, complete))


def judged(*accounts: AccountLook, keys: tuple[KeyLook, ...] = (key_look("read", "spot"),), text: str = ONE) -> Report:
    return reported(RULE, text, *accounts, keys=keys)


def test_without_activity_nothing_is_judged() -> None:
    assert judged().summary.not_applicable == 1


def test_one_of_the_two_that_was_asked_is_judged_by_itself() -> None:
    assert judged(NOTHING).summary.passed == 1
    assert judged(withdrawn()).summary.passed == 1


def test_where_all_is_explained_nothing_is_judged() -> None:
    text = ONE.replace('"spot"]', '"spot", "withdraw"]') + '[accounts.main]\nmanual = ["futures"]\n'
    report = judged(answered("main", POSITIONS, Positions(("BTCUSDT",))), withdrawn(*BY_API), text=text)

    assert report.summary.not_applicable == 1


def test_a_list_that_is_not_whole_proves_nothing() -> None:
    (unknown,) = judged(NOTHING, withdrawn(complete=False)).unknown

    assert unknown.message == (
        "accounts.main withdrew more often in 90 days than Binance shows at a time, and the rest was not seen: look "
        "through the withdrawal history"
    )


def test_a_list_that_is_not_whole_proves_what_is_in_it() -> None:
    (finding,) = judged(NOTHING, withdrawn(*BY_API, complete=False)).findings

    assert finding.message == (
        "accounts.main withdrew through the API at least 2 times, last on 2026-11-18, and no key of it may withdraw"
    )
    assert finding.observed_at == NOW
    assert finding.live == "withdrawOrderId is set in 2 withdrawals"


def test_a_key_that_was_not_asked_could_have_withdrawn() -> None:
    made = withdrawn(*BY_API)
    report = judged(NOTHING, made, keys=(SILENT,))

    (unknown,) = report.unknown
    assert unknown.reason == NO_CREDENTIALS
    assert unknown.message == (
        "accounts.main withdrew through the API, last on 2026-11-18, and whether keys.dca may do so is not known; "
        "keys.dca: set KEYLINT_DCA_API_KEY"
    )
    assert report.summary.passed == 0


def test_a_key_that_was_not_asked_matters_not_where_nobody_withdrew() -> None:
    report = judged(NOTHING, withdrawn(), keys=(SILENT,))

    assert report.summary.passed == 1


def test_a_key_that_is_gone_may_not_withdraw() -> None:
    report = judged(NOTHING, withdrawn(*BY_API), keys=(key_look(outcome=NOT_FOUND),))

    assert len(report.findings) == 1
    assert report.unknown == ()
