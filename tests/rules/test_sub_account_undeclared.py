"""KL911 on lists that are long."""

from importlib import import_module

from live_rules import MASTER, NOW, answered, reported

from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import SUB_ACCOUNTS, SubAccount, SubAccounts, email_hash

RULE: Rule = import_module("keylint.rules.sub_account_undeclared").RULE


def judged(*emails: str, text: str = MASTER) -> Report:
    found = tuple(SubAccount(email_hash(it), f"{it[:2]}…@example.com", frozen=False) for it in emails)
    return reported(RULE, text, answered("main", SUB_ACCOUNTS, SubAccounts(found)))


def test_a_master_whose_sub_accounts_are_declared_passes() -> None:
    report = judged("Grid@Example.com")

    assert (report.summary.passed, report.summary.not_applicable) == (1, 1)


def test_each_has_its_own_finding_and_its_own_fingerprint() -> None:
    report = judged("grid@example.com", "alpha@example.com", "beta@example.com")

    assert len({it.fingerprint for it in report.findings}) == 2
    assert {it.observed_at for it in report.findings} == {NOW}
    assert "alpha@example.com" not in repr(report.findings)


def test_of_very_many_the_rest_is_counted() -> None:
    report = judged(*(f"s{number}@example.com" for number in range(520)))

    assert len(report.findings) == 501
    assert [it.message for it in report.findings if "more" in it.message] == [
        "accounts.main has 20 more sub-accounts that the manifest does not give it"
    ]
    assert report.unknown == ()


def test_where_as_many_are_declared_without_an_email_it_is_unknown() -> None:
    text = MASTER.replace('email = "grid@example.com"\n', '[accounts.dca]\nmaster = "main"\n')

    assert [it.reason for it in judged("a@example.com", "b@example.com", text=text).unknown] == ["no-email"]
    (finding,) = judged("a@example.com", "b@example.com", "c@example.com", text=text).findings
    assert finding.message.endswith("; without one the manifest has only 2 (accounts.grid, accounts.dca)")
