"""KL903 on keys of which not everything is told."""

from importlib import import_module

import pytest

from keylint.api import NOT_APPLICABLE, Context, Finding, LiveKeyRule, NotShown, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.ip_restriction_differs").RULE
KEY = """
[keys.grid]
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
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
ip_allowlist = ["203.0.113.20"]
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
    assert why("[keys.grid]", unseen="grid") == "not-looked-at"


def test_of_a_key_that_is_not_there_nothing_is_judged() -> None:
    with pytest.raises(NotShown):
        check(KEY, "keys.grid = { deleted = true, ip_list = [] }")


def test_that_there_is_a_list_passes_where_it_is_not_shown() -> None:
    assert check(KEY) is None


def test_a_platforms_addresses_are_not_compared() -> None:
    assert check('[keys.grid]\nip_third_party = "Fastbot"') is NOT_APPLICABLE


def test_a_masters_list_is_enough() -> None:
    assert check(DESK, unseen="grid") is None
    found = check(DESK, "keys.grid.ip_list = []", "grid")

    assert isinstance(found, Finding)
    assert found.message == "is declared bound to 203.0.113.20, and can be used from any address"


def test_an_entry_that_is_no_address_is_not_passed_over() -> None:
    class Odd:
        restricted = True
        ip_allowlist = ("203.0.113.20", "everywhere")

    manifest = completed(KEY, MOMENT).manifest
    assert manifest is not None
    context = Context(MOMENT, MOMENT.date(), manifest.policy, manifest, {})
    found = RULE.check(manifest.keys["grid"], Odd(), context)  # type: ignore[arg-type]

    assert isinstance(found, Finding)
    assert found.message == "lets in everywhere, against what is declared"
