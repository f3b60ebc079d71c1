"""KL207 secret-held-by-many."""

from keylint.api import Context, Finding, Key, KeyRule, Severity


def check(key: Key, _ctx: Context) -> Finding | None:
    """One person or party holds the secret of a key."""
    if len(key.holders) <= 1:
        return None
    holders = list(dict.fromkeys(key.holders))
    if len(holders) == 1:
        return None
    return Finding(
        key.at("holders"),
        f"has its secret in {len(holders)} hands: {', '.join(holders)}",
        "create a key for each of them in API Management, each with what that one needs, and delete this one",
    )


RULE = KeyRule(
    code="KL207",
    name="secret-held-by-many",
    summary="More than one person or party holds the secret",
    severity=Severity.WARNING,
    check=check,
)
