"""KL107 fix-without-ed25519."""

from keylint.api import Context, Finding, Key, KeyRule, Severity


def check(key: Key, _ctx: Context) -> Finding | None:
    """Only an Ed25519 key trades by FIX."""
    if key.type == "ed25519" or "fix-trade" not in key.permissions:
        return None
    return Finding(
        key.at("permissions", "fix-trade"),
        f"has fix-trade, and its type is {key.type}; Binance gives FIX to ed25519 alone",
        'create an Ed25519 key and tick "FIX API Trade" on that, or correct the entry',
    )


RULE = KeyRule(
    code="KL107",
    name="fix-without-ed25519",
    summary="The key cannot have the FIX trading it is said to have",
    severity=Severity.ERROR,
    check=check,
)
