"""KL106 on keys of which not everything is told."""

from importlib import import_module

from live_rules import DESK, KEY, REFUSED, judged

from keylint.api import LiveKeyRule

RULE: LiveKeyRule = import_module("keylint.rules.unknown_permission").RULE


def test_of_a_key_that_was_refused_nothing_is_known() -> None:
    assert judged(RULE, KEY, REFUSED) == ([], ["rejected"])


def test_a_masters_list_does_not_say_what_else_a_key_may_do() -> None:
    assert judged(RULE, DESK) == ([], [])
    assert judged(RULE, DESK, unseen="grid") == ([], ["not-in-list"])
