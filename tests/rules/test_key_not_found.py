"""KL906 on keys that did not answer for themselves."""

from importlib import import_module

import pytest
from live_rules import DESK, DESK_DISABLED, DISABLED, KEY, NOW, REFUSED, UNLISTED, check, context, declared, why

from keylint.api import NOT_APPLICABLE, Finding, LiveKeyRule, NotShown
from keylint.evidence.known import known
from keylint.rehearsal import rehearse

RULE: LiveKeyRule = import_module("keylint.rules.key_not_found").RULE
TIED = 'fingerprint = "sha256:0123456789abcdef"'


def test_refused_is_not_missing() -> None:
    assert why(RULE, KEY, REFUSED) == "rejected"
    assert why(RULE, KEY, unseen="grid") == "not-looked-at"
    assert why(RULE, DISABLED, REFUSED) == "rejected"


def test_a_disabled_key_that_nobody_asked_is_not_judged() -> None:
    assert check(RULE, DISABLED, unseen="grid") is NOT_APPLICABLE


def test_a_key_in_its_masters_list_is_there() -> None:
    assert check(RULE, DESK, REFUSED) is None
    assert check(RULE, DESK_DISABLED, unseen="grid") is None


@pytest.mark.parametrize("text", [DESK, DESK_DISABLED])
def test_a_key_that_its_masters_list_does_not_hold_is_missing(text: str) -> None:
    found = check(RULE, f"{text}{TIED}", unseen="grid")

    assert isinstance(found, Finding)
    disabled = "is disabled, and " if text == DESK_DISABLED else ""
    assert found.message == f"{disabled}is not among the keys of accounts.grid (any more)"
    assert found.seen == NOW


def test_a_list_says_nothing_of_a_key_that_is_not_tied_to_one() -> None:
    assert why(RULE, DESK, "keys.grid.label = 'another'", "grid") == "not-looked-at"


def test_a_list_that_was_not_told_says_nothing() -> None:
    assert why(RULE, f"{DESK}{TIED}", UNLISTED, "grid") == "not-looked-at"


def test_what_is_not_there_is_the_key_whose_credentials_were_given() -> None:
    assert why(RULE, f"{KEY}{TIED}", "keys.grid.deleted = true") == "another-key"


def test_without_the_other_looks_a_list_is_not_shown() -> None:
    manifest = declared(f"{DESK}{TIED}")
    evidence = rehearse(manifest, "", NOW)
    seen = known(manifest, [evidence._replace(keys=())], NOW).keys["grid"]

    with pytest.raises(NotShown):
        RULE.check(manifest.keys["grid"], seen, context(manifest))
