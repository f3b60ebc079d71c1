"""KL106 on keys of which not everything is told."""

from importlib import import_module

from keylint import engine
from keylint.api import LiveKeyRule
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULE: LiveKeyRule = import_module("keylint.rules.unknown_permission").RULE
KEY = """
[keys.grid]
permissions = ["read", "spot"]
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


def test_of_a_key_that_was_refused_nothing_is_known() -> None:
    assert judged(KEY, REFUSED) == ([], ["rejected"])


def test_a_masters_list_does_not_say_what_else_a_key_may_do() -> None:
    assert judged(DESK) == ([], [])
    assert judged(DESK, unseen="grid") == ([], ["not-in-list"])
