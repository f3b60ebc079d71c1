"""What the tests of live rules share: small manifests, what Binance says of them, and what a rule makes of both.

A rule is judged at NOW, either in a sandbox where all is as declared but for what a test says (`check`, `why`,
`judged`), or on looks made by hand that no sandbox gives (`key_look`, `answered`, `reported`). Manifests are fragments:
`keylint.testing.completed` says with what they are completed.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import pytest

from keylint import engine, gate
from keylint.api import Context, LiveKeyRule, Outcome, Rule, Undecided
from keylint.engine import Report
from keylint.evidence.known import Known, known
from keylint.evidence.model import BINANCE, OBSERVED, AccountLook, Evidence, KeyFacts, KeyLook, Told
from keylint.manifest.model import Manifest
from keylint.manifest.permissions import PERMISSION, PERMISSIONS
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

NOW: Final = MOMENT
LISTING: Final = "/sapi/v1/sub-account/subAccountApi"
"""Where a master is told the keys of a sub-account."""

# -- Manifests ---------------------------------------------------------------------------------------------------------

KEY = """
[keys.grid]
permissions = ["read", "spot"]
"""
DISABLED = f"""{KEY}
status = "disabled"
disabled = 2026-11-16
"""
ACCOUNTS = """
[accounts.main]
[accounts.grid]
master = "main"
email = "grid@example.com"
"""
MASTER = f"""{ACCOUNTS}
[keys.inventory]
role = "inventory"
account = "main"
"""
"""A master that can list its sub-account, and the keys of it."""
DESK = f"""{MASTER}
[keys.grid]
account = "grid"
label = "grid-spot"
permissions = ["read", "spot"]
"""
"""The same with a key of the sub-account, to which a test may add fields."""
DESK_DISABLED = f"""{DESK}
status = "disabled"
disabled = 2026-11-16
"""


def declared(text: str) -> Manifest:
    """The manifest of a fragment."""
    manifest = completed(text, NOW).manifest
    assert manifest is not None
    return manifest


def context(manifest: Manifest, seen: Known | None = None) -> Context:
    """What a rule is handed beside what it judges; `seen`: the other looks, if there are any."""
    return Context(NOW, NOW.date(), manifest.policy, manifest, {}, seen)


# -- In a sandbox ------------------------------------------------------------------------------------------------------


def refused(**where: str) -> str:
    """What the sandbox is to do: refuse every request to this `path`, with this `key`; each may be left out."""
    return "\n".join(
        [
            "[[misbehaviour]]",
            *(f'{name} = "{value}"' for name, value in where.items()),
            "status = 401",
            'json = { code = -2015, msg = "Invalid API-key, IP, or permissions for action." }\n',
        ]
    )


REFUSED = refused(key="grid")
UNLISTED = refused(path=LISTING)


def gathered(manifest: Manifest, live: str = "", unseen: str = "") -> Evidence:
    """What keylint sees in a sandbox that differs by `live` from what is declared, without the key `unseen`'s look."""
    found = rehearse(manifest, live, NOW)
    return found._replace(keys=tuple(look for look in found.keys if look.key != unseen))


def check(rule: LiveKeyRule, text: str, live: str = "", unseen: str = "") -> Outcome:
    """What the rule's check says of the key `grid`. Raises what the check raises: NotShown, Undecided."""
    manifest = declared(text)
    seen = known(manifest, [gathered(manifest, live, unseen)], NOW)
    return rule.check(manifest.keys["grid"], seen.keys["grid"], context(manifest, seen))


def why(rule: LiveKeyRule, text: str, live: str = "", unseen: str = "") -> str:
    """The reason for which the check cannot be decided; fails where it can."""
    with pytest.raises(Undecided) as caught:
        check(rule, text, live, unseen)
    return caught.value.reason


def judged(rule: LiveKeyRule, text: str, live: str = "", unseen: str = "") -> tuple[list[str], list[str]]:
    """What the engine finds of the key `grid` by the rule, and for which reasons the rest is unknown."""
    evidence = gathered(declared(text), live, unseen)
    judgement = engine.run(completed(text, NOW), (rule,), NOW, {}, [evidence])
    return (
        [it.message for it in judgement.findings if it.subject == "keys.grid"],
        [it.reason for it in judgement.unknown if it.subject == "keys.grid"],
    )


# -- By hand -----------------------------------------------------------------------------------------------------------


def flags(*true: str) -> dict[str, bool]:
    """Each permission by Binance's name: true for the tokens that are named, and false for all others."""
    return {permission.field: permission.token in true for permission in PERMISSIONS}


def key_look(*tokens: str, doubts: Iterable[str] = (), outcome: str = OBSERVED, reason: str = "") -> KeyLook:
    """A look at the key `dca`: it has the permissions `tokens`, and those in `doubts` were not told."""
    facts = None
    if outcome == OBSERVED:
        missing = {PERMISSION[token].field: "is missing" for token in doubts}
        shown = {name: value for name, value in flags(*tokens).items() if name not in missing}
        facts = KeyFacts(shown, ip_restricted=True, created=NOW, doubts=missing)
    return KeyLook("dca", NOW, outcome, reason, facts=facts)


def answered(account: str, question: str, told: Told, at: datetime = NOW) -> AccountLook:
    """A look at an account that was answered; which key was asked with plays no part in judging."""
    return AccountLook(account, question, at, OBSERVED, "", "inventory", told)


def evidence(*keys: KeyLook, accounts: Iterable[AccountLook] = (), name: str = "") -> Evidence:
    """What one run came to know; `name`: the file it was read from, if any."""
    return Evidence(name, BINANCE, NOW, NOW, keys, tuple(accounts))


def reported(rule: Rule, text: str, *accounts: AccountLook, keys: Iterable[KeyLook] = ()) -> Report:
    """The report on a manifest by the rule alone, with these looks at its accounts and its keys."""
    looks = evidence(*keys, accounts=accounts)
    return gate.apply([engine.run(completed(text, NOW), (rule,), NOW, {}, [looks])], (rule,))
