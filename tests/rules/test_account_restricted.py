"""KL505 on looks that no sandbox gives: nobody asked, an older look, one that is not of the form that is due."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from live_rules import DESK, MASTER, NOW, answered, reported

from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import (
    STATUS,
    SUB_ACCOUNTS,
    TRADING,
    UNREACHABLE,
    AccountLook,
    Features,
    Status,
    SubAccount,
    SubAccounts,
    Told,
    Trading,
    email_hash,
)

RULE: Rule = import_module("keylint.rules.account_restricted").RULE
EARLIER = NOW - timedelta(hours=2)
FROZEN = SubAccounts((SubAccount(email_hash("grid@example.com"), "gr…@example.com", frozen=True),))
FREE = Trading(locked=False)


def look(account: str, question: str, told: Told | None, at: datetime = NOW) -> AccountLook:
    if told is None:
        return AccountLook(account, question, at, UNREACHABLE, "no answer within 10 seconds")
    return answered(account, question, told, at)


def of(report: Report, subject: str) -> list[tuple[str, datetime | None]]:
    return [(it.message, it.observed_at) for it in report.findings if it.subject == subject]


def test_each_finding_says_when_binance_was_asked_for_it() -> None:
    report = reported(
        RULE,
        DESK,
        look("grid", STATUS, Status("Abuse"), EARLIER),
        look("grid", TRADING, Trading(locked=True), EARLIER + timedelta(minutes=1)),
        look("main", SUB_ACCOUNTS, FROZEN),
    )

    assert sorted(at for _, at in of(report, "accounts.grid") if at is not None) == [
        EARLIER,
        EARLIER + timedelta(minutes=1),
        NOW,
    ]


def test_each_finding_can_be_told_from_the_others_in_a_baseline() -> None:
    report = reported(
        RULE,
        DESK,
        look("grid", STATUS, Status("Abuse")),
        look("grid", TRADING, Trading(locked=True)),
        look("main", SUB_ACCOUNTS, FROZEN),
    )

    assert len({it.fingerprint for it in report.findings}) == 3


@pytest.mark.parametrize(
    ("status", "trading", "listed", "findings"),
    [
        (None, Trading(locked=True), FROZEN, 2),
        (Status("Abuse"), None, FROZEN, 2),
        (Status("Abuse"), Trading(locked=True), None, 2),
        (Status("Normal"), Trading(locked=False), None, 0),
        (None, None, None, 0),
    ],
)
def test_what_is_not_known_hides_nothing_and_passes_for_nothing(
    status: Status | None, trading: Trading | None, listed: SubAccounts | None, findings: int
) -> None:
    report = reported(
        RULE,
        DESK,
        look("main", STATUS, Status("Normal")),
        look("main", TRADING, Trading(locked=False)),
        look("grid", STATUS, status),
        look("grid", TRADING, trading),
        look("main", SUB_ACCOUNTS, listed),
    )

    assert len(of(report, "accounts.grid")) == findings
    assert [it.reason for it in report.unknown] == [UNREACHABLE]
    assert report.summary.passed == 1


def test_an_account_of_which_all_is_well_passes() -> None:
    sound = [
        it for name in ("main", "grid") for it in (look(name, STATUS, Status("Normal")), look(name, TRADING, FREE))
    ]
    thawed = SubAccounts((FROZEN.found[0]._replace(frozen=False),))

    assert reported(RULE, DESK, *sound, look("main", SUB_ACCOUNTS, thawed)).summary.passed == 2


def test_an_answer_of_another_form_is_unknown() -> None:
    wrong = (look("grid", STATUS, Features(*[False] * 4)), look("grid", TRADING, None))
    report = reported(RULE, DESK, *wrong, look("main", SUB_ACCOUNTS, SubAccounts(())))

    assert "accounts.grid" in {it.subject for it in report.unknown}
    assert report.summary.passed == 0


def test_where_nobody_was_asked_nothing_is_judged() -> None:
    ended = 'created = 2026-11-01\nstatus = "disabled"\ndisabled = 2026-11-10\n'
    report = reported(RULE, f"{MASTER}{ended}{DESK.removeprefix(MASTER)}{ended}")

    assert report.summary.not_applicable == 2
    assert report.summary.planned == 2


def test_where_nobody_looked_it_is_unknown() -> None:
    report = reported(RULE, DESK)

    assert [it.reason for it in report.unknown] == ["not-looked-at"] * 2
