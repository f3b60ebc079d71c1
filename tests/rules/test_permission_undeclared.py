"""KL901 on keys of which not everything is told."""

from importlib import import_module

from live_rules import DESK, KEY, REFUSED, judged

from keylint.api import LiveKeyRule

RULE: LiveKeyRule = import_module("keylint.rules.permission_undeclared").RULE


def test_who_does_not_answer_is_unknown() -> None:
    assert judged(RULE, KEY, REFUSED) == ([], ["rejected"])
    assert judged(RULE, KEY, unseen="grid") == ([], ["not-looked-at"])


def test_of_a_key_that_is_not_there_nothing_is_judged() -> None:
    assert judged(RULE, KEY, "keys.grid = { deleted = true, permissions = ['futures'] }") == ([], [])


def test_what_a_masters_list_shows_is_found_and_what_it_lacks_is_unknown() -> None:
    found, unknown = judged(
        RULE, DESK, "keys.grid.permissions = ['read', 'spot', 'futures', 'internal-transfer']", "grid"
    )

    assert found == ["keys.grid has futures (medium risk), which is not declared"]
    assert unknown == ["not-in-list"]
