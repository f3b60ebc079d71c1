"""KL904 on keys of which not everything is told."""

from importlib import import_module

from live_rules import DESK, DISABLED, KEY, REFUSED, check, why

from keylint.api import NOT_APPLICABLE, LiveKeyRule

RULE: LiveKeyRule = import_module("keylint.rules.created_differs").RULE


def test_who_does_not_answer_is_unknown() -> None:
    assert why(RULE, KEY, REFUSED) == "rejected"
    assert why(RULE, KEY, unseen="grid") == "not-looked-at"
    assert why(RULE, DISABLED, REFUSED) == "rejected"


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(RULE, DISABLED, unseen="grid") is NOT_APPLICABLE


def test_a_masters_list_does_not_say_when_a_key_was_created() -> None:
    assert why(RULE, DESK, unseen="grid") == "not-in-list"


def test_the_answer_of_another_key_is_not_compared() -> None:
    live = "keys.grid.created = 2026-01-01"

    assert why(RULE, f'{KEY}fingerprint = "sha256:0123456789abcdef"', live) == "another-key"
