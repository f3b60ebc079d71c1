"""KL908 on keys that did not answer for themselves."""

from importlib import import_module

import pytest

from keylint.api import NOT_APPLICABLE, Context, Finding, LiveKeyRule, NotShown, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.key_mismatched").RULE
TIED = """
[keys.grid]
fingerprint = "sha256:4a8e8b0fabcf5a95"
"""
DISABLED = f"""{TIED}
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


def test_who_was_not_asked_is_unknown() -> None:
    assert why(TIED, unseen="grid") == "not-looked-at"


def test_whose_credentials_they_are_is_known_whatever_binance_answers() -> None:
    assert check(TIED, REFUSED) is None
    assert check(DISABLED, REFUSED) is None
    finding = check(TIED.replace("4a8e8b0fabcf5a95", "0123456789abcdef"), REFUSED)
    assert isinstance(finding, Finding)
    assert "and the credentials given for it are those of sha256:4a8e8b0fabcf5a95" in finding.message


def test_a_key_that_is_not_there_is_still_the_right_one() -> None:
    assert check(TIED, "keys.grid.deleted = true") is None


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(DISABLED, unseen="grid") is NOT_APPLICABLE


def test_without_a_fingerprint_there_is_nothing_to_compare() -> None:
    assert check("[keys.grid]") is NOT_APPLICABLE
    assert check("[keys.grid]", unseen="grid") is NOT_APPLICABLE


def test_of_a_key_in_its_masters_list_no_credentials_were_given() -> None:
    with pytest.raises(NotShown):
        check(f"{DESK}fingerprint = 'sha256:4a8e8b0fabcf5a95'", unseen="grid")
