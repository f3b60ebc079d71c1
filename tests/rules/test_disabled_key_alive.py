"""KL909 on keys that did not answer for themselves."""

from importlib import import_module

import pytest

from keylint import engine
from keylint.api import NOT_APPLICABLE, Context, LiveKeyRule, NotShown, Outcome, Undecided
from keylint.evidence.known import known
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.disabled_key_alive").RULE
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


def judged(text: str, live: str = "", unseen: str = "") -> tuple[list[str], list[str]]:
    """What is found of the key `grid`, and why the rest is unknown; it has no look of the key `unseen` at itself."""
    source = completed(text, MOMENT)
    assert source.manifest is not None
    evidence = rehearse(source.manifest, live, MOMENT)
    evidence = evidence._replace(keys=tuple(look for look in evidence.keys if look.key != unseen))
    judgement = engine.run(source, (RULE,), MOMENT, {}, [evidence])
    return (
        [it.message for it in judgement.findings if it.subject == "keys.grid"],
        [it.reason for it in judgement.unknown if it.subject == "keys.grid"],
    )


def test_refused_is_unknown() -> None:
    assert why(DISABLED, REFUSED) == "rejected"


def test_a_key_that_nobody_asked_is_not_judged() -> None:
    assert check(DISABLED, unseen="grid") is NOT_APPLICABLE
    assert judged(DISABLED, unseen="grid") == ([], [])


def test_the_answer_of_another_key_is_not_judged() -> None:
    text = f'{DISABLED}fingerprint = "sha256:0123456789abcdef"'

    assert why(text, "keys.grid.permissions = ['read', 'spot']") == "another-key"


def test_of_a_key_that_is_not_there_nothing_is_judged() -> None:
    with pytest.raises(NotShown):
        check(DISABLED, "keys.grid.deleted = true")


def test_a_masters_list_is_enough_to_find_it_alive() -> None:
    live = "keys.grid.permissions = ['read', 'spot', 'withdraw']\nkeys.grid.ip_list = ['203.0.113.20']"

    assert judged(DESK_DISABLED, live, "grid") == (
        ["keys.grid is declared disabled since 2026-11-16, and still has spot"],
        [],
    )


def test_a_refused_key_whose_list_shows_nothing_is_unknown() -> None:
    assert judged(DESK_DISABLED, REFUSED) == ([], ["not-in-list"])
