"""KL909 on keys that did not answer for themselves."""

from importlib import import_module

import pytest
from live_rules import DESK_DISABLED, DISABLED, REFUSED, check, judged, why

from keylint.api import NOT_APPLICABLE, LiveKeyRule, NotShown

RULE: LiveKeyRule = import_module("keylint.rules.disabled_key_alive").RULE


def test_refused_is_unknown() -> None:
    assert why(RULE, DISABLED, REFUSED) == "rejected"


def test_a_key_that_nobody_asked_is_not_judged() -> None:
    assert check(RULE, DISABLED, unseen="grid") is NOT_APPLICABLE
    assert judged(RULE, DISABLED, unseen="grid") == ([], [])


def test_the_answer_of_another_key_is_not_judged() -> None:
    text = f'{DISABLED}fingerprint = "sha256:0123456789abcdef"'

    assert why(RULE, text, "keys.grid.permissions = ['read', 'spot']") == "another-key"


def test_of_a_key_that_is_not_there_nothing_is_judged() -> None:
    with pytest.raises(NotShown):
        check(RULE, DISABLED, "keys.grid.deleted = true")


def test_a_masters_list_is_enough_to_find_it_alive() -> None:
    live = "keys.grid.permissions = ['read', 'spot', 'withdraw']\nkeys.grid.ip_list = ['203.0.113.20']"

    assert judged(RULE, DESK_DISABLED, live, "grid") == (
        ["keys.grid is declared disabled since 2026-11-16, and still has spot"],
        [],
    )


def test_a_refused_key_whose_list_shows_nothing_is_unknown() -> None:
    assert judged(RULE, DESK_DISABLED, REFUSED) == ([], ["not-in-list"])
