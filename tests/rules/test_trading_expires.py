"""KL409 on keys of which not everything is told."""

from importlib import import_module

import pytest

from keylint.api import NOT_APPLICABLE, Context, LiveKeyRule, NotShown, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.trading_expires").RULE
KEY = """
[keys.grid]
permissions = ["read", "spot"]
"""
DESK = """
[accounts.main]
[accounts.grid]
master = "main"
email = "grid@example.com"
[keys.inventory]
role = "inventory"
account = "main"
[keys.grid]
account = "grid"
label = "grid-spot"
permissions = ["read", "spot"]
"""
REFUSED = """
[[misbehaviour]]
key = "grid"
status = 401
json = { code = -2015, msg = "Invalid API-key, IP, or permissions for action." }
"""


def check(text: str, live: str = "", unseen: str = "") -> Outcome:
    """What the rule says of the key `grid`; the evidence has no look of the key `unseen` at itself."""
    manifest = completed(text, MOMENT).manifest
    assert manifest is not None
    evidence = rehearse(manifest, live, MOMENT)
    evidence = evidence._replace(keys=tuple(look for look in evidence.keys if look.key != unseen))
    seen = known(manifest, [evidence], MOMENT)
    context = Context(MOMENT, MOMENT.date(), manifest.policy, manifest, {}, seen)
    return RULE.check(manifest.keys["grid"], seen.keys["grid"], context)


def why(text: str, live: str = "", unseen: str = "") -> str:
    """The reason for which the rule cannot be decided."""
    with pytest.raises(Undecided) as caught:
        check(text, live, unseen)
    return caught.value.reason


def test_a_field_that_may_be_left_out_and_is_does_not_pass() -> None:
    with pytest.raises(NotShown):
        check(KEY)


def test_who_does_not_answer_is_unknown() -> None:
    assert why(KEY, REFUSED) == "rejected"
    assert why(KEY, unseen="grid") == "not-looked-at"


def test_a_masters_list_names_no_such_day() -> None:
    assert why(DESK, unseen="grid") == "not-in-list"


def test_no_day_at_all_does_not_apply() -> None:
    class Silent:
        trading_expires = None

    manifest = completed(KEY, MOMENT).manifest
    assert manifest is not None
    context = Context(MOMENT, MOMENT.date(), manifest.policy, manifest, {})

    assert RULE.check(manifest.keys["grid"], Silent(), context) is NOT_APPLICABLE  # type: ignore[arg-type]
