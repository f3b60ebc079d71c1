"""KL603 hmac-deprecated."""

from keylint.api import Context, Finding, Key, KeyRule, Severity


def check(key: Key, _ctx: Context) -> Finding | None:
    """A system-generated key shares its secret with Binance, which calls that kind deprecated."""
    if key.type == "hmac":
        return Finding(
            key.at("type"),
            "is an HMAC key, whose secret Binance holds too; Binance calls that kind deprecated",
            'at its next rotation choose "Self-generated" and upload an Ed25519 public key, if the bot can use one',
        )
    return None


RULE = KeyRule(
    code="KL603",
    name="hmac-deprecated",
    summary="The key is of the kind that Binance calls deprecated",
    severity=Severity.NOTE,
    check=check,
)
