"""KL409 on keys of which not everything is told."""

from importlib import import_module

import pytest
from live_rules import DESK, KEY, REFUSED, check, context, declared, why

from keylint.api import NOT_APPLICABLE, LiveKeyRule, NotShown

RULE: LiveKeyRule = import_module("keylint.rules.trading_expires").RULE


def test_a_field_that_may_be_left_out_and_is_does_not_pass() -> None:
    with pytest.raises(NotShown):
        check(RULE, KEY)


def test_who_does_not_answer_is_unknown() -> None:
    assert why(RULE, KEY, REFUSED) == "rejected"
    assert why(RULE, KEY, unseen="grid") == "not-looked-at"


def test_a_masters_list_names_no_such_day() -> None:
    assert why(RULE, DESK, unseen="grid") == "not-in-list"


def test_no_day_at_all_does_not_apply() -> None:
    class Silent:
        trading_expires = None

    manifest = declared(KEY)

    assert RULE.check(manifest.keys["grid"], Silent(), context(manifest)) is NOT_APPLICABLE  # type: ignore[arg-type]
