"""KL802 on looks that no sandbox gives: without --activity, with more withdrawals than are shown, with unknown keys."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

from keylint import engine, gate
from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import (
    BINANCE,
    NO_CREDENTIALS,
    NOT_FOUND,
    OBSERVED,
    POSITIONS,
    WITHDRAWALS,
    AccountLook,
    Evidence,
    KeyFacts,
    KeyLook,
    Positions,
    Told,
    Withdrawals,
)
from keylint.manifest.load import load
from keylint.manifest.permissions import PERMISSIONS

RULE: Rule = import_module("keylint.rules.activity_foreign").RULE
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ONE = """\
version = 1
[keys.dca]
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-01
[keys.old]
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-08-01
status = "disabled"
disabled = 2026-11-01
"""
BY_API = (NOW - timedelta(days=2), NOW - timedelta(days=80))
NOTHING = AccountLook("main", POSITIONS, NOW, OBSERVED, "", "dca", Positions(()))


def key(*tokens: str, outcome: str = OBSERVED) -> KeyLook:
    facts = KeyFacts({it.field: it.token in tokens for it in PERMISSIONS}, ip_restricted=True, created=NOW)
    reason = "set KEYLINT_DCA_API_KEY" if outcome == NO_CREDENTIALS else ""
    return KeyLook("dca", NOW, outcome, reason, None, None, facts if outcome == OBSERVED else None)


def look(told: Told, question: str = WITHDRAWALS) -> AccountLook:
    return AccountLook("main", question, NOW, OBSERVED, "", "dca", told)


def judged(*accounts: AccountLook, keys: tuple[KeyLook, ...] = (key("read", "spot"),), text: str = ONE) -> Report:
    evidence = Evidence("", BINANCE, NOW, NOW, keys, accounts)
    return gate.apply([engine.run(load("keylint.toml", text.encode()), (RULE,), NOW, {}, [evidence])], (RULE,))


def test_without_activity_nothing_is_judged() -> None:
    assert judged().summary.not_applicable == 1


def test_one_of_the_two_that_was_asked_is_judged_by_itself() -> None:
    assert judged(NOTHING).summary.passed == 1
    assert judged(look(Withdrawals((), complete=True))).summary.passed == 1


def test_where_all_is_explained_nothing_is_judged() -> None:
    text = ONE.replace('"spot"]', '"spot", "withdraw"]') + '[accounts.main]\nmanual = ["futures"]\n'
    report = judged(look(Positions(("BTCUSDT",)), POSITIONS), look(Withdrawals(BY_API, complete=True)), text=text)

    assert report.summary.not_applicable == 1


def test_a_list_that_is_not_whole_proves_nothing() -> None:
    (unknown,) = judged(NOTHING, look(Withdrawals((), complete=False))).unknown

    assert unknown.message == (
        "accounts.main withdrew more often in 90 days than Binance shows at a time, and the rest was not seen: look "
        "through the withdrawal history"
    )


def test_a_list_that_is_not_whole_proves_what_is_in_it() -> None:
    (finding,) = judged(NOTHING, look(Withdrawals(BY_API, complete=False))).findings

    assert finding.message == (
        "accounts.main withdrew through the API at least 2 times in 90 days, last on 2026-11-18, and no key of it may "
        "withdraw"
    )
    assert finding.observed_at == NOW
    assert finding.live == "withdrawOrderId is set in 2 withdrawals"


def test_a_key_that_was_not_asked_could_have_withdrawn() -> None:
    made = look(Withdrawals(BY_API, complete=True))
    report = judged(NOTHING, made, keys=(key(outcome=NO_CREDENTIALS),))

    (unknown,) = report.unknown
    assert unknown.reason == NO_CREDENTIALS
    assert unknown.message == (
        "accounts.main withdrew through the API, last on 2026-11-18, and whether keys.dca may do so is not known; "
        "keys.dca: set KEYLINT_DCA_API_KEY"
    )
    assert report.summary.passed == 0


def test_a_key_that_was_not_asked_matters_not_where_nobody_withdrew() -> None:
    report = judged(NOTHING, look(Withdrawals((), complete=True)), keys=(key(outcome=NO_CREDENTIALS),))

    assert report.summary.passed == 1


def test_a_key_that_is_gone_may_not_withdraw() -> None:
    report = judged(NOTHING, look(Withdrawals(BY_API, complete=True)), keys=(key(outcome=NOT_FOUND),))

    assert len(report.findings) == 1
    assert report.unknown == ()
