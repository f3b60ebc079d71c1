"""KL903 on keys of which not everything is told."""

from importlib import import_module

import pytest
from live_rules import DESK, KEY, REFUSED, check, context, declared, why

from keylint.api import NOT_APPLICABLE, Finding, LiveKeyRule, NotShown

RULE: LiveKeyRule = import_module("keylint.rules.ip_restriction_differs").RULE
BOUND = f'{KEY}ip_allowlist = ["203.0.113.20"]\n'
DESK_BOUND = f'{DESK}ip_allowlist = ["203.0.113.20"]\n'


def test_who_does_not_answer_is_unknown() -> None:
    assert why(RULE, BOUND, REFUSED) == "rejected"
    assert why(RULE, BOUND, unseen="grid") == "not-looked-at"
    assert why(RULE, "[keys.grid]", unseen="grid") == "not-looked-at"


def test_of_a_key_that_is_not_there_nothing_is_judged() -> None:
    with pytest.raises(NotShown):
        check(RULE, BOUND, "keys.grid = { deleted = true, ip_list = [] }")


def test_that_there_is_a_list_passes_where_it_is_not_shown() -> None:
    assert check(RULE, BOUND) is None


def test_a_platforms_addresses_are_not_compared() -> None:
    assert check(RULE, '[keys.grid]\nip_third_party = "Fastbot"') is NOT_APPLICABLE


def test_a_masters_list_is_enough() -> None:
    assert check(RULE, DESK_BOUND, unseen="grid") is None
    found = check(RULE, DESK_BOUND, "keys.grid.ip_list = []", "grid")

    assert isinstance(found, Finding)
    assert found.message == "is declared bound to 203.0.113.20, and can be used from any address"


def test_an_entry_that_is_no_address_is_not_passed_over() -> None:
    class Odd:
        restricted = True
        ip_allowlist = ("203.0.113.20", "everywhere")

    manifest = declared(BOUND)
    found = RULE.check(manifest.keys["grid"], Odd(), context(manifest))  # type: ignore[arg-type]

    assert isinstance(found, Finding)
    assert found.message == "lets in everywhere, against what is declared"
