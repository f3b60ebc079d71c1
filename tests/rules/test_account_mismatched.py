"""KL910 on keys that did not answer for themselves."""

from importlib import import_module

import pytest
from live_rules import check, refused, why

from keylint.api import NOT_APPLICABLE, Finding, LiveKeyRule, NotShown

RULE: LiveKeyRule = import_module("keylint.rules.account_mismatched").RULE
TWO = """
[keys.grid]
[keys.other]
"""
DISABLED = """
[keys.grid]
status = "disabled"
disabled = 2026-11-16
[keys.other]
[keys.third]
"""
ELSEWHERE = "keys.other.account = 'another'"
WHOSE = "/api/v3/account"
REFUSED = refused(path=WHOSE, key="grid")


def test_two_keys_of_one_account() -> None:
    assert check(RULE, TWO) is None
    found = check(RULE, TWO, ELSEWHERE)

    assert isinstance(found, Finding)
    assert found.message.endswith("accounts.main, and answers for another account than keys.other, declared there too")


def test_with_nobody_to_compare_with_it_does_not_apply() -> None:
    assert check(RULE, TWO, unseen="other") is NOT_APPLICABLE
    assert check(RULE, TWO, refused(path=WHOSE, key="other")) is NOT_APPLICABLE


def test_one_key_is_not_asked_for_its_account() -> None:
    with pytest.raises(NotShown):
        check(RULE, "[keys.grid]")


def test_who_does_not_tell_is_unknown() -> None:
    assert why(RULE, TWO, f"{ELSEWHERE}\n{REFUSED}") == "account-not-told"
    assert why(RULE, TWO, unseen="grid") == "not-looked-at"


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(RULE, DISABLED, unseen="grid") is NOT_APPLICABLE
    assert why(RULE, DISABLED, REFUSED) == "account-not-told"


def test_the_answer_of_another_key_is_compared_on_neither_side() -> None:
    tied = 'fingerprint = "sha256:0123456789abcdef"'

    assert why(RULE, f"[keys.grid]\n{tied}\n[keys.other]", ELSEWHERE) == "another-key"
    assert check(RULE, f"[keys.grid]\n[keys.other]\n{tied}", ELSEWHERE) is NOT_APPLICABLE


def test_a_key_of_an_account_that_is_not_there_is_undecided_and_not_compared() -> None:
    accounts = "[accounts.main]\n[accounts.spare]"

    lost = f"{accounts}\n[keys.grid]\naccount = 'none'\n[keys.other]\naccount = 'main'"
    assert why(RULE, lost) == "unknown-reference"
    other = f"{accounts}\n[keys.grid]\naccount = 'main'\n[keys.other]\naccount = 'none'"
    assert check(RULE, other) is NOT_APPLICABLE
