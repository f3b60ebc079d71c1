"""KL907 on keys that no list shows."""

from importlib import import_module

import pytest

from keylint.api import NOT_APPLICABLE, Context, Finding, LiveKeyRule, NotShown, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.sandbox.credentials import api_key
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.label_differs").RULE
KEY = """
[keys.grid]
label = "grid-spot"
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


@pytest.mark.parametrize("live", ["", REFUSED, "keys.grid.deleted = true"])
def test_the_label_of_an_ordinary_key_is_shown_to_nobody(live: str) -> None:
    with pytest.raises(NotShown):
        check(KEY, live)


def test_a_list_that_was_asked_for_and_not_told_is_unknown() -> None:
    assert why(DESK, UNLISTED) == "rejected"
    assert why(DESK, UNLISTED, "grid") == "rejected"
    assert why(DESK_DISABLED, UNLISTED) == "rejected"


def test_of_a_disabled_key_that_nobody_asked_it_does_not_matter() -> None:
    assert check(DESK_DISABLED, UNLISTED, "grid") is NOT_APPLICABLE


def test_a_masters_list_is_enough() -> None:
    told = f"{DESK}fingerprint = 'sha256:4a8e8b0fabcf5a95'"

    assert check(told, unseen="grid") is None
    found = check(told, "keys.grid.label = 'old-dca-bot'", "grid")
    assert isinstance(found, Finding)
    assert found.message == 'is labelled "old-dca-bot", and not "grid-spot"'


def test_a_key_that_cannot_be_told_from_the_others_of_a_list_is_unknown() -> None:
    assert why(DESK, "keys.grid.label = 'old-dca-bot'", "grid") == "not-looked-at"


def test_a_label_in_another_form_is_unknown() -> None:
    live = """
[[misbehaviour]]
path = "/sapi/v1/sub-account/subAccountApi"
json = { total = 1, rows = [{ email = "grid@example.com", apiName = 7, apikey = "APIKEY", canTrade = true } ] }
"""
    assert why(DESK, live.replace("APIKEY", api_key("grid"))) == "malformed"


def test_without_the_other_looks_there_is_no_list() -> None:
    manifest = completed(KEY, MOMENT).manifest
    assert manifest is not None
    seen = known(manifest, [rehearse(manifest, "", MOMENT)], MOMENT).keys["grid"]
    context = Context(MOMENT, MOMENT.date(), manifest.policy, manifest, {})

    assert RULE.check(manifest.keys["grid"], seen, context) is NOT_APPLICABLE
