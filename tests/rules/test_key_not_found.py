"""KL906 on keys that did not answer for themselves."""

from importlib import import_module

import pytest

from keylint.api import NOT_APPLICABLE, Context, Finding, LiveKeyRule, NotShown, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.key_not_found").RULE
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
DESK_DISABLED = f"""{DESK}
status = "disabled"
disabled = 2026-11-16
"""
TIED = 'fingerprint = "sha256:0123456789abcdef"'
REFUSED = """
[[misbehaviour]]
key = "grid"
status = 401
json = { code = -2015, msg = "Invalid API-key, IP, or permissions for action." }
"""
UNLISTED = """
[[misbehaviour]]
path = "/sapi/v1/sub-account/subAccountApi"
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


def test_refused_is_not_missing() -> None:
    assert why(KEY, REFUSED) == "rejected"
    assert why(KEY, unseen="grid") == "not-looked-at"
    assert why(DISABLED, REFUSED) == "rejected"


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(DISABLED, unseen="grid") is NOT_APPLICABLE


def test_a_key_in_its_masters_list_is_there() -> None:
    assert check(DESK, REFUSED) is None
    assert check(DESK_DISABLED, unseen="grid") is None


@pytest.mark.parametrize("text", [DESK, DESK_DISABLED])
def test_a_key_that_its_masters_list_does_not_hold_is_missing(text: str) -> None:
    found = check(f"{text}{TIED}", unseen="grid")

    assert isinstance(found, Finding)
    assert found.message == "is not among the keys of accounts.grid (any more)"
    assert found.seen == MOMENT


def test_a_list_says_nothing_of_a_key_that_is_not_tied_to_one() -> None:
    assert why(DESK, "keys.grid.label = 'another'", "grid") == "not-looked-at"


def test_a_list_that_was_not_told_says_nothing() -> None:
    assert why(f"{DESK}{TIED}", UNLISTED, "grid") == "not-looked-at"


def test_what_is_not_there_is_the_key_whose_credentials_were_given() -> None:
    assert why(f"{KEY}{TIED}", "keys.grid.deleted = true") == "another-key"


def test_without_the_other_looks_a_list_is_not_shown() -> None:
    manifest = completed(f"{DESK}{TIED}", MOMENT).manifest
    assert manifest is not None
    evidence = rehearse(manifest, "", MOMENT)
    seen = known(manifest, [evidence._replace(keys=())], MOMENT).keys["grid"]
    context = Context(MOMENT, MOMENT.date(), manifest.policy, manifest, {})

    with pytest.raises(NotShown):
        RULE.check(manifest.keys["grid"], seen, context)
