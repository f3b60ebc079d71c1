"""KL908 on keys that did not answer for themselves."""

from importlib import import_module

import pytest
from live_rules import DESK, REFUSED, check, why

from keylint.api import NOT_APPLICABLE, Finding, LiveKeyRule, NotShown

RULE: LiveKeyRule = import_module("keylint.rules.key_mismatched").RULE
TIED = """
[keys.grid]
fingerprint = "sha256:4a8e8b0fabcf5a95"
"""
DISABLED = f"""{TIED}
status = "disabled"
disabled = 2026-11-16
"""


def test_who_was_not_asked_is_unknown() -> None:
    assert why(RULE, TIED, unseen="grid") == "not-looked-at"


def test_whose_credentials_they_are_is_known_whatever_binance_answers() -> None:
    assert check(RULE, TIED, REFUSED) is None
    assert check(RULE, DISABLED, REFUSED) is None
    finding = check(RULE, TIED.replace("4a8e8b0fabcf5a95", "0123456789abcdef"), REFUSED)
    assert isinstance(finding, Finding)
    assert "and the credentials given for it are those of sha256:4a8e8b0fabcf5a95" in finding.message


def test_a_key_that_is_not_there_is_still_the_right_one() -> None:
    assert check(RULE, TIED, "keys.grid.deleted = true") is None


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(RULE, DISABLED, unseen="grid") is NOT_APPLICABLE


def test_without_a_fingerprint_there_is_nothing_to_compare() -> None:
    assert check(RULE, "[keys.grid]") is NOT_APPLICABLE
    assert check(RULE, "[keys.grid]", unseen="grid") is NOT_APPLICABLE


def test_of_a_key_in_its_masters_list_no_credentials_were_given() -> None:
    with pytest.raises(NotShown):
        check(RULE, f"{DESK}fingerprint = 'sha256:4a8e8b0fabcf5a95'", unseen="grid")
