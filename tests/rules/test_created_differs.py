"""KL904 on keys of which not everything is told."""

from importlib import import_module

import pytest

from keylint.api import NOT_APPLICABLE, Context, LiveKeyRule, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.created_differs").RULE
KEY = """
[keys.grid]
permissions = ["read", "spot"]
"""
DISABLED = """
[keys.grid]
permissions = ["read", "spot"]
status = "disabled"
disabled = 2026-11-16
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


def test_who_does_not_answer_is_unknown() -> None:
    assert why(KEY, REFUSED) == "rejected"
    assert why(KEY, unseen="grid") == "not-looked-at"
    assert why(DISABLED, REFUSED) == "rejected"


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(DISABLED, unseen="grid") is NOT_APPLICABLE


def test_a_masters_list_does_not_say_when_a_key_was_created() -> None:
    assert why(DESK, unseen="grid") == "not-in-list"


def test_the_answer_of_another_key_is_not_compared() -> None:
    live = "keys.grid.created = 2026-01-01"

    assert why(f'{KEY}fingerprint = "sha256:0123456789abcdef"', live) == "another-key"
