"""KL101 withdrawals-enabled."""

from keylint.api import BOTH_SIDES, Context, Finding, Key, KeyRule, Severity


def check(key: Key, _ctx: Context) -> Finding | None:
    """A key that can withdraw is a finding, whatever its bot says it needs."""
    if "withdraw" in key.permissions:
        return Finding(
            key.at("permissions", "withdraw"),
            "can withdraw",
            'untick "Enable Withdrawals" in API Management; no bot that trades needs it',
        )
    return None


RULE = KeyRule(
    code="KL101",
    name="withdrawals-enabled",
    summary="The key can withdraw funds",
    severity=Severity.ERROR,
    check=check,
    sides=BOTH_SIDES,
)
