"""KL505 on looks that no sandbox gives: nobody asked, an older look, one that is not of the form that is due."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest

from keylint import engine, gate
from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import (
    BINANCE,
    OBSERVED,
    STATUS,
    SUB_ACCOUNTS,
    TRADING,
    UNREACHABLE,
    AccountLook,
    Evidence,
    Features,
    Status,
    SubAccount,
    SubAccounts,
    Told,
    Trading,
    email_hash,
)
from keylint.manifest.load import load

RULE: Rule = import_module("keylint.rules.account_restricted").RULE
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=2)
DESK = """\
version = 1
[accounts.main]
[accounts.grid]
master = "main"
email = "grid@example.com"
[keys.grid]
account = "grid"
type = "ed25519"
permissions = ["read"]
created = 2026-11-01
[keys.inventory]
role = "inventory"
account = "main"
type = "ed25519"
permissions = ["read"]
created = 2026-11-01
"""
FROZEN = SubAccounts((SubAccount(email_hash("grid@example.com"), "gr…@example.com", frozen=True),))


FREE = Trading(locked=False)


def look(account: str, question: str, told: Told | None, at: datetime = NOW) -> AccountLook:
    if told is None:
        return AccountLook(account, question, at, UNREACHABLE, "no answer within 10 seconds")
    return AccountLook(account, question, at, OBSERVED, "", "inventory", told)


def judged(*looks: AccountLook, text: str = DESK) -> Report:
    evidence = Evidence("", BINANCE, EARLIER, NOW, (), looks)
    return gate.apply([engine.run(load("keylint.toml", text.encode()), (RULE,), NOW, {}, [evidence])], (RULE,))


def of(report: Report, subject: str) -> list[tuple[str, datetime | None]]:
    return [(it.message, it.observed_at) for it in report.findings if it.subject == subject]


def test_each_finding_says_when_binance_was_asked_for_it() -> None:
    report = judged(
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
    report = judged(
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
    report = judged(
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

    assert judged(*sound, look("main", SUB_ACCOUNTS, thawed)).summary.passed == 2


def test_an_answer_of_another_form_is_unknown() -> None:
    wrong = (look("grid", STATUS, Features(*[False] * 4)), look("grid", TRADING, None))
    report = judged(*wrong, look("main", SUB_ACCOUNTS, SubAccounts(())))

    assert "accounts.grid" in {it.subject for it in report.unknown}
    assert report.summary.passed == 0


def test_where_nobody_was_asked_nothing_is_judged() -> None:
    report = judged(
        text=DESK.replace(
            "created = 2026-11-01\n", 'created = 2026-11-01\nstatus = "disabled"\ndisabled = 2026-11-10\n'
        )
    )

    assert report.summary.not_applicable == 2
    assert report.summary.planned == 2


def test_where_nobody_looked_it_is_unknown() -> None:
    report = judged()

    assert [it.reason for it in report.unknown] == ["not-looked-at"] * 2
