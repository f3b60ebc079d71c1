"""KL910 on keys that did not answer for themselves."""

from importlib import import_module

import pytest

from keylint.api import NOT_APPLICABLE, Context, Finding, LiveKeyRule, NotShown, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

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
REFUSED = """
[[misbehaviour]]
path = "/api/v3/account"
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


def test_two_keys_of_one_account() -> None:
    assert check(TWO) is None
    found = check(TWO, ELSEWHERE)

    assert isinstance(found, Finding)
    assert found.message.endswith("accounts.main, and answers for another account than keys.other, declared there too")


def test_with_nobody_to_compare_with_it_does_not_apply() -> None:
    assert check(TWO, unseen="other") is NOT_APPLICABLE
    assert check(TWO, REFUSED.replace("grid", "other")) is NOT_APPLICABLE


def test_one_key_is_not_asked_for_its_account() -> None:
    with pytest.raises(NotShown):
        check("[keys.grid]")


def test_who_does_not_tell_is_unknown() -> None:
    assert why(TWO, f"{ELSEWHERE}\n{REFUSED}") == "account-not-told"
    assert why(TWO, unseen="grid") == "not-looked-at"


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(DISABLED, unseen="grid") is NOT_APPLICABLE
    assert why(DISABLED, REFUSED) == "account-not-told"


def test_the_answer_of_another_key_is_compared_on_neither_side() -> None:
    tied = 'fingerprint = "sha256:0123456789abcdef"'

    assert why(f"[keys.grid]\n{tied}\n[keys.other]", ELSEWHERE) == "another-key"
    assert check(f"[keys.grid]\n[keys.other]\n{tied}", ELSEWHERE) is NOT_APPLICABLE


def test_a_key_of_an_account_that_is_not_there_is_undecided_and_not_compared() -> None:
    accounts = "[accounts.main]\n[accounts.spare]"

    assert why(f"{accounts}\n[keys.grid]\naccount = 'none'\n[keys.other]\naccount = 'main'") == "unknown-reference"
    lost = f"{accounts}\n[keys.grid]\naccount = 'main'\n[keys.other]\naccount = 'none'"
    assert check(lost) is NOT_APPLICABLE
