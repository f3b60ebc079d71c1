"""ACME001 key-without-owner."""

from keylint.api import Context, Finding, Key, KeyRule, Severity


def check(key: Key, _ctx: Context) -> Finding | None:
    """A key says itself who answers for it, whoever owns its bot or its account."""
    if key.owner is None:
        return Finding(key.at("owner"), "has no owner", 'say who answers for it: owner = "…"')
    return None


RULE = KeyRule("ACME001", "key-without-owner", "Nobody answers for the key", Severity.WARNING, check)
