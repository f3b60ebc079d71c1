"""KL907 on keys that no list shows."""

from importlib import import_module

import pytest
from live_rules import DESK, DESK_DISABLED, NOW, REFUSED, UNLISTED, check, context, declared, why

from keylint.api import NOT_APPLICABLE, Finding, LiveKeyRule, NotShown
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.sandbox.credentials import api_key

RULE: LiveKeyRule = import_module("keylint.rules.label_differs").RULE
KEY = """
[keys.grid]
label = "grid-spot"
"""


@pytest.mark.parametrize("live", ["", REFUSED, "keys.grid.deleted = true"])
def test_the_label_of_an_ordinary_key_is_shown_to_nobody(live: str) -> None:
    with pytest.raises(NotShown):
        check(RULE, KEY, live)


def test_a_list_that_was_asked_for_and_not_told_is_unknown() -> None:
    assert why(RULE, DESK, UNLISTED) == "rejected"
    assert why(RULE, DESK, UNLISTED, "grid") == "rejected"
    assert why(RULE, DESK_DISABLED, UNLISTED) == "rejected"


def test_of_a_disabled_key_that_nobody_asked_it_does_not_matter() -> None:
    assert check(RULE, DESK_DISABLED, UNLISTED, "grid") is NOT_APPLICABLE


def test_a_masters_list_is_enough() -> None:
    told = f"{DESK}fingerprint = 'sha256:4a8e8b0fabcf5a95'"

    assert check(RULE, told, unseen="grid") is None
    found = check(RULE, told, "keys.grid.label = 'old-dca-bot'", "grid")
    assert isinstance(found, Finding)
    assert found.message == 'is labelled "old-dca-bot", and not "grid-spot"'


def test_a_key_that_cannot_be_told_from_the_others_of_a_list_is_unknown() -> None:
    assert why(RULE, DESK, "keys.grid.label = 'old-dca-bot'", "grid") == "not-looked-at"


def test_a_label_in_another_form_is_unknown() -> None:
    live = """
[[misbehaviour]]
path = "/sapi/v1/sub-account/subAccountApi"
json = { total = 1, rows = [{ email = "grid@example.com", apiName = 7, apikey = "APIKEY", canTrade = true } ] }
"""
    assert why(RULE, DESK, live.replace("APIKEY", api_key("grid"))) == "malformed"


def test_without_the_other_looks_there_is_no_list() -> None:
    manifest = declared(KEY)
    seen = known(manifest, [rehearse(manifest, "", NOW)], NOW).keys["grid"]

    assert RULE.check(manifest.keys["grid"], seen, context(manifest)) is NOT_APPLICABLE
